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
