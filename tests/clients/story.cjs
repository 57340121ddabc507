// Every operation with the AWS SDK for JavaScript; prints what came of them as JSON.
const sdk = require("@aws-sdk/client-datazone");
const form = require("./form.json");

const client = new sdk.DataZoneClient({ maxAttempts: 2 });
const entity = {
  domainIdentifier: "dzd_5oo7xzoqltu8mf",
  entityIdentifier: "4wyh64k2n8czaf",
  entityType: "ASSET",
};
const series = { ...entity, formName: form.formName };

async function post() {
  const forms = [{ ...form, timestamp: new Date(form.timestamp * 1000 + 250) }];
  const answer = await client.send(
    new sdk.PostTimeSeriesDataPointsCommand({ ...entity, forms }),
  );
  return answer.forms[0].id;
}

async function list() {
  const items = [];
  for await (const page of sdk.paginateListTimeSeriesDataPoints({ client, pageSize: 1 }, series)) {
    items.push(...page.items);
  }
  return items.map((item) => item.id);
}

async function main() {
  const posted = [await post(), await post()];
  const items = await client.send(new sdk.ListTimeSeriesDataPointsCommand(series));
  const listed = items.items.map((item) => item.id);
  const identifier = listed[0];
  const got = await client.send(new sdk.GetTimeSeriesDataPointCommand({ ...series, identifier }));
  if (got.form.timestamp.getMilliseconds() !== 250) throw new Error(got.form.timestamp);
  await client.send(new sdk.DeleteTimeSeriesDataPointsCommand(series));
  const left = await list();
  const caught = await post().catch((error) => {
    if (!(error instanceof sdk.AccessDeniedException)) throw error;
    return `${error.name}: ${error.message}`;
  });
  console.log(JSON.stringify({ posted, listed, got: got.form, left, caught }));
}

main();
