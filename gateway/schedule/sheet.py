"""A CSV file of appointments, row by row. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.model import (
    AppointmentStatement,
    AppointmentStatus,
    Identifier,
    PatientStatement,
    PersonName,
    ResourceKind,
    ResourceUse,
    from_datetime,
    placed,
    script_of,
)
from gateway.room.sheet import Columns, Line, SheetFault

COLUMNS = Columns(
    {
        "id": ("id", "appointment", "预约号"),
        "patient": ("patient", "patient id", "患者号", "病案号"),
        "issuer": ("issuer", "发号方"),
        "name": ("name", "姓名"),
        "start": ("start", "begin", "开始", "开始时间", "预约时间"),
        "minutes": ("minutes", "时长", "分钟"),
        "resource": ("resource", "machine", "设备", "机房"),
        "kind": ("kind", "项目", "事项"),
        "status": ("status", "状态"),
        "note": ("note", "备注"),
    },
    needed=("id", "patient", "start"),
)

_STATUSES = {
    **{each.value: each for each in AppointmentStatus},
    "已预约": AppointmentStatus.BOOKED,
    "已取消": AppointmentStatus.CANCELLED,
    "已完成": AppointmentStatus.COMPLETED,
    "未到": AppointmentStatus.NO_SHOW,
}
_TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")
_LONGEST = 480
"""Minutes of a working day."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A row: what it says, or what is wrong with it."""

    row: int
    said: AppointmentStatement | None
    faults: tuple[SheetFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a file does not say itself: who keeps its appointments, whose numbers, which zone."""

    book: str
    issuer: str
    zone: ZoneInfo


def read(text: str, terms: Terms) -> tuple[Sequence[Stated], Sequence[SheetFault]]:
    """The rows of a file, and what is wrong with the file as a whole."""
    lines, faults = COLUMNS.read(text)
    return _once([_stated(line, terms) for line in lines]), faults


def _stated(line: Line, terms: Terms) -> Stated:
    faults = list(_faults(line, terms))
    start = _start(line["start"], terms.zone)
    if line["start"] and start is None:
        faults.append(line.fault("start", "This is no date and time.", line["start"]))
    if faults or start is None:
        return Stated(line.row, None, tuple(faults))
    own = Identifier(line["patient"], line["issuer"] or terms.issuer)
    name = line["name"]
    family, _, given = name.partition("^")
    resource = line["resource"]
    said = AppointmentStatement(
        book=terms.book,
        filler=line["id"],
        status=_STATUSES.get(line["status"]),
        start=from_datetime(start),
        day=start.date().isoformat(),
        minutes=float(line["minutes"]) if line["minutes"] else None,
        kind=line["kind"],
        reason=line["note"],
        resources=(ResourceUse(ResourceKind.EQUIPMENT, resource),) if resource else (),
        patient=PatientStatement(
            identifiers=(own,),
            names=(PersonName(script_of(name), family, given),) if name else (),
        ),
    )
    return Stated(line.row, said)


def _faults(line: Line, terms: Terms) -> Iterator[SheetFault]:
    yield from line.missing(COLUMNS.needed)
    if not (line["issuer"] or terms.issuer):
        yield line.fault("patient", "Nobody says who gave this number out.")
    status, minutes = line["status"], line["minutes"]
    if status and status not in _STATUSES:
        yield line.fault("status", "No such status is known.", status)
    if minutes and not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= _LONGEST):
        yield line.fault("minutes", "From 1 to 480 minutes.", minutes)


def _start(text: str, zone: ZoneInfo) -> datetime | None:
    """A time of the site; None where it is none, or where clocks change."""
    for pattern in _TIMES:
        try:
            wall = datetime.strptime(text.replace("T", " "), pattern)  # noqa: DTZ007 - placed below
        except ValueError:
            continue
        try:
            return placed(wall, zone)
        except ValueError:
            return None
    return None


def _once(lines: Sequence[Stated]) -> list[Stated]:
    """Of rows with one number none is taken: nobody knows which is meant."""
    numbers = Counter(line.said.filler for line in lines if line.said)
    return [
        Stated(line.row, None, (_twice(line.row, line.said.filler),))
        if line.said is not None and numbers[line.said.filler] > 1
        else line
        for line in lines
    ]


def _twice(row: int, number: str) -> SheetFault:
    return SheetFault(row, 1, "This number stands in several rows.", number)
