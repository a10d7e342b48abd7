"""Echoes every peer now and then; says once when one is lost, and once when it is back."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import uuid4

from dicom.dimse import Limits, Peer, Wanted, associate
from dicom.services import VERIFICATION
from dicom.storage.object import DICOM_SYSTEM
from dicom.watch.options import WatchOptions
from gateway import Clock, Coding, DeviceEvent, DeviceUnavailable, Instant, Kind, Source, StoreError
from gateway import Value as EventValue
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

PEER = "peer"
_DRIVER = "dicom"
_JITTER = 0.2
_FIRST = 3.0


class PeerState(StrEnum):
    """UNKNOWN: not asked yet, or not watched."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Watched:
    """A peer as a page shows it.

    `since` is when it came to its state, `checked` when it was last asked; `seconds` is how long
    association and answer took then, `error` why there was none.
    """

    name: str
    title: str
    host: str
    port: int
    tls: bool
    watched: bool
    state: PeerState = PeerState.UNKNOWN
    since: Instant | None = None
    checked: Instant | None = None
    seconds: float | None = None
    error: str = ""


class Watch:
    """All peers. `back` is told the name of one that answers again."""

    def __init__(
        self,
        options: WatchOptions,
        peers: Mapping[str, Peer],
        limits: Limits,
        *,
        site: str,
        clock: Clock,
        ports: RoomPorts,
        back: Callable[[str], None] = lambda _name: None,
        rng: random.Random | None = None,
    ) -> None:
        self._options, self._peers, self._limits = options, peers, limits
        self._site, self._clock, self._ports, self._back = site, clock, ports, back
        self._rng = rng or random.Random()  # noqa: S311 - spreads echoes, protects nothing
        self._known = {
            name: Watched(
                name,
                peer.title,
                peer.host,
                peer.port,
                tls=peer.tls is not None,
                watched=name not in options.skip,
            )
            for name, peer in peers.items()
        }
        self._told: str | None = None

    def peers(self) -> Sequence[Watched]:
        """Every peer, in the order of devices.yaml."""
        return list(self._known.values())

    def peer(self, name: str) -> Watched:
        """KeyError if there is none."""
        return self._known[name]

    async def run(self) -> None:
        """Echo until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, each in self._known.items():
                if each.watched:
                    group.create_task(self._follow(name), name=f"dicom-watch-{name}")

    async def look(self, name: str) -> Watched:
        """Ask one now."""
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._options.timeout):
                await self._echo(self._peers[name])
        except TimeoutError:
            error = f"{self._peers[name]}: no answer within {self._options.timeout:g} s"
            await self._seen(name, None, error)
        except DeviceUnavailable as unavailable:
            await self._seen(name, None, str(unavailable))
        else:
            await self._seen(name, time.monotonic() - begun, "")
        return self._known[name]

    async def _follow(self, name: str) -> None:
        interval = self._options.interval
        await asyncio.sleep(self._rng.uniform(0, min(interval, _FIRST)))
        while True:
            await self.look(name)
            await asyncio.sleep(interval * (1 + _JITTER * (self._rng.random() - 0.5)))

    async def _echo(self, peer: Peer) -> None:
        async with associate(peer, [Wanted(VERIFICATION)], limits=self._limits) as association:
            await association.echo()

    async def _seen(self, name: str, seconds: float | None, error: str) -> None:
        before, now = self._known[name], self._clock.now()
        state = PeerState.DOWN if seconds is None else PeerState.UP
        since = before.since if before.state is state else now
        after = replace(before, state=state, since=since, checked=now, seconds=seconds, error=error)
        self._known[name] = after
        if before.state is state:
            return
        if state is PeerState.DOWN:
            log.warning("dicom: peer %s does not answer: %s", name, error)
        elif before.state is PeerState.DOWN:
            log.info("dicom: peer %s answers again", name)
        if state is PeerState.UP:
            self._back(name)
        await self._say(after, now)

    async def _say(self, peer: Watched, now: Instant) -> None:
        payload = {"title": peer.title, "seconds": peer.seconds, "error": peer.error}
        event = DeviceEvent(
            id=uuid4().bytes,
            site=self._site,
            source=Source(peer.name, _DRIVER),
            kind=Kind.SYSTEM,
            code=Coding(DICOM_SYSTEM, PEER),
            value=EventValue(peer.state.value),
            unit="",
            received_at=now,
            observed_at=now,
            payload=payload,
        )
        try:
            await self._ports.publish((event,))
        except StoreError as error:
            log.warning("dicom: that peer %s is %s is not stored: %s", peer.name, peer.state, error)
        self._say_all()

    def _say_all(self) -> None:
        """Say as the gateway, for its alarms, whether any peer is away."""
        away = [each.name for each in self._known.values() if each.state is PeerState.DOWN]
        said = "away" if away else "answer"
        if said != self._told:
            self._told = said
            self._ports.system("dicom-peers", said, ", ".join(away))
