"""The papers as a room; open where devices.yaml has its section."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.errors import StoreError
from gateway.model import to_datetime
from gateway.papers.options import PapersOptions
from gateway.papers.printer import newest, write_printing
from gateway.papers.sheet import Printing, sheet
from gateway.room import (
    AUDIT_SYSTEM,
    NOTED_SYSTEM,
    OWNER,
    Room,
    RoomContext,
    Running,
    joined,
    last_due,
    next_due,
    tells,
)

log = logging.getLogger(__name__)

CODE = "papers"
"""Code of the system event that says whether papers can be written."""

_LOOK = 5.0
_NAME = "%Y-%m-%d-%H%M"
_SHOWN = "%Y-%m-%d %H:%M"


class Press:
    """Prints when it is due, and at once after a start that missed it."""

    def __init__(self, context: RoomContext, options: PapersOptions) -> None:
        self._context, self._options = context, options
        self._zone = ZoneInfo(context.site.zone)
        self._folder = context.data / options.folder
        self._said = ""

    async def run(self) -> None:
        """Print until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """Print if the newest printing is older than the last time that it was due."""
        now = to_datetime(self._context.clock.now()).astimezone(self._zone)
        due = last_due(now, self._options.times)
        try:
            if await asyncio.to_thread(newest, self._folder) < due.strftime(_NAME):
                await self._print(now)
        except (OSError, StoreError) as error:
            self._say("failed", f"{self._folder}: {error}")
        else:
            self._say("written", "")

    async def _print(self, now: datetime) -> None:
        options = self._options
        until = next_due(now, options.times).strftime(_SHOWN)
        printing = Printing(self._context.site.name, now.strftime(_SHOWN), until)
        papers = [
            each
            for each in await self._context.papers()
            if not options.lists or each.name in options.lists
        ]
        files = {
            f"{each.name}.{tag}.html": sheet(each, printing, tag)
            for each in papers
            for tag in options.languages
        }
        name = now.strftime(_NAME)
        lists = {"lists": " ".join(each.name for each in papers)}
        await self._context.audit.record("export.papers", OWNER, objects=lists, detail=name)
        await asyncio.to_thread(write_printing, self._folder, name, files, options.keep)
        log.info("The downtime papers of %s are in %s.", name, self._folder)

    def _say(self, said: str, detail: str) -> None:
        if said == self._said:
            return
        if said == "failed":
            log.warning("The downtime papers could not be written: %s", detail)
        self._context.ports.system(CODE, said, detail)
        self._said = said


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    yield Running(jobs={"press": Press(context, context.section).run})


room = Room(
    name="papers",
    open=_open,
    section=PapersOptions,
    tells=joined(
        tells(
            NOTED_SYSTEM,
            {
                f"{CODE} failed": ("Downtime papers not written", "停机单据写入失败"),
                f"{CODE} written": ("Downtime papers are written", "停机单据已写入"),
            },
        ),
        tells(AUDIT_SYSTEM, {"export.papers": ("Downtime papers printed", "打印停机单据")}),
    ),
)
