"""`/worklist`: what modalities are told to do, and what they said that they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.answering import Answering
from dicom.mpps.link import Link
from dicom.mpps.said import text
from dicom.mpps.steps import PerformedStep
from dicom.pages.names import clock, day, person
from dicom.seen import SeenStudies
from dicom.worklist.options import WorklistOptions
from dicom.worklist.step import LeftOut, Step
from dicom.worklist.tags import Tag
from gateway import Clock, StoreError
from gateway.room import Attention, Glance, Level, PageKit, Permission, Principal, access, principal

_SHOWN = 200
_PERFORMED = 50
_DAY = 86_400_000_000
_NAME, _PATIENT_ID, _STATION, _MODALITY = 0x00100010, 0x00100020, 0x00400241, 0x00080060
_WORKLIST = {"en": "Worklist", "zh-CN": "设备工作列表"}


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the worklist as the page shows it."""

    appointment: str
    day: str
    time: str
    station: str
    modality: str
    patient: str
    number: str
    step: str
    accession: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Done:
    """A performed step as the page shows it."""

    step: PerformedStep
    station: str
    modality: str
    patient: str
    number: str
    links: Sequence[Link]


class WorklistPages:
    """One page, and its part of the overview."""

    def __init__(
        self, answering: Answering, seen: SeenStudies, options: WorklistOptions, now: Clock
    ) -> None:
        self._answering, self._seen = answering, seen
        self._options, self._clock = options, now

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        @access(Permission.READ_PATIENTS)
        async def worklist(request: Request) -> Response:
            language, who = kit.reader(request).language, principal(request)
            board, open_ = self._answering.board, True
            lines: list[Line] = []
            left_out: list[LeftOut] = []
            try:
                steps = await board.seen(who, (await board.steps(self._options))[:_SHOWN])
                left_out = await board.seen(who, await board.left_out(self._options))
                lines = [_line(step, language) for step in steps]
            except StoreError:
                open_ = False
            recent = await self._answering.steps.recent(_PERFORMED)
            return kit.page(
                request,
                "dicom/worklist.html",
                lines=lines,
                left_out=left_out,
                done=[_done(step, language) for step in self._of(who, recent)],
                is_open=open_,
                day=day,
                clock=clock,
            )

        return [Route("/worklist", worklist, methods=["GET"])]

    async def glance(self, who: Principal) -> Glance:
        """Steps of a day that the schedule does not have."""
        if not who.may(Permission.READ_PATIENTS):
            return Glance()
        since = self._clock.now() - _DAY
        flagged = await self._answering.steps.recent(_PERFORMED, flagged=True)
        recent = [each for each in self._of(who, flagged) if each.began >= since]
        if not recent:
            return Glance()
        why = {
            "en": f"{len(recent)} performed step{'s are' if len(recent) > 1 else ' is'} linked to"
            " no appointment.",
            "zh-CN": f"{len(recent)} 个已执行步骤未关联到预约。",
        }
        first = min(each.began for each in recent)
        return Glance(attention=(Attention(Level.MEDIUM, _WORKLIST, why, "/worklist", first),))

    def _of(self, who: Principal, steps: Iterable[PerformedStep]) -> list[PerformedStep]:
        """Those that a machine whose studies are seen has performed."""
        return [each for each in steps if self._seen.sender(who, each.calling)]


def _line(step: Step, language: str) -> Line:
    values = {**step.values, **_scheduled(step)}

    def text_at(tag: Tag) -> str:
        return str(values.get(tag, ""))

    return Line(
        step.appointment,
        text_at(Tag.START_DATE),
        text_at(Tag.START_TIME),
        text_at(Tag.STATION_TITLE),
        text_at(Tag.MODALITY),
        person(text_at(Tag.NAME), language),
        text_at(Tag.PATIENT_ID),
        text_at(Tag.STEP_ID),
        text_at(Tag.ACCESSION),
        text_at(Tag.DESCRIPTION),
        text_at(Tag.STEP_STATUS),
    )


def _scheduled(step: Step) -> dict[int, object]:
    items = step.values[Tag.STEPS]
    return {} if isinstance(items, str) else dict(items[0])


def _done(step: PerformedStep, language: str) -> Done:
    def said(tag: int) -> str:
        return text(step.attributes, tag)

    return Done(
        step,
        said(_STATION),
        said(_MODALITY),
        person(said(_NAME), language),
        said(_PATIENT_ID),
        step.links,
    )


def joined(glances: Iterable[Glance]) -> Glance:
    """Several parts of the overview as one."""
    found = list(glances)
    return Glance(
        tuple(tile for each in found for tile in each.tiles),
        tuple(one for each in found for one in each.attention),
    )
