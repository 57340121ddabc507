"""Any sequence of actions of a test, compared with a model in plain lists and dicts.

The model says what each call comes to, attempt by attempt; real clients make the calls.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from functools import cache

import pytest
from boto3.session import Session
from botocore import exceptions
from botocore.config import Config
from freezegun import freeze_time
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sample import DOCUMENTED, METHODS

from pytest_datazone_ts import faults, mock_datazone_ts

try:
    import time_machine
except ImportError:  # on the lowest dependencies
    time_machine = None

NEW_YEAR = datetime(2024, 1, 1, tzinfo=timezone.utc)
ATTEMPTS = 3
READ_TIMEOUT = 60
REGIONS = ["us-east-1", "eu-west-1"]
POST, LIST, GET, DELETE = METHODS
STATUS = {POST: 201, LIST: 200, GET: 200, DELETE: 204}
RETRIED = ("InternalServerException", "ThrottlingException")
TIMEOUT = exceptions.ReadTimeoutError
LOST = {
    "ConnectTimeout": exceptions.ConnectTimeoutError,
    "ReadTimeout": TIMEOUT,
    "ConnectionClosed": exceptions.ConnectionClosedError,
    "EndpointUnreachable": exceptions.EndpointConnectionError,
}
ALWAYS = [
    *(getattr(faults, name)() for name in (*LOST, "ResponseLost", "MalformedResponse")),
    faults.HttpError(502),
    faults.Latency(2.5),
    faults.Latency(90),
]
A_FORM = {"formName": "score", "typeIdentifier": "team.FormType", "timestamp": NEW_YEAR}
CHECKED = "team.CheckedFormType"
SUMMARIES = {
    None: None,
    "text": "text",
    '{"score": 1}': '{"score": 1}',
    '{"score": 1, "evaluations": [{"status": "PASS"}]}': '{"score": 1}',
}
POST_ONLY = ("ConflictException", "ServiceQuotaExceededException")
TICK = timedelta(microseconds=5)
"""How exact the clocks of freezegun and time-machine are."""


@cache
def client_of(region, mode):
    retries = {"mode": mode, "total_max_attempts": ATTEMPTS}
    config = Config(retries=retries, read_timeout=READ_TIMEOUT)
    return Session(region_name=region).client("datazone", config=config)


regions = st.sampled_from(REGIONS)
# The first of each most often: what happens to a series is what is looked for.
domains = st.sampled_from([*["dzd_one"] * 5, "dzd_two"])
entities = st.sampled_from(
    [*[("ASSET", "one")] * 7, *[("LISTING", "listing")] * 2, ("ASSET", "two"), ("ASSET", "one!")]
)
names = st.sampled_from([*["score"] * 4, "other"])
moments = st.sampled_from([NEW_YEAR + timedelta(seconds=seconds) for seconds in (1, 0, 2)])
tokens = st.none() | st.sampled_from(["a", "b", "c"])
forms = st.lists(
    st.fixed_dictionaries(
        {
            "formName": names,
            "typeIdentifier": st.sampled_from([*["team.FormType"] * 9, CHECKED]),
            "timestamp": moments,
        },
        optional={
            "typeRevision": st.sampled_from(["1", "8"]),
            "content": st.sampled_from([text for text in SUMMARIES if text is not None]),
        },
    ),
    min_size=1,
    max_size=4,
)
posted = st.tuples(regions, domains, entities, forms, tokens)
operations = st.sampled_from([*[POST] * 4, LIST, LIST, GET, DELETE])
injections = st.tuples(
    st.sampled_from([*ALWAYS, *(getattr(faults, name)() for name in DOCUMENTED)]),
    st.sampled_from([1, 1, 2, 2, 3, None]),
    st.sampled_from([0, 0, 1, 2]),
)
matches = st.fixed_dictionaries(
    {},
    optional={
        "region": regions,
        "domain_identifier": domains,
        "entity_identifier": st.sampled_from(["one", "one", "two"]),
        "form_name": names,
    },
)


class Rejected(Exception):  # noqa: N818 - an answer
    """The service of the model rejects a request."""


class WholeService(RuleBasedStateMachine):
    """The model: ``rows`` of stored points, a ``log`` of calls, and injections."""

    posts = Bundle("posts")
    injected = Bundle("injected")

    def __init__(self):
        super().__init__()
        self.retries = 0
        self.ids_ever = set()
        self.tokens_ever = set()
        self.forget()

    def forget(self):
        self.rows, self.log, self.sleeps = [], [], []
        self.first = {}
        self.injections = []
        self.limits = {}
        self.assets = set()
        self.checked = False
        self.issued = {}
        self.deleted = set()

    @initialize(
        target=posts,
        by=st.sampled_from(["freezegun", "time-machine"]),
        sent=st.lists(
            st.tuples(regions, st.just("dzd_one"), st.just(("ASSET", "one")), forms, tokens),
            min_size=2,
            max_size=4,
        ),
    )
    def begin(self, by, sent):
        self.now = NEW_YEAR
        if by == "freezegun" or time_machine is None:
            self.clock = freeze_time(NEW_YEAR)
        else:
            self.clock = time_machine.travel(NEW_YEAR, tick=False)
        self.traveller = self.clock.start()
        self.mock = mock_datazone_ts()
        self.ts = self.mock.__enter__()
        self.ts.register_form_type(CHECKED, lambda content: isinstance(content, dict))
        self.checked = True
        return multiple(*[self.post(*each) for each in sent])

    def teardown(self):
        if not hasattr(self, "mock"):
            return
        unused = any(
            not each["cancelled"] and each["times"] is not None and each["hits"] < each["times"]
            for each in self.injections
        )
        try:
            self.mock.__exit__(None, None, None)
        except AssertionError as error:
            assert unused
            assert "were not used up" in str(error)  # noqa: PT017 - Hypothesis's, not pytest's
        else:
            assert not unused
        finally:
            self.clock.stop()

    # What the code under test does

    @rule(target=posts, sent=posted)
    def post_forms(self, sent):
        return self.post(*sent)

    def post(self, region, domain, entity, forms, token):
        request = {**self.about(domain, entity), "forms": forms}
        if token is not None:
            request["clientToken"] = token
        self.call(region, POST, request)
        return region, request

    @rule(sent=posts, changes=st.sampled_from([{}, {}, {"entityIdentifier": "two"}]))
    def post_again(self, sent, changes):
        region, request = sent
        self.call(region, POST, {**request, **changes})

    @rule(region=regions, domain=domains, entity=entities, name=names, token=tokens)
    def delete(self, *, region, domain, entity, name, token):
        request = {**self.about(domain, entity), "formName": name}
        if token is not None:
            request["clientToken"] = token
        self.call(region, DELETE, request)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), region=st.none() | regions, name=st.none() | names)
    def get(self, data, region, name):
        """Return the id of a point that exists or, in another series, does not."""
        row = data.draw(st.sampled_from(self.rows))
        request = {
            "domainIdentifier": row["domain_identifier"],
            "entityType": row["entity_type"],
            "entityIdentifier": row["entity_identifier"],
            "formName": name or row["form_name"],
            "identifier": row["id"],
        }
        self.call(region or row["region"], GET, request)

    @rule(
        region=regions,
        domain=domains,
        entity=entities,
        name=names,
        bounds=st.fixed_dictionaries({}, optional={"startedAt": moments, "endedAt": moments}),
        size=st.sampled_from([1, 2, 3, None]),
    )
    def list(self, *, region, domain, entity, name, bounds, size):
        request = {**self.about(domain, entity), "formName": name, **bounds}
        if size is not None:
            request["maxResults"] = size
        self.listed(region, request)

    @rule(
        region=regions,
        form=forms.map(lambda forms: {**forms[0], "formName": "score"}),
        sizes=st.tuples(st.integers(1, 2), st.integers(1, 2)),
        between=st.sampled_from(["nothing", "post", "delete", "reset and post"]),
    )
    def turn_pages(self, *, region, form, sizes, between):
        """To the end, and then once more with the first token, for other queries too."""
        entity = "ASSET", "one"
        series = {**self.about("dzd_one", entity), "formName": "score"}
        self.post(region, "dzd_one", entity, [form] * 3, None)
        first = page = self.listed(region, {**series, "maxResults": sizes[0]})
        while page:
            page = self.listed(region, {**page, "maxResults": sizes[1]})
        if first:
            if between == "delete":
                self.call(region, DELETE, series)
            if between == "reset and post":
                self.reset()
            if between in ("post", "reset and post"):
                self.post(region, "dzd_one", entity, [form] * 3, None)
            for other in ({"endedAt": NEW_YEAR}, {"formName": "other"}):
                self.call(region, LIST, {**first, **other})
            for there in REGIONS:
                self.call(there, LIST, first)

    def listed(self, region, request):
        """List a page; return the request for the next one, if there is one."""
        answer = self.call(region, LIST, request)
        if answer is None or "nextToken" not in answer:
            return None
        next_token = answer["nextToken"]
        [last] = [row for row in self.rows if row["id"] == answer["items"][-1]["id"]]
        assert next_token not in self.issued
        self.issued[next_token] = (region, query_of(request), last)
        return {**request, "nextToken": next_token}

    # What the test does

    @rule(target=injected, operation=operations, injection=injections, match=matches)
    def inject(self, operation, injection, match):
        fault, times, after = injection
        if type(fault).__name__ in POST_ONLY:
            operation = POST
        injected = self.ts.inject(fault, times=times, after=after, operation=operation, **match)
        self.injections.append(
            {
                "fault": fault,
                "operation": operation,
                "match": match,
                "times": times,
                "after": after,
                "hits": 0,
                "cancelled": False,
                "injected": injected,
            }
        )
        return injected

    @rule(
        target=injected,
        injected=st.lists(injections, min_size=1, max_size=3),
        region=regions,
        operation=operations,
        forms=forms,
        limited=st.booleans(),
    )
    def meet(self, *, injected, region, operation, forms, limited):
        """Inject faults for the very next call, which may also be rate limited."""
        if limited:
            self.limit(operation, 0.1, 1)
        injected = [self.inject(operation, injection, {}) for injection in injected]
        self.plain_call(region, operation, forms)
        return multiple(*injected)

    @rule(injected=injected)
    def cancel(self, injected):
        injected.cancel()
        for injection in self.injections:
            injection["cancelled"] |= injection["injected"] is injected

    @rule(operation=operations, rate=st.sampled_from([1, 0.1, 2]), burst=st.integers(1, 3))
    def limit(self, operation, rate, burst):
        self.limits[operation] = {
            "injected": self.ts.rate_limit(rate, burst=burst, operation=operation),
            "rate": Fraction(str(rate)),
            "burst": burst,
            "buckets": {},
            "throttled": 0,
        }

    @precondition(lambda self: self.limits)
    @rule()
    def lift(self):
        _, limit = self.limits.popitem()
        limit["injected"].cancel()

    @rule(domain=domains, entity=st.sampled_from(["two", "one"]))
    def add_asset(self, domain, entity):
        listing = "listing" if entity == "one" else None
        self.ts.add_asset(
            entity,
            domain_identifier=domain,
            name="penguins",
            listing_identifier=listing,
            published=listing is not None,
        )
        self.assets |= {(domain, "ASSET", entity)}
        self.assets |= {(domain, "LISTING", listing)} if listing else set()
        self.plain_call("us-east-1", DELETE, entity=("LISTING", "listing"))

    @rule(seconds=st.sampled_from([-3600, 0.25, 1, 10, 86_400]))
    def move_clock(self, seconds):
        self.meet_limits()
        self.traveller.move_to(self.now + timedelta(seconds=seconds))
        self.now = datetime.now(timezone.utc)
        self.meet_limits()

    def meet_limits(self):
        for operation, limit in self.limits.items():
            for _ in range(limit["burst"]):
                self.plain_call("us-east-1", operation)

    @precondition(lambda self: len(self.log) > 10)
    @rule()
    def reset(self):
        self.ts.reset()
        self.forget()
        self.plain_call("us-east-1", POST)

    @precondition(lambda self: self.rows)
    @rule(match=matches)
    def look(self, match):
        wanted = [
            row for row in self.rows if all(row[name] == value for name, value in match.items())
        ]
        assert [vars_of(point) for point in self.ts.data_points.where(**match)] == wanted
        assert len(self.ts.assert_posted(len(wanted), **match)) == len(wanted)
        assert [call.parameters for call in self.ts.calls.where(**match)] == [
            request for _, region, request, _ in self.log if matching(match, region, request)
        ]

    # Invariants

    @invariant()
    def what_is_recorded_is_what_happened(self):
        if not hasattr(self, "ts"):
            return
        assert [vars_of(point) for point in self.ts.data_points] == self.rows
        assert [
            (call.operation, call.region, call.parameters, call.attempts) for call in self.ts.calls
        ] == self.log
        assert list(self.ts.sleeps) == self.sleeps
        for injection in self.injections:
            times, hits, injected = injection["times"], injection["hits"], injection["injected"]
            left = 0 if injection["cancelled"] else None if times is None else times - hits
            assert (injected.hits, injected.remaining) == (hits, left)
        for limit in self.limits.values():
            assert limit["injected"].throttled == limit["throttled"]
        assert abs(datetime.now(timezone.utc) - self.now) <= TICK

    # The model

    def about(self, domain, entity):
        return {
            "domainIdentifier": domain,
            "entityType": entity[0],
            "entityIdentifier": entity[1],
        }

    def plain_call(self, region, operation, forms=(A_FORM,), entity=("ASSET", "one")):
        request = {**self.about("dzd_one", entity), "formName": "score"}
        if operation == POST:
            self.post(region, "dzd_one", entity, [*forms], None)
        elif operation == GET:
            self.call(region, GET, {**request, "identifier": "athp9dyw75gzhj"})
        else:
            self.call(region, operation, request)

    def call(self, region, operation, request):
        """Make a call and compare each of its attempts with the model; return the response."""
        answer = error = None
        # A client in standard mode gives up after 35 retries; in older versions of botocore, 50.
        mode = "standard" if self.retries < 30 else "legacy"
        try:
            answer = getattr(client_of(region, mode), METHODS[operation])(**request)
        except (exceptions.ClientError, exceptions.BotoCoreError, UnicodeDecodeError) as caught:
            error = caught
        call = self.ts.calls[len(self.log) :].one()
        if operation in (POST, DELETE) and "clientToken" not in request:
            token = call.parameters["clientToken"]  # botocore's own
            assert token not in self.tokens_ever
            self.tokens_ever.add(token)
            request = {**request, "clientToken": token}
        assert (call.operation, call.region, call.parameters) == (operation, region, request)
        for attempt in call.attempts:
            assert abs(attempt.at - self.now) <= TICK
            self.now = attempt.at
            expected, status, code, fault = self.attempt(region, operation, request)
            assert (attempt.status_code, attempt.error_code) == (status, code)
            assert attempt.fault == fault
            assert attempt.armed_at == (None if self.cause is None else self.cause.armed_at)
            assert (attempt.request_id is None) is (status in (None, 502))
            assert attempt.number == call.attempts.index(attempt) + 1
            retried = code in (*RETRIED, "502") or expected in (TIMEOUT, *LOST.values())
            if fault == faults.MalformedResponse():
                retried = False
            if attempt is call.attempts[-1]:
                assert not retried or attempt.number == ATTEMPTS
                assert attempt.slept == 0
            else:
                assert retried
                self.sleeps.append(attempt.slept)
                self.now += timedelta(seconds=attempt.slept)
        assert abs(datetime.now(timezone.utc) - self.now) <= TICK
        self.now = datetime.now(timezone.utc)
        self.log.append((operation, region, request, call.attempts))
        self.retries += len(call.attempts) - 1
        return self.met(expected, code, answer, error)

    def met(self, expected, code, answer, error):
        """Compare what the code under test got with the outcome of the last attempt."""
        if isinstance(expected, type):
            assert type(error) is expected
            return None
        if code is not None:
            assert error.response["Error"]["Code"] == code
            assert error.response["ResponseMetadata"]["RetryAttempts"] == len(self.log[-1][3]) - 1
            assert type(error).__name__ in (code, "ClientError")
            return None
        assert error is None
        assert answer.pop("ResponseMetadata")["RetryAttempts"] == len(self.log[-1][3]) - 1
        there, more = dict(answer), dict(expected)
        assert ("nextToken" in there) is more.pop("more", False)
        there.pop("nextToken", None)
        assert there == more
        return answer

    def attempt(self, region, operation, request):
        """Return the response or exception, the status, the error code and the fault."""
        self.cause = None
        fault = self.injected(region, operation, request)
        name = type(fault).__name__
        if name in DOCUMENTED:
            return None, DOCUMENTED[name], name, fault
        if name == "HttpError":
            return None, 502, "502", fault
        if name in LOST:
            return LOST[name], None, None, fault
        answer, status, code = None, STATUS[operation], None
        if self.over_limit(region, operation):
            status, code = 429, "ThrottlingException"
        else:
            try:
                answer = self.serve(region, operation, request)
            except Rejected as rejected:
                code = str(rejected)
                status = DOCUMENTED[code]
        if name == "Latency":
            self.now += timedelta(seconds=min(fault.seconds, READ_TIMEOUT))
        if name == "ResponseLost" or (name == "Latency" and fault.seconds >= READ_TIMEOUT):
            return TIMEOUT, None, None, fault
        if name == "MalformedResponse":
            return UnicodeDecodeError, status, code, fault
        return answer, status, code, fault

    def injected(self, region, operation, request):
        for injection in self.injections:
            if (
                injection["operation"] == operation
                and not injection["cancelled"]
                and injection["hits"] != injection["times"]
                and matching(injection["match"], region, request)
            ):
                if injection["after"]:
                    injection["after"] -= 1
                else:
                    injection["hits"] += 1
                    self.cause = injection["injected"]
                    return injection["fault"]
        return None

    def over_limit(self, region, operation):
        limit = self.limits.get(operation)
        if limit is None:
            return False
        tokens, at = limit["buckets"].get(region, (Fraction(limit["burst"]), self.now))
        passed = max(self.now - at, timedelta())
        gained = Fraction(passed // timedelta(microseconds=1), 1_000_000) * limit["rate"]
        tokens = min(Fraction(limit["burst"]), tokens + gained)
        is_over = tokens < 1
        limit["buckets"][region] = (tokens - (not is_over), self.now)
        if is_over:
            limit["throttled"] += 1
            self.cause = self.cause or limit["injected"]
        return is_over

    def serve(self, region, operation, request):
        entity = (
            request["domainIdentifier"],
            request["entityType"],
            request["entityIdentifier"],
        )
        if not re.fullmatch("[a-zA-Z0-9_-]{1,36}", entity[2]):
            raise Rejected("ValidationException")
        described = {domain for domain, _, _ in self.assets}
        if entity[0] in described and entity not in self.assets:
            raise Rejected("ResourceNotFoundException")
        about = {"domainId": entity[0], "entityType": entity[1], "entityId": entity[2]}
        serve = {POST: self.store, LIST: self.page, GET: self.one, DELETE: self.remove}[operation]
        return serve(region, entity, request, about)

    def store(self, region, entity, request, about):
        first, answer = self.first.get((region, POST, request["clientToken"]), (request, None))
        if first != request:
            raise Rejected("ConflictException")
        if answer is not None:
            return answer
        if self.checked and any(
            form["typeIdentifier"] == CHECKED and form.get("content", "text") == "text"
            for form in request["forms"]
        ):
            raise Rejected("ValidationException")
        new = [point.id for point in self.ts.data_points if point.id not in self.ids_ever]
        assert all(re.fullmatch("[a-z0-9]{14}", id_) for id_ in new)
        self.ids_ever.update(new)
        rows = [
            {
                "id": id_,
                "domain_identifier": entity[0],
                "entity_identifier": entity[2],
                "entity_type": entity[1],
                "form_name": form["formName"],
                "type_identifier": form["typeIdentifier"],
                "type_revision": form.get("typeRevision", "1"),
                "timestamp": form["timestamp"],
                "content": form.get("content"),
                "region": region,
                "posted_at": self.now,
                "client_token": request["clientToken"],
            }
            for id_, form in zip(new, request["forms"], strict=True)
        ]
        self.rows += rows
        answer = {**about, "forms": [form_of(row) for row in rows]}
        self.first[region, POST, request["clientToken"]] = (request, answer)
        return answer

    def remove(self, region, entity, request, _about):
        key = (region, DELETE, request["clientToken"])
        if self.first.setdefault(key, (request, {}))[0] != request:
            raise Rejected("ValidationException")
        if key not in self.deleted:
            self.deleted.add(key)
            gone = self.series(region, entity, request)
            self.rows = [row for row in self.rows if row not in gone]
        return {}

    def one(self, region, entity, request, about):
        for row in self.shown(region, entity, request):
            if row["id"] == request["identifier"]:
                return {**about, "formName": request["formName"], "form": form_of(row)}
        raise Rejected("ResourceNotFoundException")

    def page(self, region, entity, request, _about):
        rows = [
            row
            for row in self.shown(region, entity, request)
            if request.get("startedAt", row["timestamp"]) <= row["timestamp"]
            and row["timestamp"] <= request.get("endedAt", row["timestamp"])
        ]
        rows = sorted(rows, key=lambda row: row["timestamp"])[::-1]
        if "nextToken" in request:
            where, query, last = self.issued.get(request["nextToken"], (None, None, None))
            if (where, query) != (region, query_of(request)) or last not in self.rows:
                raise Rejected("ValidationException")
            rows = rows[rows.index(last) + 1 :]
        size = request.get("maxResults", 50)
        return {"items": [summary_of(row) for row in rows[:size]], "more": len(rows) > size}

    def shown(self, region, entity, request):
        """The points that an entity shows: a listing's are those of its asset too."""
        domain, kind, _ = entity
        if kind == "ASSET" or (domain, *entity[1:]) not in self.assets:
            return self.series(region, entity, request)
        return self.series(region, entity, request, (domain, "ASSET", "one"))

    def series(self, region, entity, request, asset=None):
        wanted = [(region, *each, request["formName"]) for each in (entity, asset) if each]
        return [
            row
            for row in self.rows
            if (
                row["region"],
                row["domain_identifier"],
                row["entity_type"],
                row["entity_identifier"],
                row["form_name"],
            )
            in wanted
        ]


def vars_of(point):
    return {name: getattr(point, name) for name in point.__dataclass_fields__}


def query_of(request):
    return {
        name: value for name, value in request.items() if name not in ("nextToken", "maxResults")
    }


def matching(match, region, request):
    names = [form["formName"] for form in request.get("forms", [request])]
    return (
        match.get("region", region) == region
        and match.get("domain_identifier", request["domainIdentifier"])
        == request["domainIdentifier"]
        and match.get("entity_identifier", request["entityIdentifier"])
        == request["entityIdentifier"]
        and ("form_name" not in match or match["form_name"] in names)
    )


def outline_of(row):
    return {
        "formName": row["form_name"],
        "typeIdentifier": row["type_identifier"],
        "typeRevision": row["type_revision"],
        "timestamp": row["timestamp"],
        "id": row["id"],
    }


def form_of(row):
    return {
        **outline_of(row),
        **({} if row["content"] is None else {"content": row["content"]}),
    }


def summary_of(row):
    summary = SUMMARIES[row["content"]]
    return {**outline_of(row), **({} if summary is None else {"contentSummary": summary})}


TestWholeService = WholeService.TestCase
TestWholeService.settings = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=120,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
)


# What no sequence may happen to hold: each of these is met in every run

FAULTS = [*ALWAYS, faults.Latency(READ_TIMEOUT), *(getattr(faults, name)() for name in DOCUMENTED)]


@contextmanager
def whole_service(by):
    """Yield the service and its model. Not a fixture, because pytest measures the time of those."""
    whole = WholeService()
    whole.begin(by=by, sent=[])
    try:
        yield whole
        whole.what_is_recorded_is_what_happened()
    finally:
        whole.teardown()


by_either = pytest.mark.parametrize("by", ["freezegun", "time-machine"])


@by_either
@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        pytest.param(operation, fault, id=f"{operation} {fault!r}")
        for operation in METHODS
        for fault in FAULTS
        if operation == POST or type(fault).__name__ not in POST_ONLY
    ],
)
def test_each_fault_between_two_plain_calls(operation, fault, by):
    with whole_service(by) as whole:
        injected = whole.inject(operation, (fault, 1, 1), {})
        for _ in range(3):
            whole.plain_call("us-east-1", operation)
        assert injected.remaining == 0


@by_either
@pytest.mark.parametrize(
    "change",
    [
        {"domainIdentifier": "dzd_two"},
        {"entityIdentifier": "two"},
        {"entityType": "LISTING"},
        {"forms": [A_FORM, A_FORM]},
        {"forms": [{**A_FORM, "content": "text"}]},
        {},
    ],
    ids=lambda change: "-".join(change) or "nothing",
)
def test_a_token_belongs_to_one_request_in_one_region(change, by):
    with whole_service(by) as whole:
        _, request = whole.post("us-east-1", "dzd_one", ("ASSET", "one"), [A_FORM], "token")
        for region in REGIONS:
            whole.call(region, POST, {**request, **change})
            whole.call(region, POST, request)
        series = {**whole.about("dzd_one", ("ASSET", "one")), "formName": "score"}
        removal = {**series, "clientToken": "token"}  # of another operation: another token
        for region in REGIONS:
            whole.call(region, DELETE, removal)
            whole.post(region, "dzd_one", ("ASSET", "one"), [A_FORM], None)
            if "forms" not in change:
                whole.call(region, DELETE, {**removal, **change})
            whole.call(region, DELETE, removal)
            whole.call(region, LIST, series)
