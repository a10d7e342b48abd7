"""The reason that a decision is posted with."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.refusal import Refusal

LONGEST_REASON = 400


def reason_in(given: Mapping[str, str]) -> str:
    """The field `reason`; Refusal 422 without one, or where it is too long to be kept."""
    reason = given.get("reason", "").strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Refusal(
            422,
            "A reason is needed",
            "What is decided is kept with its reason, of at most 400 characters: nothing was done.",
            "Go back and write down why.",
        )
    return reason
