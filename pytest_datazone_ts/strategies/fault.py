"""Strategies for faults."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_type_hints

from botocore.endpoint import DEFAULT_TIMEOUT
from hypothesis import strategies as st

from pytest_datazone_ts import faults as kinds
from pytest_datazone_ts import location
from pytest_datazone_ts.service.operations import POST

if TYPE_CHECKING:
    from collections.abc import Mapping

__tracebackhide__: location.Predicate = location.raised_on_purpose


def faults(operation: str = POST) -> st.SearchStrategy[kinds.Fault]:
    """Generate the faults that ``inject`` accepts for an operation, with their arguments.

    These are the exceptions that the operation documents, AWS's common errors and the
    faults of the transport. For faults of one class, use
    ``hypothesis.strategies.builds(faults.HttpError, status=...)``.

    Args:
        operation: The operation's API name.

    Raises:
        ValueError: Amazon DataZone has no such operation.
    """
    transport = [each if isinstance(each, type) else type(each) for each in kinds.TRANSPORT]
    classes = st.sampled_from([*kinds.documented(operation), *kinds.COMMON, *transport])

    @st.composite
    def fault(draw: st.DrawFn) -> kinds.Fault:
        kind: type[kinds.Fault] = draw(classes)
        types, names = get_type_hints(kind), [each.name for each in fields(kind)]
        keys = {name: name if name in _ARGUMENTS else types[name] for name in names}
        drawn: kinds.Fault = kind(**{name: draw(_ARGUMENTS[key]) for name, key in keys.items()})
        return drawn

    return fault()


# Below and above botocore's default read_timeout.
_SECONDS = st.integers(0, 2 * DEFAULT_TIMEOUT * 1000).map(lambda milliseconds: milliseconds / 1000)
_ARGUMENTS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.just("") | st.text(),  # messages; an exception without one has a default
    float: _SECONDS,
    float | None: st.none() | _SECONDS,
    "status": st.just(502) | st.integers(400, 599),
    # Proxies between a client and AWS respond with HTML; JSON would look like AWS itself.
    str | bytes | None: st.none() | st.just("") | st.text().map("<html>{}</html>".format),
    bytes: st.sampled_from([kinds.MalformedResponse.body, b"", b'{"forms": [', b"null"])
    | st.binary(),
}
"""Strategies for the arguments of faults, by name or, if the name is not listed, by type."""
