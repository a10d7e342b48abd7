"""`/plans/{uid}`: a plan, its beams, whether its next fraction may be given; what people do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway import StoreError
from gateway.room import PageKit, Permission, Principal, access, principal
from gateway.web import reason_in
from gateway.web.number import number
from tps_bridge.block import NEVER_SET_ASIDE, BlockKind, emergency_of
from tps_bridge.book import PlanRow
from tps_bridge.book.family import Kinship, relations
from tps_bridge.book.standing import is_active, is_approved
from tps_bridge.compare import Limits, Tolerances, of_plan
from tps_bridge.desk import Shown
from tps_bridge.draw import Eye, Trajectory, eye, trajectory
from tps_bridge.face import Faces, course_id
from tps_bridge.kin import kin_of
from tps_bridge.parts import Parts
from tps_bridge.plan import Beam, ControlPoint, Plan
from tps_bridge.record import Record
from tps_bridge.record_desk import RecordDesk
from tps_bridge.rt import Item, Malformed, keyed
from tps_bridge.telling import SAID

_DELIVERIES = ("ControlPointDeliverySequence", "IonControlPointDeliverySequence")
_SESSION_BEAMS = ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")
_POSITIONS = "BeamLimitingDevicePositionSequence"


@dataclass(frozen=True, slots=True)
class Seen:
    """A control point of a beam as it is looked at; `record` is the UID of what lies over it."""

    beam: Beam
    point: ControlPoint
    meterset: float | None
    eye: Eye | None
    trajectory: Trajectory | None
    at: float
    record: str


class PlanPages:
    def __init__(self, kit: PageKit, parts: Parts) -> None:
        self._kit, self._context = kit, parts.context
        self._book, self._desk, self._reader = parts.book, parts.desk, parts.reader
        self._tolerances, self._options = parts.tolerances, parts.options
        self._sessions = parts.sessions
        self._records = RecordDesk(parts.book, parts.desk)

    def routes(self) -> Iterable[BaseRoute]:
        one = "/plans/{uid}"
        return [
            Route(one, self.plan, methods=["GET"]),
            Route(f"{one}/approve", self.approve, methods=["POST"]),
            Route(f"{one}/retire", self.retire, methods=["POST"]),
            Route(f"{one}/end", self.end, methods=["POST"]),
            Route(f"{one}/miss", self.miss, methods=["POST"]),
            Route(f"{one}/make-up", self.make_up, methods=["POST"]),
            Route(f"{one}/override", self.override, methods=["POST"]),
            Route(f"{one}/confirm", self.confirm, methods=["POST"]),
        ]

    @access(Permission.READ_PLANS)
    async def plan(self, request: Request) -> Response:
        row = await self._desk.known(principal(request), _uid(request))
        card, who = row.card, principal(request)
        reader = self._kit.reader(request)
        neighbours = self._context.neighbours
        strangers = await self._book.strangers(card.uid)
        identities = [card.identity, *(each.card.identity for each in strangers)]
        faces = await Faces.of(neighbours, identities, who, reader.language)
        notes = await self._book.notes(card.uid)
        records = await self._book.records(card.uid)
        plan = await self._whole(card.uid)
        return self._kit.page(
            request,
            "tps/plan.html",
            told=SAID,
            row=row,
            face=faces.face(card.identity),
            course=course_id(card.identity, card.uid),
            ledgers=await self._book.ledgers(card.uid),
            records=records,
            notes=notes,
            checked=await self._desk.checks(row),
            approved=is_approved(card, notes),
            active=is_active(card, notes),
            seen=None if plan is None else await self._seen(request, plan),
            structures=await self._book.structures(card.structure_set),
            grids=await self._book.doses(card.uid),
            versions=await self._versions(who, row),
            may_approve=who.may(Permission.APPROVE_PLANS),
            may_note=who.may(Permission.NOTE_FRACTIONS),
            may_override=who.may(Permission.OVERRIDE_BLOCKS),
            who_id=who.id,
            sessions=[
                await self._sessions.standing(each) for each in await self._book.sessions(card.uid)
            ],
            tasks=self._options.tasks(card.machines[0]) if card.machines else (),
            levels={each: self._options.level(each) for each in card.machines},
            relations=relations(notes),
            kin=await kin_of(self._book, card),
            kinships=tuple(Kinship),
            rule=self._options.emergency,
            emergency=emergency_of(notes, card.digest, second_person=self._options.second_person),
            strangers=[(each, faces.face(each.card.identity)) for each in strangers],
            unsure=await self._records.unsure(row),
            overridable=frozenset(BlockKind) - NEVER_SET_ASIDE,
        )

    @access(Permission.APPROVE_PLANS)
    async def approve(self, request: Request) -> Response:
        given = await self._kit.form(request)
        await self._desk.approve(
            principal(request), _uid(request), given.get("digest", ""), reason_in(given)
        )
        return self._kit.done(request, _path(request), "The plan is approved for treatment.")

    @access(Permission.APPROVE_PLANS)
    async def retire(self, request: Request) -> Response:
        why = reason_in(await self._kit.form(request))
        await self._desk.retire(principal(request), _uid(request), why)
        return self._kit.done(request, _path(request), "The plan is retired.")

    @access(Permission.APPROVE_PLANS)
    async def end(self, request: Request) -> Response:
        why = reason_in(await self._kit.form(request))
        await self._desk.end(principal(request), _uid(request), why)
        return self._kit.done(request, _path(request), "The plan is ended.")

    @access(Permission.NOTE_FRACTIONS)
    async def miss(self, request: Request) -> Response:
        given = await self._kit.form(request)
        day, why = given.get("day", ""), reason_in(given)
        await self._desk.miss(principal(request), _uid(request), day, why)
        return self._kit.done(request, _path(request), "The missed fraction is noted.")

    @access(Permission.NOTE_FRACTIONS)
    async def make_up(self, request: Request) -> Response:
        given = await self._kit.form(request)
        fraction = number(given.get("fraction"))
        who, day = principal(request), given.get("day", "")
        why = reason_in(given) if given.get("reason", "").strip() else ""
        await self._desk.make_up(who, _uid(request), day, fraction, why)
        return self._kit.done(request, _path(request), "It is noted what the fraction made up for.")

    @access(Permission.OVERRIDE_BLOCKS)
    async def override(self, request: Request) -> Response:
        given = await self._kit.form(request)
        shown = Shown(
            given.get("block", ""),
            number(given.get("group")),
            number(given.get("fraction")),
            given.get("seen", ""),
        )
        await self._desk.override(principal(request), _uid(request), shown, reason_in(given))
        return self._kit.done(request, _path(request), "The override is kept; it shows for ever.")

    @access(Permission.OVERRIDE_BLOCKS)
    async def confirm(self, request: Request) -> Response:
        given = await self._kit.form(request)
        override = number(given.get("override"))
        await self._desk.confirm(principal(request), _uid(request), override)
        return self._kit.done(request, _path(request), "The override is confirmed.")

    async def _whole(self, uid: str) -> Plan | None:
        """The plan with its control points; None while its file can't be read."""
        try:
            return await self._reader.plan(uid)
        except (LookupError, StoreError, Malformed):
            return None

    async def _versions(self, who: Principal, row: PlanRow) -> list[PlanRow]:
        """The other plans of this person."""
        own = row.card.identity
        if not own.patient:
            return []
        several = await self._desk.seen.of_patient(who, own.patient, own.issuer)
        return [each for each in several if each.card.uid != row.card.uid]

    async def _seen(self, request: Request, plan: Plan) -> Seen | None:
        query = request.query_params
        first = (plan.treatment_beams or plan.beams)[:1]
        wanted = plan.beam(number(query.get("beam"))) or (first[0] if first else None)
        if wanted is None:
            return None
        place = min(number(query.get("point")), len(wanted.points) - 1)
        uid = query.get("record", "")
        record = await self._record(uid, plan.uid)
        return _seen(plan, wanted, wanted.points[max(0, place)], record, self._tolerances)

    async def _record(self, uid: str, plan: str) -> Record | None:
        if not uid:
            return None
        try:
            record = await self._reader.record(uid)
        except (LookupError, StoreError, Malformed):
            return None
        return record if record.plan == plan else None


def _seen(
    plan: Plan, beam: Beam, point: ControlPoint, record: Record | None, tolerances: Tolerances
) -> Seen:
    over = None if record is None else _delivered(record, beam.number, point.index)
    limits = _limits(plan, beam.number, tolerances)
    within = {
        each.kind: limits.of("LeafJawPositions", each.kind).alarm or 0.0 for each in beam.limiters
    }
    meterset = beam.meterset_at(point)
    drawn = trajectory(beam)
    along = (meterset if drawn and drawn.unit else float(point.index)) or 0.0
    return Seen(
        beam=beam,
        point=point,
        meterset=meterset,
        eye=eye(beam.limiters, point.positions, over, within) if point.positions else None,
        trajectory=drawn,
        at=along / drawn.end * drawn.width if drawn and drawn.end else 0.0,
        record=record.uid if record and over else "",
    )


def _limits(plan: Plan, number: int, tolerances: Tolerances) -> Limits:
    several = plan.tree.items("BeamSequence", "IonBeamSequence")
    beam = next((each for each in several if each.number("BeamNumber") == number), Item())
    return of_plan(plan.tree, beam, tolerances)


def _delivered(record: Record, number: int, index: int) -> dict[str, tuple[float, ...]] | None:
    """Positions of jaws and leaves that a record tells for a control point."""
    for beam in record.tree.items(*_SESSION_BEAMS):
        if beam.number("ReferencedBeamNumber") == number:
            for point in beam.items(*_DELIVERIES):
                if point.number("ReferencedControlPointIndex") == index:
                    several = keyed(_POSITIONS, point.items(_POSITIONS))
                    return {
                        kind: each.numbers("LeafJawPositions") for kind, each in several.items()
                    }
    return None


def _uid(request: Request) -> str:
    return str(request.path_params["uid"])


def _path(request: Request) -> str:
    return f"/plans/{_uid(request)}"
