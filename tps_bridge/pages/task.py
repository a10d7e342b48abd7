"""What the beams of a session are for, as it was posted."""

from __future__ import annotations

from gateway.web import Refusal
from tps_bridge.session import BeamTask


def beam_task(text: str) -> BeamTask | None:
    """The task that a form or a program names; None for ''. Refusal 422 for any other word."""
    if not text:
        return None
    if text not in set(BeamTask):
        raise Refusal(
            422,
            "No such task",
            "A beam task is {names}.",
            "Choose one of them.",
            names=", ".join(BeamTask),
        )
    return BeamTask(text)
