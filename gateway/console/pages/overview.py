"""`/`: is my site well?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.kit.render import Renderer
from gateway.console.navigation import navigation
from gateway.console.pages.newest import Filters, newest
from gateway.console.pages.told import told
from gateway.console.text.reader import Reader
from gateway.model import Instant, Kind, Localized
from gateway.registry import DeviceState, DeviceStatus
from gateway.room import (
    Access,
    Attention,
    Glance,
    Level,
    Permission,
    Principal,
    Tile,
    access,
    principal,
)
from gateway.supervisor import LinkState, LinkStatus
from gateway.web import GatewayView, Refusal, SeenView, caller_of, seen

_WAITING = 100
_RECENT = 8
_REACH = 5_000
_NOTEWORTHY = frozenset(Kind) - {Kind.MEASUREMENT, Kind.STATE}
_TILES = 8


class Overview:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Access.SIGNED_IN)
    async def page(self, request: Request) -> Response:
        who = principal(request)
        if caller_of(request).pending or not who.may(Permission.READ_SITE):
            return self._elsewhere(request, who)
        reader = self._renderer.reader(request)
        view = seen(self._view, request)
        own, of_rooms = await asyncio.gather(self._own(view, who, reader), view.glances(who))
        glances = [own, *of_rooms]
        tiles = sorted((t for each in glances for t in each.tiles), key=lambda tile: tile.place)
        needs = sorted(
            (one for each in glances for one in each.attention),
            key=lambda one: -(one.since or reader.now),
        )
        states = [status.state for status in view.registry]
        return self._renderer.page(
            request,
            "overview.html",
            tiles=tiles[:_TILES],
            needs=needs,
            devices_total=len(states),
            silent=states.count(DeviceState.OFFLINE),
            waiting=states.count(DeviceState.WAITING),
            readiness=self._view.readiness(),
            recent=await self._recent(view, who, reader),
        )

    def _elsewhere(self, request: Request, who: Principal) -> Response:
        """To the first page that somebody may open who may not see the site."""
        pending = caller_of(request).pending
        areas = navigation(self._view.navigation(), who)
        first = next((entry.path for entries in areas.values() for entry in entries), "")
        if not (pending or first):
            raise Refusal(
                403,
                "Not allowed",
                "There is no page that {who} may open.",
                "Ask an administrator if your work needs one.",
                who=who.name or who.id,
            )
        return RedirectResponse(pending or first, 303, {"cache-control": "no-store"})

    async def _recent(self, view: SeenView, who: Principal, reader: Reader) -> list[object]:
        if not who.may(Permission.READ_EVENTS):
            return []
        store = self._view.store
        found = await newest(
            store,
            before=store.last_seq + 1,
            count=_RECENT,
            filters=Filters(kinds=_NOTEWORTHY, wanted=view.sees),
            reach=_REACH,
        )
        return [told(event, self._view, reader) for event in found.events]

    async def _own(self, view: SeenView, who: Principal, reader: Reader) -> Glance:
        """Devices, lines, the store and the quarantine."""
        quarantine = who.may(Permission.READ_QUARANTINE)
        entries = await view.store.quarantine(limit=_WAITING, open_only=True) if quarantine else ()
        oldest = entries[0].entry.at if entries else reader.now
        statuses = list(view.registry)
        return Glance(
            tiles=(
                _devices_tile(statuses, reader),
                *([_quarantine_tile(len(entries), reader)] if quarantine else ()),
                _store_tile(self._view, reader),
            ),
            attention=[
                *self._store_attention(reader),
                *_lost_attention(view.links(), statuses, reader),
                *([_waiting(len(entries), oldest, reader)] if entries else ()),
            ],
        )

    def _store_attention(self, reader: Reader) -> Iterator[Attention]:
        state = self._view.readiness()
        if state.reason:
            level = Level.MEDIUM if state.ready else Level.HIGH
            name = reader.words.gettext("Event store")
            yield Attention(level, name, reader.said(state.reason), "")


def _lost_attention(
    links: Sequence[LinkStatus], statuses: Sequence[DeviceStatus], reader: Reader
) -> Iterator[Attention]:
    """Lost links, each with how many devices it took along, and devices that fell silent alone."""
    silent = [status for status in statuses if _is_silent(status)]
    taken = Counter(status.entry.link for status in silent)
    lost = {link.id: link for link in links if _is_lost(link, taken[link.id])}
    for link in lost.values():
        why = reader.said(link.reason)
        if count := taken[link.id]:
            words = reader.words
            told = words.ngettext("%(num)s device with it", "%(num)s devices with it", count)
            why = f"{why} · {told % {'num': count}}"
        level = Level.HIGH if link.state is LinkState.FAILED else Level.MEDIUM
        yield Attention(level, link.id, why, f"/messages?link={link.id}", link.since)
    yield from (_silent(status, reader) for status in silent if status.entry.link not in lost)


def _is_lost(link: LinkStatus, taken: int) -> bool:
    """A link that is down is shown for the devices that went with it; a wrong one in any case."""
    return link.state is LinkState.FAILED or (link.state is LinkState.DOWN and taken > 0)


def _is_silent(status: DeviceStatus) -> bool:
    return status.state is DeviceState.OFFLINE


def _silent(status: DeviceStatus, reader: Reader) -> Attention:
    name = reader.text(status.entry.name) or status.entry.id
    place = reader.text(status.entry.location)
    return Attention(
        Level.MEDIUM,
        f"{name} · {place}" if place else name,
        reader.said(status.reason) or reader.words.gettext("no answer"),
        f"/devices/{status.entry.id}",
        status.since,
    )


def _devices_tile(statuses: Sequence[DeviceStatus], reader: Reader) -> Tile:
    answering = sum(status.state is DeviceState.ONLINE for status in statuses)
    silent = sum(_is_silent(status) for status in statuses)
    note: Localized = ""
    if silent:
        words = reader.words
        note = words.ngettext("%(num)s silent", "%(num)s silent", silent) % {"num": silent}
    return Tile(
        reader.words.gettext("Devices answering"),
        str(answering),
        "/devices",
        Level.MEDIUM if silent else Level.CALM,
        note,
        f"/ {len(statuses)}",
        0,
    )


def _quarantine_tile(count: int, reader: Reader) -> Tile:
    return Tile(
        reader.words.gettext("In quarantine"),
        f"{count}+" if count == _WAITING else str(count),
        "/quarantine",
        Level.MEDIUM if count else Level.CALM,
        place=800,
    )


def _store_tile(view: GatewayView, reader: Reader) -> Tile:
    state = view.readiness()
    gettext = reader.words.gettext
    if not state.ready:
        word, level = gettext("withholding"), Level.HIGH
    elif state.reason:
        word, level = gettext("warning"), Level.MEDIUM
    else:
        word, level = gettext("writing"), Level.CALM
    events = gettext("up to event %(seq)s") % {"seq": f"{view.store.last_seq:,}"}
    return Tile(gettext("Store"), word, "/events", level, events, place=900)


def _waiting(count: int, since: Instant, reader: Reader) -> Attention:
    text = reader.words.ngettext(
        "%(num)s message in quarantine", "%(num)s messages in quarantine", count
    )
    return Attention(
        Level.MEDIUM,
        text % {"num": count},
        reader.words.gettext("Received and kept, but not understood."),
        "/quarantine",
        since,
    )
