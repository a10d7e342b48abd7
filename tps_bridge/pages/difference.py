"""`/plans/{uid}/difference`: is this what was approved?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway import Localized, StoreError
from gateway.room import PageKit, Permission, access, principal
from gateway.web import Refusal
from tps_bridge.compare import (
    Branch,
    Difference,
    Severity,
    branches,
    said,
    step_words,
)
from tps_bridge.face import Faces
from tps_bridge.parts import Parts
from tps_bridge.rt import Malformed

_MOST = 400


@dataclass(frozen=True, slots=True)
class Words:
    """A difference as it is read."""

    text: Localized
    severity: Severity


@dataclass(frozen=True, slots=True)
class Knot:
    """A beam, control point or device with what differs in it; `name` is empty for the whole."""

    name: Localized
    severity: Severity
    differences: tuple[Words, ...]
    knots: tuple[Knot, ...]


class DifferencePages:
    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context = kit, parts.context
        self._desk, self._reader, self._tolerances = parts.desk, parts.reader, parts.tolerances

    def routes(self) -> Iterable[BaseRoute]:
        return [Route("/plans/{uid}/difference", self.difference, methods=["GET"])]

    @access(Permission.READ_PLANS)
    async def difference(self, request: Request) -> Response:
        """Against a record (`record=`), or another plan (`plan=`)."""
        who = principal(request)
        row = await self._desk.known(who, str(request.path_params["uid"]))
        record, other = request.query_params.get("record", ""), request.query_params.get("plan", "")
        if not record:
            await self._desk.known(who, other)
        try:
            found = await self._found(row.card.uid, record, other)
        except (LookupError, StoreError, Malformed) as error:
            raise Refusal(
                404,
                "Nothing to compare",
                "The plan or the record can't be read: {what}",
                "Look it up on the plan's page; what can't be read is in the list of problems.",
                what=str(error),
            ) from None
        reader = self._kit.reader(request)
        identity = row.card.identity
        faces = await Faces.of(self._context.neighbours, [identity], who, reader.language)
        least = Severity.NOTE if request.query_params.get("all") else Severity.WARN
        shown = sorted(
            (each for each in found if each.severity >= least or each.severity is Severity.UNTOLD),
            key=lambda each: -each.severity,
        )[:_MOST]
        kept = {id(each) for each in shown}
        return self._kit.page(
            request,
            "tps/difference.html",
            row=row,
            face=faces.face(identity),
            record=record,
            other=other,
            tree=_knot(branches(each for each in found if id(each) in kept)),
            counts=Counter(each.severity.name.lower() for each in found),
            hidden=len(found) - len(shown),
            everything=least is Severity.NOTE,
        )

    async def _found(self, uid: str, record: str, other: str) -> tuple[Difference, ...]:
        plan = await self._reader.plan(uid)
        if record:
            delivered = await self._reader.record(record)
            if delivered.plan != uid:
                raise LookupError(f"record {record} names another plan")
            return await self._reader.delivered(plan, delivered, self._tolerances)
        return await self._reader.versions(plan, await self._reader.plan(other))


def _knot(branch: Branch) -> Knot:
    return Knot(
        step_words(branch.step) if branch.step else "",
        branch.severity,
        tuple(_words(branch.differences)),
        tuple(_knot(each) for each in branch.branches),
    )


def _words(differences: Iterable[Difference]) -> Iterator[Words]:
    for each in differences:
        yield Words(said(each), each.severity)
