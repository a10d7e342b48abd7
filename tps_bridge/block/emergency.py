"""Plans that somebody declared to be an emergency's: which checks are left out, by which rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tps_bridge.book import Act, Note, second_of


@dataclass(frozen=True, slots=True)
class Emergency:
    """`role` is in what role somebody declared it, `second` who confirmed it, or nothing.

    It is of the plan as its `digest` was. `counts` is whether checks are left out now.
    """

    seq: int
    who: str
    role: str
    at: int
    why: str
    second: str
    counts: bool


def emergency_of(notes: Sequence[Note], digest: str, *, second_person: bool) -> Emergency | None:
    """The newest declaration for what a plan delivers."""
    own = [each for each in notes if each.act is Act.EMERGENCY and each.text("digest") == digest]
    if not own:
        return None
    made = own[-1]
    second = second_of(made, notes)
    counts = bool(second) or not second_person
    return Emergency(made.seq, made.who, made.text("role"), made.at, made.why, second, counts)
