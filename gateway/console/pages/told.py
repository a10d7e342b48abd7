"""An event as a line: what happened, in the reader's words."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from gateway.console.pages.telling import called
from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.model import DeviceEvent, Kind
from gateway.room.act import GATEWAY
from gateway.web import GatewayView, SeenView
from gateway.web.point import point_name

_OF_PEOPLE = frozenset({Kind.PATIENT, Kind.APPOINTMENT, Kind.ORDER})
_OWN_WORDS = frozenset({Kind.AVAILABILITY, Kind.SYSTEM, Kind.ACTION})


@dataclass(frozen=True, slots=True)
class Told:
    """`path` leads to the event, `origin` to its bytes if it has any."""

    event: DeviceEvent
    device: str
    known: bool
    what: str
    value: str
    unit: str

    @property
    def path(self) -> str:
        return f"/events/{self.event.seq}"

    @property
    def device_path(self) -> str:
        return f"/devices/{quote(self.event.source.device)}" if self.known else ""

    @property
    def origin(self) -> str:
        event = self.event
        return f"/messages/{event.raw_id}?seq={event.seq}" if event.raw_id else ""


def told(event: DeviceEvent, view: GatewayView | SeenView, reader: Reader) -> Told:
    status = view.registry.get(event.source.device)
    name = reader.text(status.entry.name) if status is not None else ""
    own = event.kind in _OWN_WORDS
    kind = reader.words.pgettext("kind", event.kind)
    coded = event.value is not None and event.value.code is not None
    words = called(event, view.telling())
    if words is not None:
        what, value = reader.text(words.what), reader.said(words.rest)
    elif own or event.kind in _OF_PEOPLE:
        what, value = kind, _value(event, reader)
    else:
        what, value = reader.text(point_name(status, event.code.code)), _value(event, reader)
    return Told(
        event,
        name or _nobodys(event.source.device, reader),
        status is not None,
        what,
        value,
        "" if coded else written(event.unit),
    )


def _nobodys(device: str, reader: Reader) -> str:
    """What is no device of devices.yaml: the gateway itself, or a part of it by its name."""
    return reader.words.gettext("gateway") if device == GATEWAY else device


def _value(event: DeviceEvent, reader: Reader) -> str:
    value = event.value
    if value is None:
        return event.code.code if event.kind is Kind.ACTION else ""
    if value.code is not None:
        return reader.words.pgettext("value", value.code.code)
    if event.kind is Kind.AVAILABILITY:
        return reader.words.pgettext("state", value.text)
    if event.kind in _OF_PEOPLE:
        return event.code.code
    if event.kind in (Kind.SYSTEM, Kind.ACTION):
        return f"{event.code.code}: {value.text}"
    return f"{value.operator or ''}{value.text}"
