"""`/quarantine`: what was not understood, and reading it again once that is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.console.kit.render import Renderer
from gateway.console.quarantine.task import Task, selection_of, tasks
from gateway.model import QuarantineReason
from gateway.room import Permission, access, principal
from gateway.store import QuarantineEntry
from gateway.supervisor import Selection
from gateway.web import GatewayView, Refusal, SeenView, seen
from gateway.web.refusal import unknown_device

_READ = 500
_MOST = 5_000
_LONGEST_REASON = 500


class Quarantine:
    def __init__(self, view: GatewayView, renderer: Renderer) -> None:
        self._view = view
        self._renderer = renderer

    @access(Permission.READ_QUARANTINE)
    async def page(self, request: Request) -> Response:
        return await self._page(request, None)

    @access(Permission.RESOLVE_QUARANTINE)
    async def interpret(self, request: Request) -> Response:
        """Read entries again by the profiles and mappings in force.

        It changes no configuration, and doing it twice changes nothing.
        """
        wanted = selection_of(await self._renderer.form(request)) or Selection()
        _check_sight(seen(self._view, request), wanted)
        outcome = await self._view.interpret_again(wanted, principal(request).id)
        return await self._page(request, outcome)

    @access(Permission.RESOLVE_QUARANTINE)
    async def set_aside(self, request: Request) -> Response:
        """Note that nobody need look at some entries, and why. Their bytes stay in the journal."""
        form = await self._renderer.form(request)
        wanted, why = selection_of(form), form.get("why", "").strip()[:_LONGEST_REASON]
        if wanted is None or not why:
            raise no_reason()
        _check_sight(seen(self._view, request), wanted)
        count = await self._view.set_aside(wanted, principal(request), why)
        return self._renderer.done(
            request, "/quarantine", "Set aside: %(count)s messages.", count=count
        )

    async def _page(self, request: Request, outcome: Mapping[str, Any] | None) -> Response:
        view = seen(self._view, request)
        entries, more = await open_entries(view)
        reader = self._renderer.reader(request)
        every = tasks(entries, view.registry)
        reason = request.query_params.get("reason", "")
        reasons = [each for each in QuarantineReason if any(t.reason is each for t in every)]
        return self._renderer.page(
            request,
            "quarantine.html",
            tasks=[task for task in every if not reason or task.reason == reason],
            reasons=reasons,
            reason=reason,
            total=len(entries),
            more=more,
            outcome=outcome,
            names={
                status.entry.id: reader.text(status.entry.name) or status.entry.id
                for status in view.registry
            },
            may_resolve=principal(request).may(Permission.RESOLVE_QUARANTINE),
        )


async def open_entries(view: GatewayView | SeenView) -> tuple[list[QuarantineEntry], bool]:
    """The oldest entries that wait, and whether there are more."""
    entries: list[QuarantineEntry] = []
    after = 0
    while len(entries) < _MOST:
        page = await view.store.quarantine(after=after, limit=_READ, open_only=True)
        entries += page
        if len(page) < _READ:
            return entries, False
        after = page[-1].id
    return entries, True


async def find_task(view: SeenView, wanted: Selection) -> Task | None:
    """The task that fits a selection, if anything of it still waits."""
    entries, _ = await open_entries(view)
    found = tasks((each for each in entries if wanted.fits(each)), view.registry)
    return found[0] if found else None


def _check_sight(view: SeenView, wanted: Selection) -> None:
    if wanted.device and not view.sees_device(wanted.device):
        raise unknown_device(wanted.device)


def no_reason() -> Refusal:
    return Refusal(
        422,
        "A reason is missing",
        "Messages are set aside with a reason, so that whoever asks later finds it.",
        "Go back and write one.",
    )
