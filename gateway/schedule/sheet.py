"""A CSV file of appointments: its charset said openly, its faults by row and column. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
    script_of,
)

MOST_BYTES = 512 * 1024
MOST_ROWS = 5000
CHARSETS = ("utf-8", "gb18030")

COLUMNS: Mapping[str, tuple[str, ...]] = {
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
}
"""What each column may be called in the first line."""

_NEEDED = ("id", "patient", "start")
_STATUSES = {
    **{each.value: each for each in AppointmentStatus},
    "已预约": AppointmentStatus.BOOKED,
    "已取消": AppointmentStatus.CANCELLED,
    "已完成": AppointmentStatus.COMPLETED,
    "未到": AppointmentStatus.NO_SHOW,
}
_TIMES = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text. `also` is another charset that its bytes could be in, to be said openly."""

    text: str
    charset: str
    also: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: the row counts from 1 with the first line, the column too.

    `text` is a message id, `word` what stands there.
    """

    row: int
    column: int
    text: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row: what it says, or what is wrong with it."""

    row: int
    said: AppointmentStatement | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a file does not say itself: who keeps its appointments, whose numbers, which zone."""

    book: str
    issuer: str
    zone: ZoneInfo


def decode(data: bytes, charset: str = "") -> Decoded | Fault:
    """The text of a file in `charset`, or in the one that its bytes prove.

    UTF-8 is proved by a mark or by being valid; short Chinese texts may be valid in both.
    """
    if charset:
        return _strictly(data, charset)
    if data.startswith(b"\xef\xbb\xbf") or data.isascii():
        return _strictly(data, "utf-8")
    found = [each for name in CHARSETS if isinstance(each := _strictly(data, name), Decoded)]
    if not found:
        return _strictly(data, "utf-8")
    first, *rest = found
    return Decoded(first.text, first.charset, rest[0].charset if rest else "")


def _strictly(data: bytes, charset: str) -> Decoded | Fault:
    try:
        return Decoded(data.decode(charset).removeprefix("\ufeff"), charset)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        row = before.count(b"\n") + 1
        column = before.rsplit(b"\n", 1)[-1].count(b",") + 1
        return Fault(row, column, "These bytes are no text in this character set.", charset)


def read(text: str, terms: Terms) -> tuple[Sequence[Line], Sequence[Fault]]:
    """The rows of a file, and what is wrong with the file as a whole."""
    try:
        rows = list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        return (), (Fault(1, 1, "This is no CSV file.", str(error)),)
    if not rows:
        return (), (Fault(1, 1, "The file is empty."),)
    if len(rows) > MOST_ROWS:
        return (), (Fault(MOST_ROWS + 1, 1, "The file has too many rows."),)
    head, faults = _head(rows[0])
    if faults:
        return (), faults
    lines = [
        _line(number, row, head, terms)
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]
    return list(_once(lines)), ()


def _head(cells: Sequence[str]) -> tuple[Mapping[str, int], tuple[Fault, ...]]:
    """Where each column stands."""
    known = {word: name for name, words in COLUMNS.items() for word in words}
    head: dict[str, int] = {}
    faults = []
    for place, cell in enumerate(cells):
        name = known.get(cell.strip().casefold())
        if name is None:
            faults.append(Fault(1, place + 1, "No such column is known.", cell.strip()))
        elif name in head:
            faults.append(Fault(1, place + 1, "This column is given twice.", cell.strip()))
        else:
            head[name] = place
    faults += [Fault(1, 1, "This column is missing.", name) for name in _NEEDED if name not in head]
    return head, tuple(faults)


def _line(number: int, row: Sequence[str], head: Mapping[str, int], terms: Terms) -> Line:
    cells = {name: row[at].strip() if at < len(row) else "" for name, at in head.items()}
    faults = list(_faults(number, cells, head, terms))
    start = _start(cells["start"], terms.zone)
    if cells["start"] and start is None:
        faults.append(_fault(number, head, "start", "This is no date and time.", cells["start"]))
    if faults or start is None:
        return Line(number, None, tuple(faults))
    own = Identifier(cells["patient"], cells.get("issuer") or terms.issuer)
    name = cells.get("name", "")
    family, _, given = name.partition("^")
    said = AppointmentStatement(
        book=terms.book,
        filler=cells["id"],
        status=_STATUSES.get(cells.get("status", "")) or AppointmentStatus.BOOKED,
        reschedules=True,
        start=from_datetime(start),
        day=start.date().isoformat(),
        minutes=float(cells["minutes"]) if cells.get("minutes") else None,
        kind=cells.get("kind", ""),
        reason=cells.get("note", ""),
        resources=(ResourceUse(ResourceKind.EQUIPMENT, cells["resource"]),)
        if cells.get("resource")
        else (),
        patient=PatientStatement(
            identifiers=(own,),
            names=(PersonName(script_of(name), family, given),) if name else (),
        ),
    )
    return Line(number, said)


def _faults(
    number: int, cells: Mapping[str, str], head: Mapping[str, int], terms: Terms
) -> Iterator[Fault]:
    for name in _NEEDED:
        if not cells[name]:
            yield _fault(number, head, name, "This is needed.")
    if not (cells.get("issuer") or terms.issuer):
        yield _fault(number, head, "patient", "Nobody says who gave this number out.")
    status = cells.get("status", "")
    if status and status not in _STATUSES:
        yield _fault(number, head, "status", "No such status is known.", status)
    minutes = cells.get("minutes", "")
    if minutes and not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= 480):  # noqa: PLR2004 - a working day
        yield _fault(number, head, "minutes", "From 1 to 480 minutes.", minutes)


def _fault(row: int, head: Mapping[str, int], name: str, text: str, word: str = "") -> Fault:
    return Fault(row, head.get(name, 0) + 1, text, word)


def _start(text: str, zone: ZoneInfo) -> datetime | None:
    """A time of the site; None where it is none, or where clocks change."""
    for pattern in _TIMES:
        try:
            wall = datetime.strptime(text.replace("T", " "), pattern)  # noqa: DTZ007 - placed below
        except ValueError:
            continue
        placed = wall.replace(tzinfo=zone)
        return placed if placed.astimezone(UTC).astimezone(zone) == placed else None
    return None


def _once(lines: Sequence[Line]) -> Iterator[Line]:
    """Of rows with one number none is taken: nobody knows which is meant."""
    numbers = [line.said.filler for line in lines if line.said]
    for line in lines:
        if line.said is not None and numbers.count(line.said.filler) > 1:
            fault = Fault(line.row, 1, "This number stands in several rows.", line.said.filler)
            yield Line(line.row, None, (fault,))
        else:
            yield line
