"""curl: ``/_datazone_ts/`` from a shell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

FORM = Path(__file__).with_name("form.json")
PATH = "v2/domains/dzd_5oo7xzoqltu8mf/entities/ASSET/4wyh64k2n8czaf/time-series-data-points"


@pytest.fixture
def curl(run, datazone_ts_server):
    """Send a request; return what comes, and its status on a line of its own."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not on this machine")

    def curl(path, *options):
        url = f"{datazone_ts_server.endpoint_url}/{path}"
        printed = run(program, "-sS", "-w", r"\n%{http_code}", *options, url)
        content, _, status = printed.rpartition("\n")
        return int(status), content and json.loads(content)

    return curl


def test_a_shell_script_steers_the_double(curl):
    form = f'{{"forms": [{FORM.read_text()}]}}'

    assert curl("_datazone_ts/faults", "-d", '{"fault": "ThrottlingException"}') == (204, "")
    assert curl("_datazone_ts/faults", "-d", '{"fault": "Latency"}') == (
        400,
        {
            "message": "Latency takes arguments: POST them to /_datazone_ts/faults, such as "
            '{"fault": {"name": "Latency", "seconds": ...}}'
        },
    )
    assert curl(PATH, "-d", form)[0] == 429
    assert curl(PATH, "-d", form)[0] == 201

    _, [point] = curl("_datazone_ts/data-points")
    assert point["content"]["passingPercentage"] == 87.5
    _, calls = curl("_datazone_ts/calls")
    assert [each["attempts"][-1]["status_code"] for each in calls] == [429, 201]
    assert curl("_datazone_ts/audit")[1]["doubled"] == []
    assert curl("_datazone_ts/reset", "-X", "POST") == (204, "")
    assert curl("_datazone_ts/calls") == (200, [])
