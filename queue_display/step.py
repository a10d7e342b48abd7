"""What a person or a program says of a step of a ticket."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.room.document import Body
from queue_display.terms import Mark, Verb


class Step(Body):
    """Why, and what only some steps need."""

    reason: str = ""
    to: str = Field(default="", description="transfer: the other queue")
    before: str | None = Field(default=None, description="move: the ticket behind; null: the end")
    marks: frozenset[Mark] = Field(default=frozenset(), description="mark: all that are to stand")
    priority: str = Field(default="", description="mark: one of the policy's, or none")

    def facts(self, verb: Verb) -> dict[str, Any]:
        """What `QueueDesk.take` wants of it for a verb."""
        match verb:
            case Verb.TRANSFER:
                more: dict[str, Any] = {"to": self.to}
            case Verb.MOVE:
                more = {"before": self.before or None}
            case Verb.MARK:
                more = {"marks": self.marks, "priority": self.priority}
            case _:
                more = {}
        return {"why": self.reason, **more}
