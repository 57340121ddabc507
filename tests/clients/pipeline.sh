# A complete pipeline with the AWS CLI; prints what it read back, as JSON.
set -eu

folder=$(dirname "$0")
domain='--domain-identifier dzd_5oo7xzoqltu8mf'
form=$(cat "$folder/form.json")

# Call an operation of DataZone, and print the part of its result that the second argument selects.
call() {
    operation=$1
    query=$2
    shift 2
    aws datazone "$operation" $domain --query "$query" "$@"
}

account=$(aws sts get-caller-identity --query Account --output text)
location=$(aws glue get-table --database-name zoo --name penguins \
    --query Table.StorageDescriptor.Location --output text)
table=$(aws s3 cp "$location" -)

arn=arn:aws:glue:eu-west-1:$account:table/zoo/penguins
asset=$(call search 'items[].assetItem.identifier' --output text \
    --search-scope ASSET \
    --filters "{\"and\": [{\"filter\": {\"attribute\": \"GlueTableForm.tableArn\", \"value\": \"$arn\"}}]}" \
    --sort attribute=updatedAt,order=DESCENDING)
revision=$(call create-asset-revision revision --output text --identifier "$asset" --name birds)
entity="--entity-identifier $asset --entity-type ASSET"
call create-listing-change-set status $entity --entity-revision "$revision" --action PUBLISH >&2
draft=$(echo "$form" | sed 's/"completeness"/"draft"/')
call post-time-series-data-points 'forms[].id' $entity --forms "[$form, $draft]" >&2
call delete-time-series-data-points @ $entity --form-name draft >&2
call post-lineage-event id --event "fileb://$folder/event.json" >&2

listing=$(call search-listings 'items[].assetListing.[listingId, entityRevision]' --output text \
    --search-text birds)
set -- $listing
name=$(call get-listing name --identifier "$1")
revisions=$(call list-asset-revisions 'items[].revision' --identifier "$asset")
latest=$(call get-asset 'latestTimeSeriesDataPointFormsOutput[0].id' --identifier "$asset")
series="$entity --form-name completeness"
point=$(call list-time-series-data-points 'items[].id' --output text $series)
content=$(call get-time-series-data-point form.content --output text $series --identifier "$point")
drafts=$(call list-time-series-data-points items $entity --form-name draft)
event=$(call list-lineage-events 'items[].id' --output text)
call get-lineage-event id --identifier "$event" got.json >&2

cat <<END
{"table": "$table", "asset": "$asset", "published": [$name, "$2"],
"revisions": $revisions, "latest": $latest, "points": ["$point"], "content": $content,
"drafts": $drafts, "events": ["$event"], "event": $(cat got.json)}
END
