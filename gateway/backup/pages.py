"""`/settings/backups`: what is saved, whether it can be restored, and the keys that it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.backup.chain import Backup
from gateway.backup.keeping import Keeping, Order, Task
from gateway.backup.service import Backups
from gateway.errors import ConfigError
from gateway.model import Instant, to_datetime
from gateway.room import (
    Column,
    Neighbours,
    PageKit,
    Permission,
    RoomPorts,
    Table,
    access,
    principal,
)
from gateway.seal import Rotation

PATH = "/settings/backups"


def megabytes(backup: Backup) -> float:
    """What a backup is when it is restored."""
    return round(sum(file.size for file in backup.manifest.files) / 1e6, 1)


BACKUPS: Table[Backup] = Table(
    "backups",
    (
        Column("number", "No.", lambda each: each.manifest.number, right=True),
        Column("kind", "Kind", lambda each: each.manifest.kind),
        Column("made", "Made", lambda each: to_datetime(each.manifest.made_at).isoformat()),
        Column("events", "Events up to", lambda each: each.manifest.last_seq, right=True),
        Column("size", "Restored, MB", megabytes, right=True),
    ),
    sort="-number",
)
_TASKS: dict[str, tuple[Task, bool]] = {
    "changes": ("backup", False),
    "full": ("backup", True),
    "verify": ("verify", False),
    "drill": ("drill", False),
}


@dataclass(frozen=True, slots=True)
class Drilled:
    """The last drill, as the page tells it."""

    passed: bool
    at: Instant
    folder: str
    files: int
    rows: int
    events: int
    detail: str


class Pages:
    def __init__(self, neighbours: Neighbours, ports: RoomPorts) -> None:
        self._neighbours, self._ports = neighbours, ports

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        @access(Permission.RUN_BACKUP)
        async def page(request: Request) -> Response:
            keeping = self._neighbours(Keeping)
            backups = keeping.backups
            shelf = None if backups.plan is None else await backups.shelf()
            return kit.table(
                request,
                "backup/backups.html",
                BACKUPS,
                () if shelf is None else shelf.backups,
                plan=backups.plan,
                damaged=() if shelf is None else shelf.damaged,
                busy=keeping.busy,
                work=backups.work,
                failed=keeping.failed,
                drill=_drilled(backups),
                megabytes=megabytes,
                uses=await self._neighbours(Rotation).uses(),
            )

        @access(Permission.RUN_BACKUP)
        async def order(request: Request) -> Response:
            wanted = (await kit.form(request)).get("what", "")
            what, full = _TASKS.get(wanted, ("backup", False))
            try:
                self._neighbours(Keeping).order(Order(what, full=full))
            except ConfigError as error:
                return kit.done(request, PATH, "Nothing begins: %(cause)s.", cause=str(error))
            await self._ports.act(principal(request), f"backup.{what}")
            return kit.done(request, PATH, "It begins; this page tells how far it is.")

        return [Route(PATH, page), Route(PATH, order, methods=["POST"])]


def _drilled(backups: Backups) -> Drilled | None:
    found = None if backups.plan is None else backups.last_drill()
    if found is None:
        return None
    return Drilled(
        passed=bool(found["passed"]),
        at=Instant(found["at"]),
        folder=found.get("folder", ""),
        files=found.get("files", 0),
        rows=found.get("rows", 0),
        events=found.get("events", 0),
        detail=found.get("detail", ""),
    )
