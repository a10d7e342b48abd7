"""The reason that a decision was posted with."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web import Refusal

_LONGEST = 400


def said(given: Mapping[str, str]) -> str:
    """The reason in a form, '' without one."""
    return given.get("reason", "").strip()[:_LONGEST]


def reason_in(given: Mapping[str, str]) -> str:
    """The reason in a form; Refusal 422 without one."""
    reason = said(given)
    if not reason:
        raise Refusal(422, "A reason is needed", "Nothing was done.", "Say why, and try again.")
    return reason
