"use strict";
// Search and filter: the page is complete without.
const tools = document.getElementById("tools");
const find = document.getElementById("find");
const shown = document.getElementById("shown");
const nothing = document.getElementById("nothing");
const sections = [...document.querySelectorAll("main section")];
const tests = [...document.querySelectorAll(".test")].map((element) => ({
  element,
  section: element.closest("section"),
  kinds: (element.dataset.kinds || "").split(" "),
}));

function textOf(test) {
  // Read at the first search: a long page should open at once.
  const file = test.section.querySelector("h2").firstChild.data;
  test.text ??= (file + test.element.textContent).toLowerCase();
  return test.text;
}

function narrow() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  const kind = tools.elements.kind?.value; // there are none where nothing is to be told apart
  let count = 0;
  for (const test of tests) {
    const matches =
      (!kind || test.kinds.includes(kind)) &&
      (!words.length || words.every((word) => textOf(test).includes(word)));
    test.element.hidden = !matches;
    count += matches;
  }
  for (const section of sections) {
    section.hidden = !section.querySelector(".test:not([hidden])");
  }
  nothing.hidden = count > 0;
  shown.value = count === tests.length ? "" : `${count} of ${tests.length} tests`;
}

if (tests.length) {
  tools.hidden = false;
  tools.addEventListener("input", narrow);
  tools.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    tools.reset();
    narrow();
    find.focus();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      find.focus();
    }
  });
  narrow(); // a browser that comes back to the page has kept what was typed
}
