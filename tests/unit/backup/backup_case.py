"""A store with an outbox, and backups of both on a temporary disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.backup import Backup, Backups, Databases, Files, Kind, Plan, Schedule, SealedDatabase
from gateway.model import Kind as EventKind
from gateway.model import Quarantined, QuarantineReason, RawId, Retention, Subject, Value
from gateway.seal import KeyFile, Keyring, suite_named
from gateway.store import Batch, EventStore, Outbox, StoreOptions
from tests.unit.store.store_case import NOVEMBER, HeldClock, make_event, make_record

PATIENT = ("HIS", "PID-4711")


@dataclass
class Site:
    """The open parts of a gateway that a backup is made of."""

    data: Path
    target: Path
    ring: Keyring
    clock: HeldClock
    store: EventStore
    outbox: Outbox
    said: list[tuple[str, str]] = field(default_factory=list)
    backups: Backups = field(init=False)
    news: asyncio.Queue[tuple[str, str]] = field(default_factory=asyncio.Queue)

    def note(self, code: str, text: str, _detail: str) -> None:
        self.said.append((code, text))
        self.news.put_nowait((code, text))

    def heard(self) -> asyncio.Queue[tuple[str, str]]:
        """What is said from now on."""
        self.news = asyncio.Queue()
        return self.news

    async def add(self, first: int, count: int = 20) -> None:
        """Telemetry, results of a patient with their bytes, a quarantine entry, a delivery."""
        for number in range(first, first + count):
            await self.store.append(Batch(Retention.TELEMETRY, (), (make_event(number),)))
            record = make_record(number, f"PID-4711 Zhang San {number}".encode() * 5)
            event = replace(
                make_event(number, device="chemistry-1", raw=number),
                kind=EventKind.RESULT,
                value=Value("Zhang San"),
                subject=Subject("PID-4711", "HIS"),
            )
            entry = Quarantined(
                RawId(number), "bus", "x", QuarantineReason.UNKNOWN_CODE, "Zhang", "San", NOVEMBER
            )
            await self.store.append(Batch(Retention.RECORD, (record,), (event,), (entry,)))
        await self.outbox.enqueue("lis", str(first), b"Zhang San")

    def rotate(self, suite: str) -> None:
        """Seal with a new key from now on."""
        fresh = self.ring.rotated(suite_named(suite), "")
        KeyFile(self.data.parent / "ring.json").write(fresh)
        self.ring.adopt(fresh)

    async def day(self, kind: Kind = Kind.INCREMENT) -> Backup:
        """Make a backup, and let a day pass."""
        manifest = await self.backups.back_up(kind)
        self.clock.at += 86_400_000_000
        return Backup(self.target / manifest.folder, manifest)


@asynccontextmanager
async def opened(
    root: Path, data: str = "data", clock: HeldClock | None = None
) -> AsyncIterator[Site]:
    """A site whose data lies in a folder of `root`; all of them have one keyring."""
    source = KeyFile(root / "ring.json")
    ring = source.read() or Keyring.fresh(suite_named("aes-256-gcm"), "")
    source.write(ring)
    clock = clock or HeldClock()
    folder = root / data
    options = StoreOptions(free_space=lambda _: 1 << 40, ring=ring)
    async with (
        EventStore.open(folder / "store", options, clock) as store,
        Outbox.open(folder / "store/outbox.sqlite", ring, clock) as outbox,
    ):
        site = Site(folder, root / "backups", ring, clock, store, outbox)
        (folder / "audit").mkdir(exist_ok=True)
        (folder / "audit" / "head").write_text(f"{store.last_seq}")

        schedule = Schedule(time(2, 0), 6, 0, ZoneInfo("Asia/Shanghai"))
        site.backups = Backups(
            data=folder,
            store=store,
            ring=ring,
            clock=clock,
            note=site.note,
            keepers=(
                Files(folder / "audit", "audit"),
                Databases(folder, ("store/views.sqlite", "store/tables.sqlite")),
                SealedDatabase("store/outbox.sqlite", outbox.save),
            ),
            plan=Plan(site.target, schedule, keep=2),
        )
        yield site


async def everything(site: Site) -> list[object]:
    """All that can be asked of a site."""
    return [
        *await site.store.events(limit=10_000),
        *await site.store.events(patient=PATIENT, limit=10_000),
        *await site.store.records(limit=10_000),
        *await site.store.quarantine(limit=10_000),
        await site.outbox.head("lis"),
    ]
