"""What the gateway notices by itself, as events: devices come and go, links and the gateway."""

from __future__ import annotations

from gateway.keys import occurrence_id
from gateway.model import Clock, Coding, DeviceEvent, Kind, RawId, Retention, Source, Value
from gateway.profile import POINT_SYSTEM
from gateway.registry import DeviceState, Registry
from gateway.store import Batch, EventStore
from gateway.supervisor.channel import Channels
from gateway.supervisor.ordinals import Ordinals

AVAILABILITY = "availability"
"""Code of a device's comings and goings."""

LINK_PREFIX = "link/"
"""Before a link's id, the code of its standing; the device is `gateway`."""


class Notices:
    """Notes things at once in the registry, durably as events. Nobody waits for the commit."""

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
        self._submit(Batch(Retention.TELEMETRY, events=(event,)))

    def system(self, code: str, text: str, detail: str) -> None:
        """Note something about the gateway itself, as an event of the device `gateway`."""
        event = self._event("gateway", Kind.SYSTEM, code, text, detail)
        self._submit(Batch(Retention.RECORD, events=(event,)))

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

    def _submit(self, batch: Batch) -> None:
        future = self._store.submit(batch)
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
