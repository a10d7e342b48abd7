"""A day of appointments on stations, told to real books and written as worklist files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, ExplicitVRLittleEndian

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    DeviceEvent,
    OrderStatement,
    PatientStatement,
    ResourceKind,
    ResourceUse,
    from_datetime,
)
from gateway.schedule.options import ScheduleOptions
from tests.peers import LOOPBACK
from tests.unit.patients import people_case
from tests.unit.schedule import schedule_case

ZONE = ZoneInfo("Asia/Shanghai")
DAY = datetime(2026, 11, 23, tzinfo=ZONE)
STATIONS = (("ct", "CT1", "CT"), ("linac", "LINAC1", "RTIMAGE"))
STATIONED: Mapping[str, Any] = {
    "resources": {
        **{
            resource: {"name": title, "ae_title": title, "modality": modality}
            for resource, title, modality in STATIONS
        },
        "room": {"name": "Consulting room", "kind": "room"},
    }
}
"""The section `schedule` of devices.yaml."""
SCHEDULE = ScheduleOptions.model_validate(STATIONED)
_FAMILIES = (("Wang", "王"), ("Zhang", "张"), ("Li", "李"), ("Ouyang", "欧阳"))
_GIVEN = (("Wei", "伟"), ("Na", "娜"), ("Xiaodong", "小东"))


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment with its order."""

    number: int
    station: tuple[str, str, str]
    start: datetime

    @property
    def patient(self) -> str:
        return f"P{self.number:04}"

    @property
    def family(self) -> tuple[str, str]:
        return _FAMILIES[self.number % len(_FAMILIES)]

    @property
    def given(self) -> tuple[str, str]:
        return _GIVEN[self.number % len(_GIVEN)]

    @property
    def accession(self) -> str:
        return f"A{self.number:05}"

    @property
    def step(self) -> str:
        return f"S{self.number:05}"

    @property
    def study(self) -> str:
        return f"1.2.826.0.1.3680043.8.498.9.{self.number}"

    @property
    def person(self) -> PatientStatement:
        name = f"{self.family[1]}^{self.given[1]}"
        letters = people_case.said(self.patient, f"{self.family[0]}^{self.given[0]}").names
        said = people_case.said(self.patient, name, "1960-02-29", "MF"[self.number % 2])
        return PatientStatement(
            said.verb, said.identifiers, letters + said.names, said.birth_date, said.sex, "M"
        )


def visits(count: int, days: int = 1) -> Sequence[Visit]:
    """So many, five minutes apart, on both stations in turn, over some days."""
    each = max(1, count // days)
    return [
        Visit(
            number,
            STATIONS[number % len(STATIONS)],
            DAY
            + timedelta(days=min(number // each, days - 1), hours=8, minutes=5 * (number % each)),
        )
        for number in range(count)
    ]


def today(count: int) -> Sequence[Visit]:
    """The same day moved to today, for a gateway whose clock is the machine's."""
    midnight = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return [
        Visit(each.number, each.station, midnight + timedelta(hours=7, minutes=4 * each.number))
        for each in visits(count)
    ]


def hospital(port: int) -> Mapping[str, Any]:
    """Link and device of a hospital system that calls this port, for devices.yaml."""
    transport = {"type": "tcp-listen", "port": port}
    return {
        "links": {"his": {"driver": "hl7", "transport": transport}},
        "devices": {"his": {"name": "HIS", "link": "his", "profile": "his-adt-siu"}},
    }


async def tell(port: int, made: Sequence[Visit]) -> None:
    """The appointments and their patients by SIU^S12, each acknowledged."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for each in made:
        writer.write(b"\x0b" + siu_of(each).encode("gb18030") + b"\x1c\r")
        answer = await reader.readuntil(b"\x1c\r")
        if b"MSA|AA" not in answer:
            raise RuntimeError(answer.decode(errors="replace"))
    writer.close()
    await writer.wait_closed()


def siu_of(visit: Visit) -> str:
    """An appointment as a hospital system books it."""
    name = f"{visit.family[1]}^{visit.given[1]}^^^^^^I~{visit.family[0]}^{visit.given[0]}^^^^^^A"
    schedule = ["SCH", f"O{visit.number}", f"F{visit.number}", *[""] * 22]
    schedule[7] = "^Planning CT"
    schedule[11] = f"^^^{visit.start:%Y%m%d%H%M%S}"
    return "\r".join(
        (
            f"MSH|^~\\&|HIS|H|GW|H|{visit.start:%Y%m%d%H%M%S}||SIU^S12|M{visit.number}|P|2.4",
            "|".join(schedule),
            f"PID|1||{visit.patient}^^^^MR||{name}||19600229|M",
            "RGS|1",
            f"AIG|1||{visit.station[0]}^{visit.station[1]}",
            "",
        )
    )


async def told(
    made: Sequence[Visit],
) -> tuple[schedule_case.Told, people_case.Told]:
    """The schedule and the patients that systems would have told us of."""
    people = people_case.Told()
    await people.tell(*(people_case.event(each.number, each.person) for each in made))
    schedule = schedule_case.Told(SCHEDULE, (people.book,))
    await schedule.tell(*events(made))
    return schedule, people


def events(made: Sequence[Visit]) -> Iterator[DeviceEvent]:
    for each in made:
        yield schedule_case.event(each.number, order_of(each))
        yield schedule_case.event(each.number + 0.5, appointment_of(each))


def appointment_of(visit: Visit, status: str = "booked") -> AppointmentStatement:
    return AppointmentStatement(
        book="HIS",
        filler=f"F{visit.number}",
        status=AppointmentStatus(status),
        start=from_datetime(visit.start),
        minutes=10,
        kind_name="定位CT" if visit.station[0] == "ct" else "Treatment",
        resources=(ResourceUse(ResourceKind.EQUIPMENT, visit.station[0]),),
        order_placer=f"O{visit.number}",
        patient=people_case.said(visit.patient),
    )


def order_of(visit: Visit) -> OrderStatement:
    return OrderStatement(
        book="HIS",
        placer=f"O{visit.number}",
        accession=visit.accession,
        procedure_id=f"R{visit.number}",
        step_id=visit.step,
        study=visit.study,
        text="Planning CT",
        patient=people_case.said(visit.patient),
    )


def files(made: Sequence[Visit], folder: Path, title: str) -> None:
    """The same as files of DCMTK's worklist, in a folder of that AE title."""
    place = folder / title
    place.mkdir(parents=True)
    (place / "lockfile").touch()
    for each in made:
        _write(_file(each), place / f"{each.number:05}.wl")


def _file(visit: Visit) -> Dataset:
    step, made = Dataset(), Dataset()
    step.ScheduledStationAETitle, step.Modality = visit.station[1:]
    step.ScheduledProcedureStepStartDate = f"{visit.start:%Y%m%d}"
    step.ScheduledProcedureStepStartTime = f"{visit.start:%H%M%S}"
    step.ScheduledProcedureStepDescription = "Planning CT"
    step.ScheduledProcedureStepID = visit.step
    step.ScheduledPerformingPhysicianName = ""
    made.SpecificCharacterSet = "ISO_IR 192"
    made.AccessionNumber = visit.accession
    letters, ideographs = ("^".join(pair) for pair in zip(visit.family, visit.given, strict=True))
    made.PatientName = f"{letters}={ideographs}"
    made.PatientID = visit.patient
    made.PatientBirthDate, made.PatientSex = "19600229", "MF"[visit.number % 2]
    made.StudyInstanceUID = visit.study
    made.RequestedProcedureDescription = "Planning CT"
    made.RequestedProcedureID = f"R{visit.number}"
    made.ScheduledProcedureStepSequence = Items([step])
    return made


def _write(made: Dataset, path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.276.0.7230010.3.1.0.1")
    meta.MediaStorageSOPInstanceUID = UID(f"{made.StudyInstanceUID}.1")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta = meta
    dcmwrite(path, made, enforce_file_format=True)
