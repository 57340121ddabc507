// On a narrow screen, a table of text shows each cell below the heading of its column (see site.css).
// A table of numbers scrolls.
for (const table of document.querySelectorAll("article table.docutils:not(:has(.text-right))")) {
    const headings = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    table.classList.add("stacked");
    for (const row of table.tBodies[0].rows) {
        [...row.cells].forEach((cell, column) => { cell.dataset.heading = headings[column]; });
    }
}
