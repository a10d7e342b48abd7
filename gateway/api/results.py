"""`GET /results` and `/samples`: the laboratory's results, newest first or by sample."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api import document
from gateway.api.item import result_item
from gateway.lab import FlagLevel, LabDesk, Result, ResultFilter
from gateway.model import Status
from gateway.room import Permission, about, access
from gateway.room.route import MOST, PREFIX, DeviceFilter, Limit, route
from gateway.web import GatewayView, json_response, seen
from gateway.web.refusal import unknown_sample


class Flagged(StrEnum):
    """The least that a result's flags must say."""

    ABNORMAL = "abnormal"
    CRITICAL = "critical"


class Results:
    def __init__(self, view: GatewayView) -> None:
        self._view = view

    def routes(self) -> list[BaseRoute]:
        sample = f"{PREFIX}/samples/{{owner}}/{{specimen:path}}"
        return [
            route(f"{PREFIX}/results", self.results, document.Results, refusals=(404,)),
            route(sample, self.sample, document.Sample, refusals=(404,)),
        ]

    @access(Permission.READ_RESULTS)
    async def results(
        self,
        request: Request,
        *,
        device: DeviceFilter = None,
        sample: Annotated[str, Query(description="only this sample")] = "",
        status: Status | None = None,
        flag: Annotated[Flagged | None, Query(description="only as grave as this")] = None,
        before: Annotated[int | None, Query(ge=1, le=MOST, description="only a lower seq")] = None,
        limit: Limit = 100,
    ) -> Response:
        """The current result of each test of each sample, newest first."""
        level = FlagLevel[flag.name] if flag else FlagLevel.NONE
        wanted = ResultFilter(device or "", sample, status, level)
        view = seen(self._view, request)
        page = await self._desk.results(wanted, before=before, limit=limit)
        if device and not (page and view.sees_device(device)):
            view.device(device)
        older = page[-1].event.seq if len(page) == limit else None
        about(request, sample=sample)
        found = (each for each in page if view.sees_device(each.event.source.device))
        return json_response({"items": [self._item(each) for each in found], "next": older})

    @access(Permission.READ_RESULTS)
    async def sample(self, request: Request, owner: str, specimen: str) -> Response:
        """Every test of a sample with its earlier versions; `owner` is a device or an issuer."""
        view = seen(self._view, request)
        tests = [
            test
            for test in await self._desk.sample(owner, specimen)
            if view.sees_device(test.current.event.source.device)
        ]
        if not tests:
            raise unknown_sample(owner, specimen)
        about(request, subject=tests[0].current.event.subject)
        items = [
            {**self._item(test.current), "earlier": [self._item(each) for each in test.earlier]}
            for test in tests
        ]
        return json_response({"owner": owner, "specimen": specimen, "items": items})

    @property
    def _desk(self) -> LabDesk:
        return self._view.subscriber(LabDesk)

    def _item(self, result: Result) -> dict[str, object]:
        return result_item(result, self._view.registry.get(result.event.source.device))
