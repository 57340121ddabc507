"""The service's way of saying no."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - an answer of the service, not an error of ours
    """The service answers with one of its documented exceptions."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
