"""`/devices`: which are there, how are they, since when?"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.shown import Card, cards
from gateway.console.text.reader import Reader
from gateway.model import Instant
from gateway.registry import DeviceState, DeviceStatus
from gateway.room import Choice, Column, Permission, Search, Table, access
from gateway.web import GatewayView, seen


@dataclass(frozen=True, slots=True)
class Row:
    """A device in the reader's words."""

    status: DeviceStatus
    name: str
    place: str
    profile: str
    since: str
    heard: str

    @property
    def id(self) -> str:
        return self.status.entry.id

    @property
    def link(self) -> str:
        return self.status.entry.link

    @property
    def last_seen(self) -> Instant | None:
        return self.status.last_seen


DEVICES: Table[Row] = Table(
    "devices",
    (
        Column("name", "Device", lambda row: row.name),
        Column("place", "Place", lambda row: row.place or None),
        Column("state", "State", lambda row: row.status.state.value),
        Column("since", "State since", lambda row: row.since),
        Column("heard", "Last heard", lambda row: row.heard or None, right=True),
        Column("line", "Line", lambda row: f"{row.status.driver} {row.link}"),
        Column("profile", "Profile", lambda row: row.profile),
    ),
    (
        Choice(
            "state",
            "State",
            lambda row: row.status.state.value,
            [(state.value, state.value) for state in DeviceState],
            "state",
        ),
        Choice("place", "Place", lambda row: row.place),
        Choice("driver", "Driver", lambda row: row.status.driver),
        Search("q", "Search", lambda row: f"{row.name} {row.id} {row.link} {row.profile}"),
    ),
)


class Devices:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        """As a list, or as cards with their main values (`view=cards`)."""
        reader = self._renderer.reader(request)
        view = seen(self._view, request)
        as_cards = request.query_params.get("view") == "cards"
        return self._renderer.table(
            request,
            "devices.html",
            DEVICES,
            [_row(status, reader) for status in view.registry],
            as_cards=as_cards,
            cards=_by_place(cards(view, reader)) if as_cards else (),
        )


def _row(status: DeviceStatus, reader: Reader) -> Row:
    entry = status.entry
    return Row(
        status,
        reader.text(entry.name) or entry.id,
        reader.text(entry.location),
        reader.text(entry.profile.title),
        reader.moment(status.since),
        reader.moment(status.last_seen) if status.last_seen else "",
    )


def _by_place(all_cards: list[Card]) -> list[Card]:
    """Devices of a place side by side, places in the order of their first device."""
    places = list(dict.fromkeys(card.location for card in all_cards))
    return sorted(all_cards, key=lambda card: places.index(card.location))
