"""What forms of given metersets have in common."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web import Refusal


def said_what(form: Mapping[str, str], *, beams: bool) -> None:
    """That nothing was given is chosen, and is no form that was left empty. Refusal 422."""
    if beams == (form.get("gave") == "nothing"):
        raise Refusal(
            422,
            "Say what it gave",
            "Nothing was done.",
            "Enter the metersets of its beams, or choose that it gave nothing.",
        )
