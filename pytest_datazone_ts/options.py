"""Options: from ini settings, the ``datazone_ts`` marker and keywords to one frozen value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_datazone_ts import origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__tracebackhide__: origin.Hides = origin.hides_frames

_CHOICES = {
    "unstubbed": ("error", "passthrough"),
    "retry_sleep": ("virtual", "real"),
    "content_check": ("off", "warn", "error"),
}


class Options(NamedTuple):
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

    def but(self, keywords: Mapping[str, Any], *, source: str) -> Options:
        """Return these options with ``keywords`` set; ``source`` is who gave them."""
        for name, value in keywords.items():
            if name not in self._fields:
                from pytest_datazone_ts import spelling  # noqa: PLC0415 - for a mistake alone

                message = (
                    f"{source} got an unknown option {name!r}."
                    f"{spelling.hint(name, self._fields)} "
                    f"Valid options: {', '.join(self._fields)}."
                )
                raise TypeError(message)
            choices = _CHOICES.get(name, (True, False))
            if not isinstance(value, type(choices[0])) or value not in choices:
                known = " or ".join(map(repr, choices))
                message = f"{source}: the option {name!r} takes {known}, not {value!r}"
                raise ValueError(message)
        return self._replace(**keywords)


def from_ini(ini: Callable[[str], Any]) -> Options:
    """Return the options that the ini settings give; ``ini`` reads ``datazone_ts_<name>``."""
    options = Options()
    for name in options._fields:
        options = options.but({name: ini(name)}, source=f"the ini setting datazone_ts_{name}")
    return options
