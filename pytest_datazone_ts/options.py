"""Options: from ini settings, the ``datazone_ts`` marker and keywords to one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pytest_datazone_ts import origin, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__tracebackhide__: origin.Hides = origin.hides_frames


class OptionKeywords(TypedDict, total=False):
    """The keywords of ``mock_datazone_ts`` and of the ``datazone_ts`` marker."""

    strict: bool
    unstubbed: Literal["error", "passthrough"]
    retry_sleep: Literal["virtual", "real"]
    content_check: Literal["off", "warn", "error"]
    sign: bool


_CHOICES: dict[str, tuple[str, ...]] = {
    "unstubbed": ("error", "passthrough"),
    "retry_sleep": ("virtual", "real"),
    "content_check": ("off", "warn", "error"),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a double behaves."""

    strict: bool = True
    """Fail the test at its end if an armed fault was not used up, or if a DataZone operation was
    called that nothing answers, even where the code under test swallowed the error."""
    unstubbed: Literal["error", "passthrough"] = "error"
    """DataZone operations that nothing answers are an ``error``, or let through to the network
    (``passthrough``)."""
    retry_sleep: Literal["virtual", "real"] = "virtual"
    """botocore's waits for DataZone are ``virtual``: they take no real time, and move the test's
    clock. Or ``real``."""
    content_check: Literal["off", "warn", "error"] = "warn"
    """Content that contradicts its built-in form type gets a warning (``warn``, a
    ``DataZoneContentWarning``), an ``error`` (a ``ValidationException``), or nothing (``off``)."""
    sign: bool = False
    """Sign requests to DataZone, which needs credentials. Otherwise they go unsigned."""

    def __post_init__(self) -> None:
        for name in _NAMES:
            value = getattr(self, name)
            choices = _CHOICES.get(name)
            if choices is None and not isinstance(value, bool):
                message = f"the option {name!r} takes True or False, not {value!r}"
                raise ValueError(message)
            if choices is not None and value not in choices:
                known = " or ".join(map(repr, choices))
                message = f"the option {name!r} takes {known}, not {value!r}"
                raise ValueError(message)

    def but(self, keywords: Mapping[str, Any], *, source: str) -> Options:
        """Return these options with ``keywords`` set; ``source`` is who gave them."""
        for name in keywords:
            if name not in _NAMES:
                message = (
                    f"{source} got an unknown option {name!r}.{spelling.hint(name, _NAMES)} "
                    f"Valid options: {', '.join(_NAMES)}."
                )
                raise TypeError(message)
        try:
            return replace(self, **keywords)
        except ValueError as error:
            message = f"{source}: {error}"
            raise ValueError(message) from None


def from_ini(ini: Callable[[str], Any]) -> Options:
    """Return the options that the ini settings give; ``ini`` reads ``datazone_ts_<name>``."""
    options = Options()
    for name in _NAMES:
        options = options.but({name: ini(name)}, source=f"the ini setting datazone_ts_{name}")
    return options


_NAMES = tuple(field.name for field in fields(Options))
