"""`/quarantine/map` and `/mappings`: a person says what a code, a unit or a sender means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import yaml
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.console.kit.render import Renderer
from gateway.console.pages.finding import Finding, finding
from gateway.console.quarantine.forms import Known, form_for, known_tests, mapping_of
from gateway.console.quarantine.task import Mend, Task, selection_of
from gateway.console.quarantine.worklist_page import find_task
from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.lab import Result
from gateway.mapping import (
    CodeMapping,
    Kept,
    Mappings,
    Overlay,
    SenderMapping,
    SiteMapping,
    UnitMapping,
    fragments,
    named,
)
from gateway.model import DeviceEvent, localize
from gateway.room import (
    Choice,
    Column,
    Form,
    Permission,
    Search,
    Table,
    access,
    principal,
)
from gateway.supervisor import Trial
from gateway.web import GatewayView, seen

_TRIED = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """What a stored message would become."""

    trial: Trial
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A mapping in force, in the reader's words."""

    kept: Kept
    kind: str
    key: str
    meaning: str
    scope: str
    at: str


MAPPINGS: Table[Row] = Table(
    "mappings",
    (
        Column("kind", "Kind", lambda row: row.kind),
        Column("key", "As sent", lambda row: row.key),
        Column("meaning", "Means", lambda row: row.meaning),
        Column("scope", "Holds for", lambda row: row.scope),
        Column("actor", "Set by", lambda row: row.kept.actor),
        Column("at", "Set at", lambda row: row.at),
        Column("", "", lambda _row: ""),
    ),
    (
        Choice("kind", "Kind", lambda row: row.kind, context="mapping"),
        Search("q", "Search", lambda row: f"{row.key} {row.meaning} {row.scope}"),
    ),
    sort="-at",
)


class MappingPages:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.RESOLVE_QUARANTINE)
    async def form(self, request: Request) -> Response:
        wanted = selection_of(dict(request.query_params))
        task = await find_task(seen(self._view, request), wanted) if wanted else None
        if task is None or task.mend is Mend.NOTHING:
            return RedirectResponse("/quarantine", 303)
        status = self._view.registry.get(task.device)
        return self._page(request, task, form_for(task, status, self._view.registry))

    @access(Permission.RESOLVE_QUARANTINE)
    async def submit(self, request: Request) -> Response:
        """`do=try` shows what stored messages would become; `do=map` maps and reads them again."""
        given = await self._renderer.form(request)
        wanted = selection_of({**given, "device": given.get("of_device", "")})
        task = await find_task(seen(self._view, request), wanted) if wanted else None
        if task is None or task.mend is Mend.NOTHING:
            return self._renderer.done(request, "/quarantine", "Nothing of this waits any more.")
        status = self._view.registry.get(task.device)
        form = form_for(task, status, self._view.registry).filled(given)
        form, mapping = mapping_of(task, form, status)
        if not form.ok:
            return self._page(request, task, form, status=422)
        if given.get("do") != "map":
            return self._page(
                request, task, form, tried=await self._try(request, task, form, mapping)
            )
        return await self._map(request, task, form, mapping)

    @access(Permission.READ_QUARANTINE)
    async def mappings(self, request: Request) -> Response:
        """Every mapping in force; as YAML with `format=yaml`."""
        kept = self._desk.overlay.kept
        if request.query_params.get("format") == "yaml":
            return _as_yaml(kept)
        reader = self._renderer.reader(request)
        return self._renderer.table(
            request,
            "mappings.html",
            MAPPINGS,
            [mapping_row(each, self._view, reader) for each in kept],
            may_resolve=principal(request).may(Permission.RESOLVE_QUARANTINE),
        )

    @access(Permission.RESOLVE_QUARANTINE)
    async def withdraw(self, request: Request) -> Response:
        given = await self._renderer.form(request)
        kept = self._desk.find(given.get("kind", ""), given.get("scope", ""), given.get("key", ""))
        if kept is None:
            return self._renderer.done(request, "/mappings", "This mapping is gone already.")
        await self._desk.withdraw(principal(request), kept.mapping)
        return self._renderer.done(
            request,
            "/mappings",
            "%(key)s is mapped no longer. Results that it gave stay.",
            key=kept.mapping.key,
        )

    @property
    def _desk(self) -> Mappings:
        return self._view.subscriber(Mappings)

    def _page(
        self,
        request: Request,
        task: Task,
        form: Form,
        *,
        tried: Sequence[Tried] | None = None,
        status: int = 200,
    ) -> Response:
        device = self._view.registry.get(task.device)
        return self._renderer.page(
            request,
            "mapping.html",
            status=status,
            task=task,
            form=form,
            tried=tried,
            device=device,
            known=_for_script(known_tests(self._view.registry)),
        )

    async def _try(
        self, request: Request, task: Task, form: Form, mapping: SiteMapping | None
    ) -> list[Tried]:
        who, now = principal(request).id, self._view.now()
        kept = self._desk.overlay.kept
        if mapping is not None:
            kept = [*kept, Kept(self._merged(mapping), who, now, 0)]
        trials = await self._view.preview(
            task.selection,
            Overlay(kept).link,
            from_device="" if mapping is not None else form["device"],
            limit=_TRIED,
        )
        reader = self._renderer.reader(request)
        return [
            Tried(trial, tuple(self._named(event, mapping, reader) for event in trial.events))
            for trial in trials
        ]

    def _named(self, event: DeviceEvent, mapping: SiteMapping | None, reader: Reader) -> Finding:
        """The result with the name that its code is being given."""
        shown = finding(Result(event), self._view, reader)
        if isinstance(mapping, CodeMapping):
            analyte = mapping.analyte
            if event.code.code == (analyte.code or mapping.code):
                return replace(shown, test=reader.text(analyte.name))
        return shown

    async def _map(
        self, request: Request, task: Task, form: Form, mapping: SiteMapping | None
    ) -> Response:
        who = principal(request)
        if mapping is not None:
            await self._desk.set(who, self._merged(mapping))
        report = await self._view.interpret_again(
            task.selection,
            who.id,
            from_device="" if mapping is not None else form["device"],
        )
        return self._renderer.done(
            request,
            "/quarantine",
            "Mapped. Of the messages that waited %(resolved)s are settled and %(events)s results"
            " were added; %(left)s still wait.",
            resolved=report["resolved"],
            events=report["events"],
            left=sum(report["waiting"].values()),
        )

    def _merged(self, mapping: SiteMapping) -> SiteMapping:
        """A further factor of a unit joins those that were given before."""
        if not isinstance(mapping, UnitMapping):
            return mapping
        kept = self._desk.find("unit", mapping.scope, mapping.unit)
        if kept is None or not isinstance(kept.mapping, UnitMapping):
            return mapping
        if kept.mapping.ucum != mapping.ucum:
            return mapping
        convert = {**kept.mapping.convert, **mapping.convert}
        return UnitMapping(mapping.scope, mapping.unit, mapping.ucum, convert)


def _for_script(tests: Sequence[Known]) -> dict[str, dict[str, str]]:
    """By LOINC code, what the fields of the form would be."""
    return {
        test.code: {
            "name_zh": localize(test.name, "zh-CN"),
            "name_en": localize(test.name, "en"),
            "unit": test.unit,
        }
        for test in tests
    }


def mapping_row(kept: Kept, view: GatewayView, reader: Reader) -> Row:
    """A mapping as a line of a table."""
    mapping = kept.mapping
    return Row(
        kept,
        named(mapping),
        mapping.key,
        _meaning(mapping, view, reader),
        mapping.scope,
        reader.moment(kept.at),
    )


def _meaning(mapping: SiteMapping, view: GatewayView, reader: Reader) -> str:
    match mapping:
        case CodeMapping():
            analyte = mapping.analyte
            parts = reader.text(analyte.name), analyte.code, written(analyte.unit)
            return " · ".join(part for part in parts if part)
        case UnitMapping():
            own = reader.words.gettext("the test's own unit")
            factors = (f"{test} × {factor}" for test, factor in mapping.convert.items())
            return " · ".join((mapping.ucum or own, *factors))
        case SenderMapping():
            status = view.registry.get(mapping.device)
            name = reader.text(status.entry.name) if status is not None else ""
            return name or mapping.device


def _as_yaml(kept: Sequence[Kept]) -> Response:
    """By scope, as a profile or devices.yaml would say it."""
    text = yaml.safe_dump(fragments(kept), allow_unicode=True, sort_keys=False)
    headers = {"content-disposition": "attachment; filename=mappings.yaml"}
    return Response(text, headers=headers, media_type="application/yaml; charset=utf-8")
