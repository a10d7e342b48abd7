"""Says, as an event of the gateway, when what is owed does not get through."""

from __future__ import annotations

from gateway.model import Clock
from gateway.notify.courier import Courier
from gateway.room import RoomPorts

_PATIENCE = 300 * 1_000_000


class Lookout:
    """Over the destinations of one courier; `code` is that of its system event."""

    def __init__(self, ports: RoomPorts, clock: Clock, courier: Courier, code: str) -> None:
        self._ports, self._clock, self._courier, self._code = ports, clock, courier, code
        self._said: str | None = None

    async def look(self) -> None:
        """Say once that a destination has not been reached for long, or that a letter is dead."""
        now = self._clock.now()
        long = [
            f"{each.name}: {each.failing[1]}"
            for each in self._courier.failing()
            if each.failing is not None and now - each.failing[0] >= _PATIENCE
        ]
        dead = [f"{each.destination}: {each.error}" for each in await self._courier.dead()]
        said = "undeliverable" if long or dead else "delivered"
        if said != self._said:
            self._ports.system(self._code, said, "; ".join([*long, *dead])[:500])
            self._said = said
