"""`/critical-values`: of which does somebody have to be told, and who was told of the last?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.lab.paper import names_of
from gateway.lab.reporting.desk import ReportDesk, Said, Shown
from gateway.lab.reporting.state import CriticalValue, State, Way
from gateway.model import Localized
from gateway.room import (
    Attention,
    Glance,
    Level,
    PageKit,
    Permission,
    Principal,
    Tile,
    access,
    principal,
)
from gateway.room.route import MOST, PREFIX, answer, route
from gateway.web import Refusal, rfc3339
from gateway.web.number import number

_PATH = "/critical-values"
_DONE = 50
_LONGEST = 200
_MOST_TOLD = 20

Told = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_LONGEST)]


class Reported(BaseModel):
    """A word that somebody was told, and repeated it."""

    model_config = ConfigDict(extra="forbid")

    answers: Literal[State.WAITING, State.TO_RETRACT] = Field(
        description="the state of the value that they were told of"
    )
    told: Told = Field(description="who was told: name, and ward or role")
    way: Way
    read_back: Literal[True] = Field(description="they repeated it, and it was right")
    note: str = Field(default="", max_length=_LONGEST)


class ReportDocument(BaseModel):
    """Who was told, and by whom."""

    at: str
    by: str
    told: str
    way: Way
    note: str


class ValueDocument(BaseModel):
    """A critical value: `seq` is that of the event of its result."""

    seq: int
    device: str
    test: str
    sample: str
    value: str
    unit: str
    flags: list[str]
    state: State
    since: str
    overdue: bool
    reports: list[ReportDocument]


class Values(BaseModel):
    """Critical values; those that wait the oldest first, the others the newest first.

    `waiting` is of how many somebody has to be told: more than are listed, if there are many.
    """

    items: list[ValueDocument]
    waiting: int


class Pages:
    def __init__(self, desk: ReportDesk) -> None:
        self._desk = desk

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        """The page and the API."""
        desk = self._desk

        @access(Permission.READ_RESULTS)
        async def page(request: Request) -> Response:
            who = principal(request)
            waiting, total = await desk.waiting(who)
            return kit.page(
                request,
                "critical/values.html",
                waiting=waiting,
                more=total - len(waiting),
                done=await desk.done(who, _DONE),
                names=names_of(desk.context),
                within=round(desk.section.within / 60),
                may_report=who.may(Permission.REPORT_RESULTS),
                ways=list(Way),
            )

        @access(Permission.REPORT_RESULTS)
        async def report(request: Request) -> Response:
            given = _filled(await kit.form(request))
            seq = number(request.path_params["seq"])
            await desk.report(principal(request), seq, given)
            return kit.done(request, _PATH, "It is noted who was told.")

        @access(Permission.READ_RESULTS)
        async def values(
            request: Request,
            *,
            waiting: Annotated[bool, Query(description="of which somebody has to be told")] = True,
        ) -> Response:
            """Critical values of which somebody has to be told, or the last that are done with."""
            who = principal(request)
            open_, total = await desk.waiting(who)
            found = open_ if waiting else await desk.done(who, _DONE)
            return answer(Values(items=[_document(each) for each in found], waiting=total))

        @access(Permission.REPORT_RESULTS)
        async def reported(request: Request, seq: int, body: Reported) -> Response:
            """Note who was told of a critical value and repeated it."""
            who = principal(request)
            if not 0 < seq <= MOST:
                raise _unreadable("The number of an event is above 0.")
            said = Said(State(body.answers), body.told, body.way, body.note.strip())
            value = await desk.report(who, seq, said)
            return answer(_written(value))

        api = f"{PREFIX}/critical-values"
        return [
            Route(_PATH, page, methods=["GET"]),
            Route(f"{_PATH}/{{seq}}/report", report, methods=["POST"]),
            route(api, values, Values),
            route(
                f"{api}/{{seq}}/report",
                reported,
                StateDocument,
                method="POST",
                refusals=(404, 409),
            ),
        ]

    async def glance(self, who: Principal) -> Glance:
        """How many wait, and those that wait too long."""
        if not who.may(Permission.READ_RESULTS):
            return Glance()
        waiting, total = await self._desk.waiting(who)
        late = [each for each in waiting if each.overdue]
        tile = Tile(
            {"en": "Critical values to report", "zh-CN": "待通知危急值"},
            str(total),
            _PATH,
            (Level.HIGH if late else Level.MEDIUM) if waiting else Level.CALM,
            place=390,
        )
        names = names_of(self._desk.context)
        # The overview has room for few: one that says nothing would take the place of another.
        return Glance(
            (tile,) if total else (), [_attention(each, names) for each in late[:_MOST_TOLD]]
        )


class StateDocument(BaseModel):
    """A critical value after a report."""

    seq: int
    state: State
    reports: list[ReportDocument]


def _filled(given: Mapping[str, str]) -> Said:
    """The form of a report; Refusal 422 for one that is not filled in."""
    told, way, state = given.get("told", "").strip(), given.get("way", ""), given.get("answers")
    if state not in set(State):
        raise _unreadable("Open the list again.")
    if not told or len(told) > _LONGEST:
        raise _unreadable("Say who was told.")
    if way not in set(Way):
        raise _unreadable("Say how they were told.")
    if given.get("read_back") != "yes":
        raise _unreadable("It counts when they have repeated it, and it was right.")
    note = given.get("note", "").strip()[:_LONGEST]
    return Said(State(state), told, Way(way), note)


def _unreadable(why: str) -> Refusal:
    return Refusal(422, "Can't be noted", why, "Fill the form in once more.")


def _attention(each: Shown, names: Mapping[tuple[str, str], Localized]) -> Attention:
    value = each.value
    why: Localized = {"en": "Nobody was told of it yet.", "zh-CN": "尚未通知临床。"}
    if value.state is State.TO_RETRACT:
        why = {"en": "Nobody was told that it is withdrawn.", "zh-CN": "尚未告知已撤回。"}
    name = names.get((value.device, value.test), value.test)
    return Attention(Level.HIGH, name, why, _PATH, value.since)


def _document(each: Shown) -> ValueDocument:
    value, event = each.value, each.result.event if each.result else None
    said = event.value if event else None
    return ValueDocument(
        seq=value.seq,
        device=value.device,
        test=value.test,
        sample=each.result.specimen if each.result else "",
        value=(said.operator or "") + said.text if said else "",
        unit=event.unit if event else "",
        flags=list(event.flags) if event else [],
        state=value.state,
        since=rfc3339(value.since),
        overdue=each.overdue,
        reports=_reports(value),
    )


def _written(value: CriticalValue) -> StateDocument:
    return StateDocument(seq=value.seq, state=value.state, reports=_reports(value))


def _reports(value: CriticalValue) -> list[ReportDocument]:
    return [
        ReportDocument(
            at=rfc3339(each.at), by=each.by, told=each.told, way=each.way, note=each.note
        )
        for each in value.reports
    ]
