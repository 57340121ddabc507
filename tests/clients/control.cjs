// A test in JavaScript: it adds an asset, injects a fault, posts, and looks at what came of it.
const { DataZone } = require("@aws-sdk/client-datazone");

const entity = { domainIdentifier: "dzd_5oo7xzoqltu8mf", entityIdentifier: "4wyh64k2n8czaf" };

async function ask(path, body) {
  const url = `${process.env.AWS_ENDPOINT_URL_DATAZONE}/_datazone_ts/${path}`;
  const init = body && { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, init);
  const text = await response.text();
  const answer = text && JSON.parse(text);
  if (!response.ok) throw new Error(`${response.status} ${answer.message}`);
  return answer;
}

async function main() {
  await ask("assets", {
    domain_identifier: entity.domainIdentifier,
    entity_identifier: entity.entityIdentifier,
    name: "penguins",
  });
  await ask("faults", { fault: "ThrottlingException", form_name: "completeness" });
  const wrong = await ask("faults", { fault: "Throttling" }).catch((error) => error.message);

  const client = new DataZone();
  await client.postTimeSeriesDataPoints({
    ...entity,
    entityType: "ASSET",
    forms: [{
      formName: "completeness",
      typeIdentifier: "amazon.datazone.DataQualityResultFormType",
      timestamp: new Date("2024-01-01T00:00:00Z"),
      content: JSON.stringify({ passingPercentage: 87.5 }),
    }],
  });
  const { domainIdentifier, entityIdentifier: identifier } = entity;
  const { name } = await client.getAsset({ domainIdentifier, identifier });

  const [{ attempts }] = await ask("calls");
  const points = await ask("data-points");
  const audit = await ask("audit");
  await ask("reset", {});
  const left = await ask("calls");
  console.log(JSON.stringify({ wrong, attempts, points, audit, name, left }));
}

main();
