# Every operation with the AWS CLI; prints what came of them as JSON.
set -eu

entity='--domain-identifier dzd_5oo7xzoqltu8mf --entity-identifier 4wyh64k2n8czaf --entity-type ASSET'
form=$(cat "$(dirname "$0")/form.json")

call() {
    operation=$1
    shift
    aws datazone "$operation-time-series-data-point$plural" $entity "$@"
}

plural=s
first=$(call post --forms "[$form]" --query 'forms[0].id')
second=$(call post --forms "[$form]" --query 'forms[0].id')
listed=$(call list --form-name completeness --query 'items[].id')
latest=$(echo "$listed" | sed -n 's/.*"\(.*\)".*/\1/p' | head -n 1)
plural=
got=$(call get --form-name completeness --identifier "$latest" --query form)
plural=s
call delete --form-name completeness
left=$(call list --form-name completeness --query items)
if caught=$(call post --forms "[$form]" 2>&1); then
    exit 1
fi
caught=$(echo "$caught" | tr -d '\n"')

echo "{\"posted\": [$first, $second], \"listed\": $listed, \"got\": $got, \"left\": $left,"
echo " \"caught\": \"$caught\"}"
