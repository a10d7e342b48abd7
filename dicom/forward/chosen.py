"""Which dead letters a person means."""

from __future__ import annotations

from collections.abc import Sequence

from dicom.forward.entry import State
from dicom.forward.forwarding import Forwarding
from dicom.seen import SeenStudies
from gateway.room import Principal

_MOST = 1000


async def chosen(
    who: Principal,
    seen: SeenStudies,
    forwarding: Forwarding,
    destination: str,
    wanted: Sequence[int] | None,
) -> Sequence[int]:
    """The numbers that are wanted, or those of all of a destination; only of what is seen."""
    if wanted is not None and seen.sight(who) is None:
        return wanted
    dead = await forwarding.entries(destination, State.DEAD, _MOST)
    found = [each.seq for each in await seen.entries(who, dead)]
    return found if wanted is None else [each for each in wanted if each in found]
