"""Records by hand, on the page of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, access, principal
from gateway.web import Refusal, reason_in
from gateway.web.number import number
from tps_bridge.pages.said import said_what
from tps_bridge.parts import Parts

_BEAM, _TIME = "beam-", "specified-"


class HandPages:
    """What one person read from the machine, and what a second one confirms; or takes back."""

    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._sessions = kit, parts.sessions
        self._desk = parts.hand

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route("/sessions/{id}/hand", self.give, methods=["POST"]),
            Route("/sessions/{id}/hand/confirm", self.witness, methods=["POST"]),
            Route("/sessions/{id}/hand/take-back", self.take_back, methods=["POST"]),
            Route("/sessions/{id}/hand/concur", self.concur, methods=["POST"]),
        ]

    @access(Permission.NOTE_FRACTIONS)
    async def give(self, request: Request) -> Response:
        given = await self._kit.form(request)
        id_ = str(request.path_params["id"])
        metersets = _metersets(given, _BEAM)
        said_what(given, beams=bool(metersets))
        await self._desk.give(
            principal(request),
            id_,
            metersets,
            self._sessions.moment(given.get("at", "")),
            normal=given.get("ended") == "normal",
            why=reason_in(given),
            times=_metersets(given, _TIME),
        )
        return self._kit.done(
            request, f"/sessions/{id_}", "Noted. It counts when a second person confirms it."
        )

    @access(Permission.NOTE_FRACTIONS)
    async def witness(self, request: Request) -> Response:
        given = await self._kit.form(request)
        id_ = str(request.path_params["id"])
        await self._desk.witness(principal(request), id_, number(given.get("given")))
        return self._kit.done(request, f"/sessions/{id_}", "The record by hand counts.")

    @access(Permission.NOTE_FRACTIONS)
    async def take_back(self, request: Request) -> Response:
        form = await self._kit.form(request)
        id_, why = str(request.path_params["id"]), reason_in(form)
        await self._desk.take_back(principal(request), id_, number(form.get("given")), why)
        return self._kit.done(request, f"/sessions/{id_}", "Noted with its reason.")

    @access(Permission.NOTE_FRACTIONS)
    async def concur(self, request: Request) -> Response:
        form = await self._kit.form(request)
        id_ = str(request.path_params["id"])
        await self._desk.concur(principal(request), id_, number(form.get("asked")))
        return self._kit.done(request, f"/sessions/{id_}", "The record by hand is taken back.")


def _metersets(given: Mapping[str, str], prefix: str) -> dict[int, float]:
    """Metersets by beam; a field that is left empty says that the beam was not given."""
    found: dict[int, float] = {}
    for name, text in given.items():
        beam = name.removeprefix(prefix)
        if not (name.startswith(prefix) and beam.isascii() and beam.isdigit() and text.strip()):
            continue
        try:
            found[int(beam)] = float(text)
        except ValueError:
            raise Refusal(
                422,
                "Can't be so",
                "A beam's meterset is a number above 0, in the unit of the plan.",
                "Read the machine again, and correct it.",
            ) from None
    return found
