"""The OpenAPI document of ``/_datazone_ts/``, checked against the server with drawn requests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("schemathesis", reason="tox installs it, in its environment 'clients'")

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


@pytest.mark.datazone_ts(strict=False)
def test_the_server_does_what_the_document_says(datazone_ts_server, run):
    run(
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        str(DOCUMENT),
        *("--url", f"{datazone_ts_server.endpoint_url}/_datazone_ts"),
        *("--generation-deterministic", "--max-examples", "50"),
        # A value of the right type may be wrong all the same, such as the name of an operation.
        *("--exclude-checks", "positive_data_acceptance"),
        NO_COLOR="1",
    )
