"""Delivers what is owed, each destination in a task of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.errors import DeviceUnavailable, ProtocolViolation, StoreError
from gateway.model import Clock, Instant
from gateway.notify.way import Way
from gateway.room import Deliveries, Delivery, roused

log = logging.getLogger(__name__)

_LOOK = 1.0
_SECOND = 1_000_000
_STORE_PAUSE = 5.0
_AT_ONCE = 50
_TRIES = 5
"""Of what fails by an error that nobody foresaw."""


@dataclass(slots=True)
class Round:
    """One destination. `failing` is since when nothing got through, and why."""

    name: str
    way: Way
    pace: float
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failing: tuple[Instant, str] | None = None
    told_at: float | None = None


class Courier:
    """Takes deliveries from the outbox, critical ones first, hands them over, then notes that.

    What can't be handed over since its destination is away is owed until it is back; a dead letter
    is what was refused.

    Between the two a crash leaves open whether the other side has them: they are sent once more
    with the same keys.
    """

    def __init__(
        self, outbox: Deliveries, clock: Clock, ways: Mapping[str, Way], pace: Mapping[str, float]
    ) -> None:
        self._outbox, self._clock = outbox, clock
        self.rounds = {name: Round(name, way, pace.get(name, 0.0)) for name, way in ways.items()}

    def wake(self, destinations: Iterable[str]) -> None:
        """Something new is owed to these."""
        for name in destinations:
            if name in self.rounds:
                self.rounds[name].wake.set()

    def failing(self) -> list[Round]:
        """The destinations that nothing gets through to."""
        return [each for each in self.rounds.values() if each.failing is not None]

    async def dead(self) -> list[Delivery]:
        """What these destinations will never take."""
        return [each for each in await self._outbox.dead() if each.destination in self.rounds]

    async def again(self, delivery: int) -> None:
        """Try one that is dead once more; nothing happens if there is none of this id."""
        if await self._outbox.revive(delivery):
            self.wake(self.rounds)

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            for each in self.rounds.values():
                group.create_task(self._serve(each), name=f"notify-{each.name}")

    async def _serve(self, each: Round) -> None:
        while True:
            try:
                wait = await self.deliver(each)
            except StoreError as error:
                log.warning("The outbox can't be read for %s: %s", each.name, error)
                wait = _STORE_PAUSE
            except Exception as error:  # noqa: BLE001 - one destination takes no other one down
                self._puzzled(each, error)
                wait = _STORE_PAUSE
            await self._pause(each, wait)

    async def _pause(self, each: Round, seconds: float) -> None:
        """Wait for news, or so long; the outbox's times are of the domain clock: look often."""
        if seconds <= 0:
            return
        each.wake.clear()
        await roused(each.wake, min(seconds, _LOOK))

    async def deliver(self, each: Round) -> float:
        """Hand over what may go now; seconds after which to look again."""
        owed = await self._outbox.owed(each.name, _AT_ONCE)
        if not owed:
            return _LOOK
        for place in range(0, len(owed), each.way.most):
            together = owed[place : place + each.way.most]
            early = self._early(each, together)
            if early > 0:
                return early
            if not await self._hand_over(each, together):
                return _LOOK
        return 0.0

    def _early(self, each: Round, owed: Sequence[Delivery]) -> float:
        """How long they are held back: by waits while nothing gets through, and by the pace.

        What is critical waits for no pace.
        """
        if each.failing is not None and owed[0].due > self._clock.now():
            return (owed[0].due - self._clock.now()) / _SECOND
        if each.told_at is None or not each.pace or any(one.urgent for one in owed):
            return 0.0
        return each.told_at + each.pace - asyncio.get_running_loop().time()

    def _puzzled(self, each: Round, error: Exception) -> str:
        """Take note of an error that nobody foresaw; how it reads."""
        said = f"{type(error).__name__}: {error}"
        log.error("%s met an error that it does not know: %s", each.name, said, exc_info=error)
        self._fails(each, said)
        return said

    def _fails(self, each: Round, said: str) -> None:
        since = each.failing[0] if each.failing is not None else self._clock.now()
        each.failing = since, said

    async def _hand_over(self, each: Round, owed: Sequence[Delivery]) -> bool:
        """Whether the destination is there for more; what it refuses together goes in halves."""
        try:
            await each.way.tell(owed)
        except StoreError:
            raise
        except DeviceUnavailable as error:
            await self._wait(each, owed, error)
            return False
        except Exception as error:  # noqa: BLE001 - what a library raises stays with this one
            return await self._refused(each, owed, error)
        await self._outbox.delivered(*owed)
        each.told_at = asyncio.get_running_loop().time()
        if each.failing is not None:
            log.info("%s is told again.", each.name)
            each.failing = None
        return True

    async def _wait(self, each: Round, owed: Sequence[Delivery], error: DeviceUnavailable) -> None:
        if each.failing is None:
            log.warning("%s can't be told: %s", each.name, error)
        self._fails(each, str(error))
        for delivery in owed:
            await self._outbox.later(delivery, str(error))

    async def _refused(self, each: Round, owed: Sequence[Delivery], error: Exception) -> bool:
        """Bury what is refused alone; what an unforeseen error keeps back is tried a few times."""
        if len(owed) > 1:
            middle = len(owed) // 2
            first = await self._hand_over(each, owed[:middle])
            return first and await self._hand_over(each, owed[middle:])
        (delivery,) = owed
        if isinstance(error, ProtocolViolation):
            log.warning("%s will never take %s: %s", each.name, delivery.key, error)
            await self._outbox.bury(delivery, str(error))
            each.failing = None
            return True
        said = self._puzzled(each, error)
        if delivery.attempts + 1 < _TRIES:
            await self._outbox.failed(delivery, said)
        else:
            await self._outbox.bury(delivery, said)
        return True
