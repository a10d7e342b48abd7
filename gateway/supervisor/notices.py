"""What the gateway notices by itself, as events: devices come and go, links and the gateway."""

from __future__ import annotations

from asyncio import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from gateway.errors import StoreError
from gateway.keys import occurrence_id
from gateway.model import (
    Clock,
    Coding,
    DeviceEvent,
    Kind,
    RawId,
    Receipt,
    Retention,
    Source,
    Value,
)
from gateway.profile import POINT_SYSTEM
from gateway.registry import DeviceState, Registry
from gateway.store import Batch, EventStore
from gateway.supervisor.channel import Channels
from gateway.supervisor.ordinals import Ordinals

AVAILABILITY = "availability"
"""Code of a device's comings and goings."""

LINK_PREFIX = "link/"
"""Before a link's id, the code of its standing; the device is `gateway`."""


@dataclass(slots=True)
class _Owed:
    """A standing on its way into the store. `refused`: it is to be submitted again."""

    batch: Batch
    refused: bool = True


class Notices:
    """Notes things at once in the registry, durably as events. Nobody waits for the commit.

    What the store refuses is said again until it is stored, unless something newer was noted of
    the same device and code: what stands now is never lost, and memory stays bounded.
    """

    def __init__(
        self,
        site: str,
        store: EventStore,
        registry: Registry,
        clock: Clock,
        *,
        channels: Channels,
        ordinals: Ordinals,
    ) -> None:
        self._site = site
        self._store = store
        self._registry = registry
        self._clock = clock
        self._channels = channels
        self._ordinals = ordinals
        self._owed: dict[tuple[str, str], _Owed] = {}

    def move(
        self,
        device: str,
        state: DeviceState,
        reason: str,
        *,
        raw_id: RawId | None = None,
        link: str = "",
    ) -> None:
        """Note the state of a device, if it is another one.

        `raw_id` is what it was heard by; silence has no bytes. `link` is named where the device
        itself is not at fault.
        """
        channel = self._channels.get(device)
        if channel is None or not self._registry.move(device, state, self._clock.now(), reason):
            return
        if state is DeviceState.OFFLINE:
            channel.changes.forget()
        event = self._event(
            device, Kind.AVAILABILITY, AVAILABILITY, state.value, reason, raw_id=raw_id, link=link
        )
        self._note(event, Retention.TELEMETRY)

    def system(self, code: str, text: str, detail: str) -> None:
        """Note something about the gateway itself, as an event of the device `gateway`."""
        event = self._event("gateway", Kind.SYSTEM, code, text, detail)
        self._note(event, Retention.RECORD)

    def say_again(self) -> None:
        """Submit what the store refused and what still stands."""
        for key, owed in list(self._owed.items()):
            if owed.refused:
                with suppress(StoreError):
                    self._submit(key, owed)

    def _event(
        self,
        device: str,
        kind: Kind,
        code: str,
        text: str,
        detail: str,
        *,
        raw_id: RawId | None = None,
        link: str = "",
    ) -> DeviceEvent:
        now = self._clock.now()
        said = {"detail": detail, "link": link}
        channel = self._channels.get(device)
        return DeviceEvent(
            id=occurrence_id(self._site, device, self._ordinals.next()),
            site=self._site,
            source=Source(device, "gateway"),
            kind=kind,
            code=Coding(POINT_SYSTEM, code),
            value=Value(text),
            unit="",
            received_at=now,
            observed_at=now,
            raw_id=raw_id,
            simulated=channel is not None and channel.entry.simulated,
            payload={key: text for key, text in said.items() if text} or None,
        )

    def _note(self, event: DeviceEvent, retention: Retention) -> None:
        key = event.source.device, event.code.code
        owed = self._owed[key] = _Owed(Batch(retention, events=(event,)))
        self._submit(key, owed)

    def _submit(self, key: tuple[str, str], owed: _Owed) -> None:
        future = self._store.submit(owed.batch)
        owed.refused = False
        future.add_done_callback(partial(self._settled, key, owed))

    def _settled(self, key: tuple[str, str], owed: _Owed, done: Future[Receipt]) -> None:
        owed.refused = done.cancelled() or done.exception() is not None
        if not owed.refused and self._owed.get(key) is owed:
            del self._owed[key]
