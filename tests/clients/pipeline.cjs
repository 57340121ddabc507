// A complete pipeline with the AWS SDK for JavaScript; prints what it read back, as JSON.
const { readFileSync } = require("node:fs");
const { DataZone } = require("@aws-sdk/client-datazone");
const { Glue } = require("@aws-sdk/client-glue");
const { S3 } = require("@aws-sdk/client-s3");
const { STS } = require("@aws-sdk/client-sts");
const form = require("./form.json");

const event = readFileSync(`${__dirname}/event.json`);
const domain = { domainIdentifier: "dzd_5oo7xzoqltu8mf" };
const client = new DataZone();

async function main() {
  const { Account } = await new STS().getCallerIdentity();
  const { Table } = await new Glue().getTable({ DatabaseName: "zoo", Name: "penguins" });
  const { host, pathname } = new URL(Table.StorageDescriptor.Location);
  const { Body } = await new S3().getObject({ Bucket: host, Key: pathname.slice(1) });
  const table = await Body.transformToString();

  const value = `arn:aws:glue:eu-west-1:${Account}:table/zoo/penguins`;
  const { items: [{ assetItem: { identifier } }] } = await client.search({
    ...domain,
    searchScope: "ASSET",
    filters: { and: [{ filter: { attribute: "GlueTableForm.tableArn", value } }] },
    sort: { attribute: "updatedAt", order: "DESCENDING" },
  });
  const asset = { ...domain, identifier };
  const { revision } = await client.createAssetRevision({ ...asset, name: "birds" });
  const entity = { ...domain, entityIdentifier: identifier, entityType: "ASSET" };
  await client.createListingChangeSet({ ...entity, entityRevision: revision, action: "PUBLISH" });
  const score = { ...form, timestamp: new Date(form.timestamp * 1000) };
  const draft = { ...entity, formName: "draft" };
  await client.postTimeSeriesDataPoints({
    ...entity,
    forms: [score, { ...score, formName: "draft" }],
  });
  await client.deleteTimeSeriesDataPoints(draft);
  await client.postLineageEvent({ ...domain, event });

  const { items: [{ assetListing }] } = await client.searchListings({
    ...domain,
    searchText: "birds",
  });
  const { name } = await client.getListing({ ...domain, identifier: assetListing.listingId });
  const { items: revisions } = await client.listAssetRevisions(asset);
  const { latestTimeSeriesDataPointFormsOutput: [latest] } = await client.getAsset(asset);
  const series = { ...entity, formName: form.formName };
  const { items: points } = await client.listTimeSeriesDataPoints(series);
  const point = await client.getTimeSeriesDataPoint({ ...series, identifier: points[0].id });
  const { items: drafts } = await client.listTimeSeriesDataPoints(draft);
  const { items: events } = await client.listLineageEvents(domain);
  const got = await client.getLineageEvent({ ...domain, identifier: events[0].id });

  console.log(JSON.stringify({
    table,
    asset: identifier,
    published: [name, assetListing.entityRevision],
    revisions: revisions.map((each) => each.revision),
    latest: latest.id,
    points: points.map((each) => each.id),
    content: JSON.parse(point.form.content),
    drafts,
    events: events.map((each) => each.id),
    event: JSON.parse(Buffer.from(got.event).toString()),
  }));
}

main();
