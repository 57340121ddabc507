"""The options of a double, from ini settings, the ``datazone_ts`` marker and keywords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Declaration:
    """The declaration of an option: its default, its choices and its meaning."""

    __slots__ = ("choices", "default", "meaning")

    def __init__(self, default: Any, choices: tuple[Any, ...], meaning: str) -> None:
        self.default: Any = default
        self.choices: tuple[Any, ...] = choices
        self.meaning: str = meaning


def _option(*choices: str, default: Any, meaning: str) -> Any:
    """Declare an option, with its choices unless it is a flag or a number."""
    flags = (True, False) if isinstance(default, bool) else ()
    return Declaration(default, choices or flags, meaning)


class Options(NamedTuple):
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
                __tracebackhide__ = True
                raise TypeError(message)
            choices = CHOICES[name]
            if not isinstance(value, type(choices[0])) or value not in choices:
                known = " or ".join(map(repr, choices))
                message = f"{source}: the option {name!r} takes {known}, not {value!r}"
                __tracebackhide__ = True
                raise ValueError(message)
        return self._replace(**keywords) if keywords else self


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
    report_size: int = _option(
        default=1_000_000,
        meaning="the maximum size of the HTML report in bytes; once it is full, further tests are "
        "shown without details",
    )


_DECLARED: Mapping[str, Declaration] = Options._field_defaults
Options.__new__.__defaults__ = tuple(each.default for each in _DECLARED.values())
NAMES = Options._fields
CHOICES: Mapping[str, tuple[Any, ...]] = {name: each.choices for name, each in _DECLARED.items()}
INI_SETTINGS: Mapping[str, Declaration] = {
    **_DECLARED,
    **{name: each for name, each in vars(RunOptions).items() if isinstance(each, Declaration)},
}
"""The declaration of each ini setting, by its name without the prefix."""

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
