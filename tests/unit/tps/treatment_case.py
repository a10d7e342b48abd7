"""The room of plans in memory, with files on disk as the node keeps them, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom.services import Frames, Objects
from dicom.storage.attributes import attributes_of
from dicom.storage.blobs import Blobs
from dicom.storage.header import Header
from dicom.storage.index import Index
from dicom.storage.object import Origin, StoredObject, event_of
from dicom.storage.part10 import head
from dicom.storage.service import Storage
from dicom.storage.space import Bounds, Space
from dicom.view import Viewer
from gateway import DeviceEvent, Receipt, WireRecord
from gateway.api import open_app
from gateway.api.app import Application
from gateway.console import Console
from gateway.model import Identifier, PatientStatement, from_datetime
from gateway.patients import PatientDesk
from gateway.patients import room as patients
from gateway.patients.book import PatientBook
from gateway.room import OWNER, Entry, Permission, Principal, RoomContext, Subscriber
from gateway.schedule import room as schedule
from gateway.schedule.options import ScheduleOptions
from gateway.testing import ManualClock, Recognizing
from gateway.testing.room import MemoryAuditor, MemoryRoomPorts, room_context
from simulators.rt import Course, encoded
from tests.unit.api.memory_site import MemorySite
from tps_bridge.book import Book
from tps_bridge.compare import Tolerances
from tps_bridge.desk import PlanDesk, Shown
from tps_bridge.intake import Intake
from tps_bridge.options import TpsOptions
from tps_bridge.reader import Reader
from tps_bridge.room import room

S = TypeVar("S")


def somebody(name: str, *permissions: Permission) -> Principal:
    return Principal(f"person:{name}", name, frozenset(permissions))


CHEN = somebody("chen", *Permission)
"""Who is at the browser, and does what nobody else is named for."""
NOW = from_datetime(datetime(2025, 6, 12, 1, 0, tzinfo=UTC))


class Site(MemorySite):
    def packages(self) -> tuple[str, ...]:
        return ("gateway.patients", "tps_bridge")

    def navigation(self) -> Sequence[Entry]:
        return (*patients.navigation, *room.navigation)


class FedPorts(MemoryRoomPorts):
    """Ports whose events reach who is `fed` before an act or a publication returns."""

    def __init__(self) -> None:
        super().__init__("site", ManualClock(NOW))
        self.fed: list[Subscriber] = []
        self._feeding = False

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        """What a book emits while it is fed is fed after that."""
        receipt = await super().publish(events, *wire)
        if not self._feeding:
            self._feeding = True
            try:
                await self.feed(*self.fed)
            finally:
                self._feeding = False
        return receipt


@dataclass(frozen=True, slots=True)
class Treatments:
    """The open room; what is stored is read when `read` is asked to."""

    book: Book
    desk: PlanDesk
    intake: Intake
    blobs: Blobs
    ports: FedPorts
    audit: MemoryAuditor
    http: httpx.AsyncClient
    app: Application
    gate: Recognizing
    context: RoomContext
    rooms: list[object]
    """What a neighbour is found among."""

    @property
    def clock(self) -> ManualClock:
        clock = self.ports.clock
        assert isinstance(clock, ManualClock)
        return clock

    async def store(self, *several: Dataset) -> None:
        """As the node would: on disk, then said."""
        for made in several:
            data = encoded(made)
            sop_class, uid = str(made.SOPClassUID), str(made.SOPInstanceUID)
            draft = self.blobs.draft(
                head(sop_class, uid, ExplicitVRLittleEndian, sender="TPS", receiver="ISOGATE"),
                ExplicitVRLittleEndian,
            )
            blob = await draft.finish([data])
            values = {
                0x00080016: sop_class.encode(),
                0x00080018: uid.encode(),
                0x00100020: str(made.PatientID).encode(),
                0x00100021: str(made.IssuerOfPatientID).encode(),
                0x0020000D: str(made.get("StudyInstanceUID", "")).encode(),
                0x0020000E: str(made.get("SeriesInstanceUID", "")).encode(),
            }
            attributes = attributes_of(Header(values, False))
            origin = Origin("TPS", "ISOGATE", "127.0.0.1", ExplicitVRLittleEndian)
            stored = StoredObject(attributes, blob, origin, self.ports.clock.now())
            await self.ports.publish((event_of(stored, "site", "tps"),))

    async def read(self) -> None:
        """Let the intake do all that there is to do."""
        while await self.intake.step():
            pass

    async def take(self, *several: Dataset) -> None:
        await self.store(*several)
        await self.read()

    async def page(self, path: str) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def shown(self, uid: str, block: str) -> Shown:
        """A block of the next fraction of a plan's first group, as its page shows it."""
        row = await self.book.plan(uid)
        assert row is not None
        first = (await self.desk.checks(row))[0]
        check = next(each for each in first.checks if each.kind == block)
        return Shown(block, first.group, first.fraction, check.seen)

    async def registered(self, *courses: Course) -> None:
        """The patients of courses."""
        self.ports.fed.append(self.context.neighbours(PatientBook))
        for each in courses:
            own = PatientStatement(identifiers=(Identifier(each.patient, each.issuer),))
            await self.context.neighbours(PatientDesk).register(OWNER, own, "new here")

    def act_as(self, who: Principal) -> None:
        self.gate.who = who


@asynccontextmanager
async def treatments(
    data: Path, options: TpsOptions | None = None, agenda: ScheduleOptions | None = None
) -> AsyncIterator[Treatments]:
    """With a schedule where `agenda` says what its machines are."""
    ports, audit, gate = FedPorts(), MemoryAuditor(), Recognizing(CHEN)
    site = Site(ManualClock(NOW))
    console = Console(site)
    opened: list[object] = []

    def neighbour(kind: type[S]) -> S:
        for each in opened:
            if isinstance(each, kind):
                return each
        raise LookupError(kind.__name__)

    options = options or TpsOptions()
    async with AsyncExitStack() as stack:
        context = replace(
            room_context(data, ports, section=options, audit=audit), neighbours=neighbour
        )
        index = await stack.enter_async_context(
            Index.open(data / "store" / "objects.sqlite", context.ring)
        )
        blobs = stack.enter_context(Blobs.open(data / "dicom", context.ring))
        space = Space(blobs.folder, Bounds(0, None, 10**9), 0)
        storage = Storage("site", ports.clock, ports, blobs, space)
        viewer = await stack.enter_async_context(Viewer.open(blobs))
        opened += [Objects(index, blobs, storage, "ISOGATE"), Frames(viewer)]
        known = await stack.enter_async_context(patients.open(replace(context, section=None)))
        opened += [*known.subscribers, *known.services]
        if agenda is not None:
            booked = await stack.enter_async_context(
                schedule.open(replace(context, section=agenda))
            )
            opened += [*booked.subscribers, *booked.services]
        running = await stack.enter_async_context(room.open(context))
        opened += [*running.subscribers, *running.services]
        book = neighbour(Book)
        ports.fed += [book, index]
        reader = stack.enter_context(Reader.open(neighbour, book, options.largest))
        assert running.routes is not None
        assert known.routes is not None
        routes = [*running.routes(console.kit), *known.routes(console.kit)]
        app = await stack.enter_async_context(
            open_app(site, [*console.routes(), *routes], console.error_page, gate=gate)
        )
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://localhost",
                headers={"accept": "text/html"},
                follow_redirects=True,
            )
        )
        intake = Intake(context, book, reader, Tolerances())
        yield Treatments(
            book, neighbour(PlanDesk), intake, blobs, ports, audit, http, app, gate, context, opened
        )


def aside(shown: Shown, why: str) -> dict[str, str]:
    """The form that sets a block aside."""
    return {name: str(value) for name, value in asdict(shown).items()} | {"reason": why}
