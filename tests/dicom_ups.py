"""Work items for tests: a node that has them, what they hold, and who hears of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from dicom.dimse import accepting
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from dicom.ups.engine import Engine
from dicom.ups.items import Items
from gateway import Clock, Instant, Receipt
from gateway.model import DeviceEvent, WireRecord
from gateway.room import Subscriber
from gateway.testing import MemoryRoomPorts, room_context
from gateway.testing.room import MemoryDelivery, MemoryOutbox
from tests.dicom_peers import OURS
from tests.dicom_ups_clients import SYNTAXES, Pynetdicom, Scu, UpsClient
from tests.peers import LOOPBACK, wait_until

WATCH = "1.2.840.10008.5.1.4.34.6.2"
PULL = "1.2.840.10008.5.1.4.34.6.3"
EVENT = "1.2.840.10008.5.1.4.34.6.4"
QUERY = "1.2.840.10008.5.1.4.34.6.5"
GLOBAL = "1.2.840.10008.5.1.4.34.5"
FILTERED = "1.2.840.10008.5.1.4.34.5.1"
COMMITMENT = "1.2.840.10008.1.20.1"


def code(value: str, meaning: str, scheme: str = "99SITE") -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def work_item(**values: Any) -> Dataset:
    """All that N-CREATE must have (PS3.4 table CC.2.5-3); keywords override."""
    made = Dataset()
    made.SpecificCharacterSet = "GB18030"
    made.TransactionUID = ""
    made.ScheduledProcedureStepPriority = "MEDIUM"
    made.ProcedureStepLabel = "Treatment Delivery"
    made.WorklistLabel = "LINAC1"
    made.ScheduledProcessingParametersSequence = []
    made.ScheduledStationNameCodeSequence = [code("LINAC1", "Linac 1")]
    made.ScheduledStationClassCodeSequence = []
    made.ScheduledStationGeographicLocationCodeSequence = []
    made.ScheduledProcedureStepStartDateTime = "20250601101500"
    made.ScheduledWorkitemCodeSequence = [code("121726", "RT Treatment with Internal V", "DCM")]
    made.CommentsOnTheScheduledProcedureStep = ""
    made.InputReadinessState = "READY"
    made.InputInformationSequence = []
    made.PatientName, made.PatientID = "Zhang^Wei=张^伟", "P-100"
    made.IssuerOfPatientID, made.IssuerOfPatientIDQualifiersSequence = "HIS", []
    made.OtherPatientIDsSequence = []
    made.PatientBirthDate, made.PatientSex = "19600229", "M"
    made.AdmissionID, made.IssuerOfAdmissionIDSequence = "", []
    made.AdmittingDiagnosesDescription, made.AdmittingDiagnosesCodeSequence = "", []
    made.ReferencedRequestSequence = []
    made.ProcedureStepState = "SCHEDULED"
    made.ProcedureStepProgressInformationSequence = []
    made.UnifiedProcedureStepPerformedProcedureSequence = []
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def performed() -> Dataset:
    """What completes a work item."""
    step = Dataset()
    step.PerformedStationNameCodeSequence = [code("LINAC1", "Linac 1")]
    step.PerformedProcedureStepStartDateTime = "20250601102000"
    step.PerformedProcedureStepEndDateTime = "20250601103000"
    step.PerformedWorkitemCodeSequence = [code("121726", "RT Treatment", "DCM")]
    step.OutputInformationSequence = []
    made = Dataset()
    made.UnifiedProcedureStepPerformedProcedureSequence = [step]
    return made


def progress(percent: str) -> Dataset:
    item = Dataset()
    item.ProcedureStepProgress = percent
    made = Dataset()
    made.ProcedureStepProgressInformationSequence = [item]
    return made


def discontinued() -> Dataset:
    """What cancels a work item that somebody has claimed."""
    item = Dataset()
    item.ProcedureStepDiscontinuationReasonCodeSequence = [code("110501", "Equipment failure")]
    item.ReasonForCancellation = "Interlock"
    made = Dataset()
    made.ProcedureStepProgressInformationSequence = [item]
    return made


class PatientOutbox(MemoryOutbox):
    """As the gateway's own: what failed is due a second later, by its clock."""

    def __init__(self, clock: Clock, patience: int = 99) -> None:
        super().__init__(clock, patience)

    async def failed(self, delivery: MemoryDelivery, error: str) -> None:
        await super().failed(delivery, error)
        due = Instant(self._clock.now() + 1_000_000)
        self.waiting = [
            replace(each, due=due) if each.id == delivery.id else each for each in self.waiting
        ]


class FollowedPorts(MemoryRoomPorts):
    """Ports whose subscribers are fed as events come, as the gateway does."""

    def __init__(self, patience: int = 99) -> None:
        super().__init__()
        self.outbox = PatientOutbox(self.clock, patience)
        self._news: list[asyncio.Event] = []

    async def publish(self, events: Sequence[DeviceEvent], *wire: WireRecord) -> Receipt:
        receipt = await super().publish(events, *wire)
        for each in self._news:
            each.set()
        return receipt

    async def follow(self, subscriber: Subscriber) -> None:
        """Feed it until cancelled."""
        news = asyncio.Event()
        self._news.append(news)
        while True:
            news.clear()
            await self.feed(subscriber)
            await news.wait()


@dataclass
class Bench:
    node: Node
    ports: FollowedPorts
    port: int

    @property
    def engine(self) -> Engine:
        assert self.node.keeping.ups is not None
        return self.node.keeping.ups.engine

    async def told(self) -> None:
        """Wait until every report of what was decided so far is delivered and confirmed."""
        for each in self.node.keeping.subscribers:
            await cast("Items", each).reached(self.ports.last_seq)
        await self.settled()

    async def settled(self) -> None:
        """Wait until no report waits."""
        outbox = self.ports.outbox
        done = partial(wait_until, lambda: not outbox.waiting, within=20, what="every report")
        await asyncio.to_thread(done)

    def scu(
        self, title: str = "LINAC1", context: str = PULL, client: UpsClient | None = None
    ) -> Scu:
        return Scu(self.port, title, context, client or Pynetdicom())


@asynccontextmanager
async def bench(
    folder: Path,
    peers: dict[str, int] | None = None,
    *,
    ports: FollowedPorts | None = None,
    neighbours: Sequence[object] = (),
    services: Sequence[str] = ("verification", "storage", "ups", "commitment"),
    jobs: bool = True,
    departments: Mapping[str, str] | None = None,
    listeners: Sequence[dict[str, int]] = ({"port": 0},),
    **section: Any,
) -> AsyncIterator[Bench]:
    """A node with work items and its jobs. `peers` are ports by AE title, `departments` theirs."""
    options = DicomOptions.model_validate(
        {
            "listeners": listeners,
            "titles": {OURS: {"allow": "anyone", "services": list(services)}},
            "peers": {
                title.lower(): {
                    "title": title,
                    "host": LOOPBACK,
                    "port": port,
                    "department": (departments or {}).get(title, ""),
                }
                for title, port in (peers or {}).items()
            },
            "storage": {"min_free": 1_000_000},
            **section,
        }
    )
    ports = ports or FollowedPorts()
    context = room_context(folder, ports, neighbours=neighbours)
    async with (
        open_node(options, context) as node,
        accepting(node.acceptor, node.listeners),
        _beside(*(partial(ports.follow, each) for each in (node.index, *node.keeping.subscribers))),
        _beside(*(node.keeping.jobs.values() if jobs else ())),
    ):
        yield Bench(node, ports, node.acceptor.ports[0])


@asynccontextmanager
async def _beside(*jobs: Callable[[], Any]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job()) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@dataclass(frozen=True)
class Heard:
    """An event report that a subscriber got."""

    caller: str
    uid: str
    kind: int
    content: Dataset


@dataclass
class Listener:
    port: int
    heard: asyncio.Queue[Heard]


@asynccontextmanager
async def listening(
    title: str, context: str = EVENT, port: int = 0, answer: int = 0x0000, also: str = ""
) -> AsyncIterator[Listener]:
    """pynetdicom as the SCU that event reports go to, as acceptor."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Heard] = asyncio.Queue()

    def note(event: evt.Event) -> tuple[int, None]:
        request: Any = event.request
        found = Heard(
            event.assoc.requestor.ae_title,
            str(request.AffectedSOPInstanceUID),
            request.EventTypeID,
            event.event_information,
        )
        loop.call_soon_threadsafe(heard.put_nowait, found)
        return answer, None

    entity = AE(title)
    entity.add_supported_context("1.2.840.10008.1.1", SYNTAXES)
    for each in (context, *filter(None, (also,))):
        entity.add_supported_context(each, SYNTAXES, scu_role=False, scp_role=True)
    server = entity.start_server(
        (LOOPBACK, port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, note)]
    )
    assert server is not None
    try:
        yield Listener(server.server_address[1], heard)
    finally:
        # Its threads close their sockets themselves, if they are let.
        idle = partial(
            wait_until, lambda: not server.active_associations, within=10, what="the end"
        )
        await asyncio.to_thread(idle)
        await asyncio.to_thread(server.shutdown)
