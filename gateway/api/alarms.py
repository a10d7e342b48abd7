"""`/alarms`: what is wrong, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.alarms import Alarm, Happened, Refusal, Standing, Step, Wanted
from gateway.alarms.panel import AlarmPanel
from gateway.api.item import both
from gateway.model import DeviceEvent, from_datetime
from gateway.profile import Priority
from gateway.room import Permission, access, notice_of, principal
from gateway.room.document import Body, Document
from gateway.room.route import MOST, PREFIX, DeviceFilter, Limit, route
from gateway.web import GatewayView, json_response, rfc3339
from gateway.web import Refusal as Refused

_BY_PRIORITY = ("critical", "high", "medium", "low")
AlarmId = Annotated[str, Path(description="e.g. `chiller-1/supply_temperature/high`")]


class ShelfItem(Document):
    until: AwareDatetime
    reason: str
    by: str
    one_shot: bool


class AlarmItem(Document):
    """An alarm. `since` is of its standing, `raised` when it last began to want a person."""

    id: str
    device: str
    standing: Standing
    priority: Priority
    active: bool
    acknowledged: bool
    latched: bool
    name: dict[str, str]
    subject: dict[str, str]
    place: dict[str, str]
    consequence: dict[str, str]
    advice: dict[str, str]
    since: AwareDatetime
    raised: AwareDatetime | None
    occurrence: int
    value: str
    unit: str
    limit: float | None
    raw_id: int | None
    actor: str
    suppressed_by: list[str]
    shelf: ShelfItem | None
    out_of_service: str


class AlarmCounts(Document):
    """Alarms that want a person, by priority; and all that are not normal, by standing."""

    unacknowledged: dict[str, int]
    standing: dict[str, int]


class AlarmList(Document):
    items: list[AlarmItem]
    counts: AlarmCounts


class StepItem(Document):
    seq: int
    alarm: str
    step: str
    standing: Standing
    at: AwareDatetime
    actor: str
    note: str
    refused: str
    raw_id: int | None


class AlarmHistory(Document):
    """Newest first. `next` is the `before` that continues, or null at the end."""

    items: list[StepItem]
    next: int | None


class Reason(Body):
    reason: str = Field(default="", max_length=500)


class ShelfWish(Body):
    """Why, and until when or for how many minutes."""

    reason: str = Field(min_length=1, max_length=500)
    until: AwareDatetime | None = None
    minutes: float | None = Field(default=None, gt=0, le=525_600)
    one_shot: bool = False


class Alarms:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        one = f"{PREFIX}/alarms/{{alarm:path}}"
        verbs: list[tuple[str, Callable[..., Any]]] = [
            ("acknowledge", self.acknowledge),
            ("reset", self.reset),
            ("shelve", self.shelve),
            ("unshelve", self.unshelve),
            ("remove-from-service", self.remove),
            ("return-to-service", self.return_),
        ]
        return [
            route(f"{PREFIX}/alarms", self.listed, AlarmList),
            route(f"{PREFIX}/alarms/counts", self.counts, AlarmCounts),
            route(f"{PREFIX}/alarms/history", self.history, AlarmHistory),
            *(
                route(f"{one}/{verb}", call, AlarmItem, method="POST", refusals=(404, 409))
                for verb, call in verbs
            ),
            route(one, self.one, AlarmItem, refusals=(404,)),
        ]

    @access(Permission.READ_ALARMS)
    async def listed(
        self,
        request: Request,
        standing: Annotated[Standing | None, Query(description="only these")] = None,
        priority: Annotated[Priority | None, Query(description="only these")] = None,
        device: DeviceFilter = None,
    ) -> Response:
        """Every alarm that is not normal: what wants a person first, then by priority."""
        items = [
            alarm_item(alarm)
            for alarm in await self._panel.listed(principal(request))
            if standing in (None, alarm.standing)
            and priority in (None, alarm.priority)
            and device in (None, alarm.device)
        ]
        return json_response({"items": items, "counts": await self._counted(request)})

    @access(Permission.READ_ALARMS)
    async def counts(self, request: Request) -> Response:
        """How many want a person."""
        return json_response(await self._counted(request))

    @access(Permission.READ_ALARMS)
    async def history(
        self,
        request: Request,
        *,
        alarm: Annotated[str, Query(description="only of this alarm")] = "",
        before: Annotated[
            int, Query(ge=0, le=MOST, description="only a lower seq; 0: the newest")
        ] = 0,
        limit: Limit = 100,
    ) -> Response:
        """What happened, newest first: conditions, and what people did."""
        who = principal(request)
        found = await self._panel.history(who, alarm, before=before, limit=limit)
        older = found[-1].seq if len(found) == limit else None
        return json_response({"items": [_step_item(each) for each in found], "next": older})

    @access(Permission.READ_ALARMS)
    async def one(self, alarm: AlarmId, request: Request) -> Response:
        """One alarm, whether anything is wrong or not."""
        return json_response(alarm_item(await self._found(alarm, request)))

    @access(Permission.ACKNOWLEDGE_ALARMS)
    async def acknowledge(self, alarm: AlarmId, body: Reason, request: Request) -> Response:
        """A person has seen it."""
        return await self._act(alarm, Wanted(Step.ACKNOWLEDGE, body.reason), request)

    @access(Permission.ACKNOWLEDGE_ALARMS)
    async def reset(self, alarm: AlarmId, body: Reason, request: Request) -> Response:
        """A latched alarm whose cause is gone is over."""
        return await self._act(alarm, Wanted(Step.RESET, body.reason), request)

    @access(Permission.SHELVE_ALARMS)
    async def shelve(self, alarm: AlarmId, body: ShelfWish, request: Request) -> Response:
        """Hide it until a moment, or until it returns (`one_shot`)."""
        until = None
        if body.until is not None:
            until = from_datetime(body.until)
        elif body.minutes is not None:
            until = self._panel.until(body.minutes * 60)
        wanted = Wanted(Step.SHELVE, body.reason, until, body.one_shot)
        return await self._act(alarm, wanted, request)

    @access(Permission.SHELVE_ALARMS)
    async def unshelve(self, alarm: AlarmId, body: Reason, request: Request) -> Response:
        """Take it from the shelf before its time."""
        return await self._act(alarm, Wanted(Step.UNSHELVE, body.reason), request)

    @access(Permission.SHELVE_ALARMS)
    async def remove(self, alarm: AlarmId, body: Reason, request: Request) -> Response:
        """Take it out of service, for a reason, until somebody returns it."""
        return await self._act(alarm, Wanted(Step.REMOVE, body.reason), request)

    @access(Permission.SHELVE_ALARMS)
    async def return_(self, alarm: AlarmId, body: Reason, request: Request) -> Response:
        """Return it to service."""
        return await self._act(alarm, Wanted(Step.RETURN, body.reason), request)

    @property
    def _panel(self) -> AlarmPanel:
        return self._view.subscriber(AlarmPanel)

    async def _counted(self, request: Request) -> dict[str, Any]:
        counts = await self._panel.counts(principal(request))
        unacknowledged = dict(zip(_BY_PRIORITY, counts.unacknowledged, strict=True))
        standing = {each.value: count for each, count in counts.standing.items()}
        return {"unacknowledged": unacknowledged, "standing": standing}

    async def _found(self, id_: str, request: Request) -> Alarm:
        alarm = await self._panel.one(principal(request), id_)
        if alarm is None:
            raise Refused(
                404,
                "Unknown alarm",
                "This site has no alarm {alarm}.",
                "Look it up in the list of alarms.",
                alarm=id_,
            )
        return alarm

    async def _act(self, id_: str, wanted: Wanted, request: Request) -> Response:
        outcome = await self._panel.act(principal(request), await self._found(id_, request), wanted)
        if isinstance(outcome, Refusal):
            raise Refused(
                409,
                "Not possible now",
                "Nothing was done to {alarm}: {cause}.",
                "Look at the alarm as it stands, and try what fits.",
                alarm=id_,
                cause=outcome.reason,
            )
        return json_response(alarm_item(outcome))


def alarm_item(alarm: Alarm) -> dict[str, Any]:
    """An alarm as JSON."""
    state, shelf = alarm.state, alarm.state.shelf
    texts = ("name", "subject", "place", "consequence", "advice")
    return {
        "id": alarm.id,
        "device": alarm.device,
        "standing": alarm.standing,
        "priority": alarm.priority,
        "active": state.active,
        "acknowledged": state.acknowledged,
        "latched": state.latched,
        **{text: both(alarm.text(text)) for text in texts},
        "since": rfc3339(alarm.since),
        "raised": rfc3339(alarm.raised) if alarm.occurrence else None,
        "occurrence": alarm.occurrence,
        "value": str(alarm.seen.get("word") or alarm.seen.get("value", "")),
        "unit": alarm.seen.get("unit", ""),
        "limit": alarm.facts.get("limit"),
        "raw_id": alarm.raw_id,
        "actor": alarm.actor,
        "suppressed_by": sorted(state.causes),
        "shelf": None
        if shelf is None
        else {
            "until": rfc3339(shelf.until),
            "reason": shelf.reason,
            "by": shelf.by,
            "one_shot": shelf.one_shot,
        },
        "out_of_service": state.out_of_service,
    }


def alarm_change(event: DeviceEvent) -> dict[str, Any]:
    """A transition, as the live stream tells it; `wanted` if a person is wanted from now on."""
    payload = event.payload or {}
    notice = notice_of(event)
    return {
        "id": event.code.code,
        "standing": event.value.text if event.value is not None else "",
        "from": payload.get("from", ""),
        "priority": notice.priority if notice is not None else payload.get("priority", ""),
        "path": notice.path if notice is not None else "",
        "at": rfc3339(event.received_at),
        "wanted": notice is not None and notice.open,
        "title": both(notice.title) if notice is not None else {},
        "text": both(notice.text) if notice is not None else {},
    }


def _step_item(each: Happened) -> dict[str, Any]:
    return {
        "seq": each.seq,
        "alarm": each.alarm,
        "step": each.step,
        "standing": each.standing,
        "at": rfc3339(each.at),
        "actor": each.actor,
        "note": each.note,
        "refused": each.refused,
        "raw_id": each.raw_id,
    }
