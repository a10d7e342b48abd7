"""`/plans/{uid}/dose`: a plan's dose over its structures, plane by plane, and its histograms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import Graph, PageKit, Permission, about, access, principal
from gateway.web import Refusal
from gateway.web.number import number
from tps_bridge.draw.histogram import graphs, name_of
from tps_bridge.face import Faces, course_id
from tps_bridge.overlay import Overlay, Overlays, Wanted
from tps_bridge.parts import Parts
from tps_bridge.slices import Histogram

_CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Row:
    """A stored histogram in the table."""

    name: str
    histogram: Histogram


class DosePages:
    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context, self._desk = kit, parts.context, parts.desk
        self._book, self._overlays = parts.book, Overlays(parts.book, parts.reader)

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/plans/{uid}/dose", self.dose, methods=["GET"])]

    @access(Permission.READ_PLANS)
    async def dose(self, request: Request) -> Response:
        """`?dose=` of which object, `?plane=` from the feet, `?roi=` several with `?chosen=1`."""
        who, query = principal(request), request.query_params
        row = await self._desk.known(who, str(request.path_params["uid"]))
        card, wanted = row.card, _wanted(query)
        made = await self._overlays.of(card.uid, wanted)
        if wanted.dose and (made.dose is None or made.dose.uid != wanted.dose):
            raise _no_dose()
        about(
            request,
            subject=card.identity.subject,
            plan=card.uid,
            dose=made.dose.uid if made.dose else "",
            structures=made.outlines.uid if made.outlines else "",
        )
        language = self._kit.reader(request).language
        faces = await Faces.of(self._context.neighbours, [card.identity], who, language)
        return self._kit.page(
            request,
            "tps/dose.html",
            card=card,
            face=faces.face(card.identity),
            course=course_id(card.identity, card.uid),
            doses=await self._book.doses(card.uid),
            made=made,
            wash=_CHOSEN not in query or "wash" in query,
            graphs=_graphs(made),
            may_see=who.may(Permission.READ_IMAGES),
            rows=[Row(name_of(each, made.names), each) for each in made.histograms],
            step=_steps(query, made),
        )


def _wanted(query: QueryParams) -> Wanted:
    chosen = frozenset(number(each) for each in query.getlist("roi"))
    return Wanted(
        dose=query.get("dose", ""),
        place=number(query.get("plane")),
        rois=chosen if _CHOSEN in query else None,
        reference=number(query.get("reference")),
    )


def _graphs(made: Overlay) -> Sequence[Graph]:
    return graphs(made.histograms, made.names)


def _steps(query: QueryParams, made: Overlay) -> dict[str, str]:
    """The addresses of the planes beside the one that is shown, as far as there are any."""
    if made.grid is None:
        return {}
    kept = [(key, value) for key, value in query.multi_items() if key not in ("plane", "lang")]
    places = {"prev": made.place - 1, "next": made.place + 1}
    return {
        rel: f"?{urlencode([*kept, ('plane', place)])}#slice"
        for rel, place in places.items()
        if 1 <= place <= len(made.grid.planes)
    }


def _no_dose() -> Refusal:
    return Refusal(
        404,
        "Unknown dose",
        "No dose of this plan has this UID.",
        "Open the plan, and choose one of its doses.",
    )
