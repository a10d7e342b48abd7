"""`/`: is my site well?"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.render import Renderer
from gateway.console.shown import Card, cards
from gateway.model import Quality
from gateway.registry import DeviceState
from gateway.room import Permission, access
from gateway.supervisor import LinkState
from gateway.web import GatewayView

_WAITING = 100


@dataclass(frozen=True, slots=True)
class Wellness:
    """What the five tiles count."""

    devices: int
    answering: int
    silent: int
    values: int
    current: int


def wellness(all_cards: list[Card]) -> Wellness:
    tiles = [tile for card in all_cards for tile in card.tiles]
    states = [card.status.state for card in all_cards]
    return Wellness(
        devices=len(states),
        answering=states.count(DeviceState.ONLINE),
        silent=states.count(DeviceState.OFFLINE),
        values=len(tiles),
        current=sum(tile.quality is Quality.GOOD and bool(tile.text) for tile in tiles),
    )


class Overview:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_SITE)
    async def page(self, request: Request) -> Response:
        reader = self._renderer.reader(request)
        all_cards = cards(self._view, reader)
        waiting = await self._view.store.quarantine(limit=_WAITING, open_only=True)
        return self._renderer.page(
            request,
            "overview.html",
            wellness=wellness(all_cards),
            silent=[card for card in all_cards if card.silent],
            failed=[link for link in self._view.links() if link.state is LinkState.FAILED],
            cards=_by_place(all_cards),
            waiting=len(waiting),
            waiting_more=len(waiting) == _WAITING,
            readiness=self._view.readiness(),
            last_seq=self._view.store.last_seq,
        )


def _by_place(all_cards: list[Card]) -> list[Card]:
    """Devices of a place side by side, places in the order of their first device."""
    places = list(dict.fromkeys(card.location for card in all_cards))
    return sorted(all_cards, key=lambda card: places.index(card.location))
