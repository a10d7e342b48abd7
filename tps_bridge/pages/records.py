"""What people say of a plan's records that leave something open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, access, principal
from gateway.web import Refusal, reason_in
from gateway.web.number import number
from tps_bridge.book import Reading
from tps_bridge.pages.said import said_what
from tps_bridge.parts import Parts
from tps_bridge.record_desk import Established, RecordDesk

_FROM, _TO, _TIME = "from-", "to-", "specified-"
_CONFIRMED_LATER = "It holds when a second person confirms it."


class RecordPages:
    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._desk = kit, RecordDesk(parts.book, parts.desk)

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/plans/{uid}/attribute", self.attribute, methods=["POST"]),
            Route("/plans/{uid}/correct", self.correct, methods=["POST"]),
            Route("/plans/{uid}/settle", self.settle, methods=["POST"]),
        ]

    @access(Permission.OVERRIDE_BLOCKS)
    async def attribute(self, request: Request) -> Response:
        """Say whose a record is that names another patient: `own` is yes or no."""
        given, uid = await self._kit.form(request), str(request.path_params["uid"])
        record, own, why = given.get("object", ""), given.get("own"), reason_in(given)
        if own not in ("yes", "no"):
            raise Refusal(
                422, "Say whose it is", "Nothing was done.", "Choose whose the record is."
            )
        await self._desk.attribute(principal(request), uid, record, own=own == "yes", why=why)
        return self._kit.done(request, f"/plans/{uid}", _CONFIRMED_LATER)

    @access(Permission.OVERRIDE_BLOCKS)
    async def correct(self, request: Request) -> Response:
        """Say what a record gave that doesn't tell it: `gave` is beams or nothing."""
        given, uid = await self._kit.form(request), str(request.path_params["uid"])
        beams = tuple(_readings(given))
        said_what(given, beams=bool(beams))
        if beams and given.get("ended") not in {"normal", "interrupted"}:
            raise Refusal(
                422, "Say how it ended", "Nothing was done.", "Choose whether it was interrupted."
            )
        said = Established(
            number(given.get("group")),
            number(given.get("fraction")),
            beams,
            normal=given.get("ended") == "normal",
        )
        record, why = given.get("object", ""), reason_in(given)
        await self._desk.correct(principal(request), uid, record, said, why)
        return self._kit.done(request, f"/plans/{uid}", _CONFIRMED_LATER)

    @access(Permission.OVERRIDE_BLOCKS)
    async def settle(self, request: Request) -> Response:
        """Note that somebody looked at what a record leaves open."""
        given, uid = await self._kit.form(request), str(request.path_params["uid"])
        object_, why = given.get("object", ""), reason_in(given)
        await self._desk.settle(principal(request), uid, object_, why)
        return self._kit.done(request, "/courses/problems", "It is noted that you looked at it.")


def _readings(given: Mapping[str, str]) -> Iterator[Reading]:
    """From where to where each beam went; fields left empty say that it was not given."""
    for name, text in given.items():
        beam = name.removeprefix(_TO)
        if not (name.startswith(_TO) and beam.isascii() and beam.isdigit()):
            continue
        start = given.get(f"{_FROM}{beam}", "")
        if not (start.strip() or text.strip()):
            continue
        time = given.get(f"{_TIME}{beam}", "").strip()
        try:
            yield Reading(int(beam), float(start), float(text), float(time) if time else None)
        except ValueError:
            raise Refusal(
                422,
                "Can't be so",
                "A beam goes from one meterset to a greater one.",
                "Look at the machine's own record, and correct it.",
            ) from None
