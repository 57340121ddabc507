"""The domain, entity and form that most tests post: those of AWS's documentation, and a score."""

from __future__ import annotations

from datetime import datetime, timezone

DOMAIN = "dzd_5oo7xzoqltu8mf"
ENTITY = "4wyh64k2n8czaf"
FORM = {
    "formName": "completeness",
    "typeIdentifier": "amazon.datazone.DataQualityResultFormType",
    "timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc),
    "content": '{"evaluationsCount": 8, "passingPercentage": 87.5, "evaluations": []}',
}

# The lowest botocore and moto warn of this from Python 3.12 on. It is no warning of ours in the
# runs that tests start, where every other warning is an error.
UTCNOW = "ignore:datetime.datetime.utc:DeprecationWarning"
