"""The options as keywords, for editors. pytest does not load this module at its start."""

from __future__ import annotations

from typing import Literal, TypedDict


class OptionKeywords(TypedDict, total=False):
    """The keywords of ``mock_datazone_ts`` and of the ``datazone_ts`` marker, for editors."""

    strict: bool
    unstubbed: Literal["error", "passthrough"]
    retry_sleep: Literal["virtual", "real"]
    sleep: Literal["real", "virtual"]
    content_check: Literal["off", "warn", "error"]
    sign: bool
    mock_aws: bool
