"""The options of a double, from ini settings, the ``datazone_ts`` marker and keywords."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pytest_datazone_ts import location

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__tracebackhide__: location.Predicate = location.raised_on_purpose


def _option(*choices: str, default: Any, meaning: str) -> Any:
    """Declare an option, with its choices unless it is a flag."""
    return field(
        default=default, metadata={"meaning": meaning, "choices": choices or (True, False)}
    )


@dataclass(frozen=True)
class Options:
    """How a double behaves."""

    strict: bool = _option(
        default=True,
        meaning="fail a test that did not use up the faults that it injected, or whose code called "
        "an unhandled DataZone operation, even if the code swallowed the error",
    )
    unstubbed: Literal["error", "passthrough"] = _option(
        *("error", "passthrough"),
        default="error",
        meaning="what unhandled DataZone operations get: an error, or a passthrough to the network",
    )
    retry_sleep: Literal["virtual", "real"] = _option(
        *("virtual", "real"),
        default="virtual",
        meaning="whether botocore's backoffs for DataZone take real time (real), or only move "
        "the test's clock (virtual)",
    )
    sleep: Literal["real", "virtual"] = _option(
        *("real", "virtual"),
        default="real",
        meaning="whether time.sleep and asyncio.sleep of the code under test take real time "
        "(real), or only move the test's clock (virtual)",
    )
    content_check: Literal["off", "warn", "error"] = _option(
        *("off", "warn", "error"),
        default="warn",
        meaning="what content that contradicts its built-in form type gets: nothing (off), a "
        "DataZoneContentWarning (warn), or a ValidationException (error)",
    )
    sign: bool = _option(
        default=False,
        meaning="sign DataZone requests, which needs credentials; otherwise they go unsigned",
    )
    mock_aws: bool = _option(
        default=False,
        meaning="activate moto's mock_aws with the double, for the other AWS services, and block "
        "every request of a botocore client that moto does not answer",
    )

    def override(self, keywords: Mapping[str, Any], *, source: str) -> Options:
        """Return these options with ``keywords`` set.

        Args:
            keywords: Options by name.
            source: Where they were set, for messages.

        Raises:
            TypeError: An option is unknown.
            ValueError: The value of an option is not one of its choices.
        """
        for name, value in keywords.items():
            if name not in NAMES:
                from pytest_datazone_ts import spelling  # noqa: PLC0415 - keeps start-up fast

                message = (
                    f"{source} got an unknown option {name!r}.{spelling.hint(name, NAMES)} "
                    f"Valid options: {', '.join(NAMES)}."
                )
                raise TypeError(message)
            choices = CHOICES[name]
            if not isinstance(value, type(choices[0])) or value not in choices:
                known = " or ".join(map(repr, choices))
                message = f"{source}: the option {name!r} takes {known}, not {value!r}"
                raise ValueError(message)
        return replace(self, **keywords) if keywords else self


@dataclass(init=False, repr=False, eq=False)  # never instantiated; faster to create this way
class RunOptions:
    """How a run behaves; these options can be set only in the ini file."""

    stand_ins: bool = _option(
        default=False,
        meaning="put stand-ins in the environment for the whole run if no region or no "
        "credentials are configured",
    )
    guard: bool = _option(
        default=False,
        meaning="fail a test without the double that calls a DataZone time-series operation, "
        "instead of letting the call reach the network",
    )
    report_size: int = field(
        default=1_000_000,
        metadata={
            "meaning": "the maximum size of the HTML report in bytes; once it is full, further "
            "tests are shown without details"
        },
    )


class OptionKeywords(TypedDict, total=False):
    """The keywords of ``mock_datazone_ts`` and of the ``datazone_ts`` marker, for editors."""

    strict: bool
    unstubbed: Literal["error", "passthrough"]
    retry_sleep: Literal["virtual", "real"]
    sleep: Literal["real", "virtual"]
    content_check: Literal["off", "warn", "error"]
    sign: bool
    mock_aws: bool


NAMES = tuple(each.name for each in fields(Options))
CHOICES: Mapping[str, tuple[Any, ...]] = {
    each.name: each.metadata["choices"] for each in fields(Options)
}
INI_SETTINGS: Mapping[str, tuple[Any, str]] = {
    each.name: (each.default, each.metadata["meaning"])
    for each in (*fields(Options), *fields(RunOptions))
}
"""The default and the meaning of each ini setting, by its name without the prefix."""

_run_options: Options = Options()
"""The options from the ini settings of the current pytest run."""


def run_options() -> Options:
    """Return the options from the ini settings of the pytest run, or else the defaults."""
    return _run_options


def set_run_options(options: Options) -> Callable[[], None]:
    """Set the options of the run, and return a function that restores the previous ones."""
    global _run_options
    before, _run_options = _run_options, options

    def restore() -> None:
        global _run_options  # noqa: PLW0603 - process-wide state
        _run_options = before

    return restore
