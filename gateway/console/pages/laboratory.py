"""`/results` and `/samples`: which result needs me, and what is known of this sample?"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.finding import LEVELS, finding, sample_page
from gateway.console.text.reader import Reader
from gateway.console.text.times import day_start
from gateway.lab import FlagLevel, LabDesk, ResultFilter
from gateway.model import Status
from gateway.profile import AnalyzerProfile
from gateway.room import Permission, about, access
from gateway.web import GatewayView, SeenView, seen
from gateway.web.number import number
from gateway.web.refusal import unknown_sample

_PAGE = 50


class Laboratory:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_RESULTS)
    async def results(self, request: Request) -> Response:
        query = request.query_params
        wanted = _wanted(request)
        before = number(query.get("before"))
        reader = self._renderer.reader(request)
        desk = self._view.subscriber(LabDesk)
        page = await desk.results(wanted, before=before or None, limit=_PAGE)
        view = seen(self._view, request)
        found = [each for each in page if view.sees_device(each.event.source.device)]
        about(request, sample=wanted.specimen)
        return self._renderer.page(
            request,
            "results.html",
            findings=[finding(each, self._view, reader) for each in found],
            wanted=wanted,
            flag=query.get("flag", "") if wanted.level else "",
            analyzers=_analyzers(view, reader),
            statuses=list(Status),
            levels=list(LEVELS),
            counts=await desk.counts(day_start(reader.now, reader.zone)),
            filtered=wanted != ResultFilter(),
            before=before,
            older=page[-1].event.seq if len(page) == _PAGE else None,
        )

    @access(Permission.READ_RESULTS)
    async def sample(self, request: Request) -> Response:
        owner, specimen = request.path_params["owner"], request.path_params["specimen"]
        view = seen(self._view, request)
        tests = [
            test
            for test in await self._view.subscriber(LabDesk).sample(owner, specimen)
            if view.sees_device(test.current.event.source.device)
        ]
        if not tests:
            raise unknown_sample(owner, specimen)
        about(request, subject=tests[-1].current.event.subject)
        reader = self._renderer.reader(request)
        subject = tests[-1].current.event.subject
        devices = {test.current.event.source.device for test in tests}
        return self._renderer.page(
            request,
            "sample.html",
            specimen=specimen,
            subject=subject,
            elsewhere=sample_page(subject.issuer, specimen)
            if subject is not None and subject.issuer and owner != subject.issuer
            else "",
            findings=[
                (
                    finding(test.current, self._view, reader),
                    [finding(each, self._view, reader) for each in test.earlier],
                )
                for test in tests
            ],
            several=len(devices) > 1,
        )


def _analyzers(view: SeenView, reader: Reader) -> dict[str, str]:
    """Names of the devices that send results, by id."""
    return {
        status.entry.id: reader.text(status.entry.name) or status.entry.id
        for status in view.registry
        if isinstance(status.entry.profile, AnalyzerProfile)
    }


def _wanted(request: Request) -> ResultFilter:
    """What the address asks for; a word that it can't mean is left out."""
    query = request.query_params
    status = query.get("status")
    return ResultFilter(
        query.get("device", ""),
        query.get("sample", "").strip(),
        Status(status) if status in list(Status) else None,
        LEVELS.get(query.get("flag", ""), FlagLevel.NONE),
    )
