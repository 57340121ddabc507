"""A test that misuses the double shows its own line and what to do."""

from __future__ import annotations

KEYWORDS = (
    "domain_identifier, entity_identifier, entity_type, form_name, type_identifier, "
    "type_revision, timestamp, content, region, where"
)
ASSET_KEYWORDS = (
    "entity_identifier, domain_identifier, name, forms, form_type_revisions, listing_identifier, "
    "published, description, type_identifier, external_identifier, owning_project_identifier, "
    "revision"
)
FAULTS = (
    "It documents InternalServerException, ResourceNotFoundException, AccessDeniedException, "
    "ThrottlingException, ServiceQuotaExceededException, ConflictException, ValidationException, "
    "UnauthorizedException; AWS's common errors are ExpiredTokenException, "
    "UnrecognizedClientException, InvalidSignatureException, IncompleteSignatureException, "
    "RequestExpired, ServiceUnavailableException, AwsError; the transport can fail with "
    "ConnectTimeout, ReadTimeout, ConnectionClosed, EndpointUnreachable, ResponseLost, "
    "MalformedResponse, HttpError, Latency, SlowBody."
)
MISUSES = {
    'datazone_ts.inject("Throttling")': (
        "ValueError: inject() got 'Throttling', which is not a fault of "
        f"PostTimeSeriesDataPoints. Did you mean 'ThrottlingException'? {FAULTS}"
    ),
    'datazone_ts.inject("ThrottlingException", form="x")': (
        "TypeError: inject() got an unknown keyword 'form'. Did you mean 'form_name'? Valid "
        f"keywords: times, after, call, operation, {KEYWORDS}."
    ),
    'datazone_ts.inject("conn")': (
        "ValueError: inject() got 'conn', which is not a fault of PostTimeSeriesDataPoints. Did "
        f"you mean 'ConnectTimeout'? {FAULTS}"
    ),
    "datazone_ts.data_points.where(entity_id=1)": (
        "TypeError: DataPoints.where() got an unknown keyword 'entity_id'. Did you mean "
        f"'entity_identifier'? Valid keywords: {KEYWORDS}, passing_percentage."
    ),
    "datazone_ts.calls.where(region_name=1)": (
        "TypeError: Calls.where() got an unknown keyword 'region_name'. Did you mean "
        f"'region'? Valid keywords: {KEYWORDS}, operation, error_code, succeeded."
    ),
    'datazone_ts.assert_posted("completeness")': (
        "ValueError: assert_posted(count=...) takes a number of data points, not 'completeness'. "
        "Did you mean form_name='completeness'?"
    ),
    "datazone_ts.data_points.one()": (
        "AssertionError: expected exactly one data point, found none"
    ),
    'datazone_ts.respond("GetDomian", {})': (
        "ValueError: 'GetDomian' is not an operation of Amazon DataZone. Did you mean 'GetDomain'?"
    ),
    'datazone_ts.add_asset("a", domain_identifier="d", name=1)': (
        "TypeError: add_asset(name=...) takes a string, not 1"
    ),
    'datazone_ts.add_asset("a", domain_identifier="d", name="n", typeIdentifier="t")': (
        "TypeError: add_asset() got an unknown keyword 'typeIdentifier'. Did you mean "
        f"'type_identifier'? Valid keywords: {ASSET_KEYWORDS}."
    ),
    'datazone_ts.add_asset("a", owningProjectIdentifier="p")': (
        "TypeError: add_asset() got an unknown keyword 'owningProjectIdentifier'. Did you mean "
        f"'owning_project_identifier'? Valid keywords: {ASSET_KEYWORDS}."
    ),
    "datazone_ts.register_form_type('t', schema={})": (
        "TypeError: register_form_type() got an unknown keyword 'schema'. Valid keywords: "
        "type_identifier, check, revision."
    ),
    "datazone_ts.register_form_type('t', 1)": (
        "TypeError: register_form_type(check=...) takes a JSON Schema (a dict) or a callable, not 1"
    ),
    "datazone_ts.rate_limit(0)": (
        "ValueError: rate_limit(rate=...) takes a number, above 0 calls a second, not 0"
    ),
    "faults.HttpError(200)": (
        "ValueError: HttpError(status=...) takes an HTTP status from 400 to 599, not 200"
    ),
    "mock_datazone_ts(strct=False)": (
        "TypeError: mock_datazone_ts() got an unknown option 'strct'. Did you mean 'strict'? "
        "Valid options: strict, unstubbed, retry_sleep, sleep, content_check, sign, mock_aws."
    ),
    "mock_datazone_ts([])": (
        "TypeError: mock_datazone_ts takes its options by keyword, and decorates functions and "
        "classes: not []"
    ),
    "DataZoneTimeSeries().current()": (
        "RuntimeError: no DataZone double is active here. Use the datazone_ts fixture, or wrap "
        "the code in mock_datazone_ts()."
    ),
}


def test_a_misuse_shows_the_line_in_the_test_and_what_to_do(pytester):
    tests = [
        f"def test_{number}({'datazone_ts' if 'datazone_ts.' in line else ''}):\n    {line}"
        for number, line in enumerate(MISUSES)
    ]
    source = "\n\n".join(
        [
            "from pytest_datazone_ts import DataZoneTimeSeries, faults, mock_datazone_ts",
            "@mock_datazone_ts\ndef test_decorated():\n    DataZoneTimeSeries().inject('boom')",
            *tests,
        ]
    )
    pytester.makepyfile(test_it=source)
    result = pytester.runpytest("--show-capture=no")
    result.assert_outcomes(failed=len(MISUSES) + 1)
    screen = result.stdout.str()
    lines = source.splitlines()
    for line, message in MISUSES.items():
        number = lines.index(f"    {line}") + 1
        kind = message.partition(":")[0]
        shown = f">       {line}\nE       {message}"
        assert shown in screen
        assert f"test_it.py:{number}: {kind}\n" in screen
    assert "pytest_datazone_ts/" not in screen.partition("short test summary")[0]
