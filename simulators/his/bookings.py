"""A booking system's tables: patients and appointments, as its view and its service show them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from simulators.http.answering import Faulty

Row: TypeAlias = dict[str, Any]

_PATIENTS = (
    *("patient_no", "updated_at", "patient_name", "pinyin", "birth_date", "sex", "card_no"),
    *("id_card", "deceased", "visit_type", "visit_no", "ward", "bed", "visit_state"),
    "merged_into",
)
_APPOINTMENTS = (
    *("appointment_no", "updated_at", "patient_no", "patient_name", "begin_at", "end_at"),
    *("minutes", "status", "item_code", "item_name", "remark", "machine_code", "machine_name"),
    *("doctor_code", "doctor_name", "request_no"),
)
_TABLES: Mapping[str, tuple[str, ...]] = {
    "isogate_patients": _PATIENTS,
    "isogate_appointments": _APPOINTMENTS,
}


@dataclass(slots=True)
class Bookings:
    """`now` is its clock, in wall time; each change is written with it."""

    now: Callable[[], datetime]
    patients: dict[str, Row] = field(default_factory=dict)
    appointments: dict[str, Row] = field(default_factory=dict)

    def register(self, number: str, name: str, born: str, sex: str = "1", **more: Any) -> None:
        """Enter a patient, or change one."""
        given = {"patient_no": number, "patient_name": name, "birth_date": born, "sex": sex}
        known = self.patients.get(number) or dict.fromkeys(_PATIENTS)
        self.patients[number] = {**known, **given, **more, "updated_at": self.now()}

    def book(self, number: str, patient: str, begin: datetime, machine: str = "LA1") -> None:
        """Make an appointment of a quarter of an hour."""
        name = self.patients.get(patient, {}).get("patient_name")
        self._write(
            number,
            patient_no=patient,
            patient_name=name,
            begin_at=begin,
            end_at=begin + timedelta(minutes=15),
            status="已预约",
            item_name="放射治疗",
            machine_code=machine,
        )

    def change(self, number: str, **changes: Any) -> None:
        self._write(number, **changes)

    def forget(self, number: str) -> None:
        """Delete an appointment's row."""
        del self.appointments[number]

    def _write(self, number: str, **changes: Any) -> None:
        known = self.appointments.get(number) or dict.fromkeys(_APPOINTMENTS)
        changed = {"appointment_no": number, "updated_at": self.now()}
        self.appointments[number] = {**known, **changes, **changed}


@dataclass(slots=True)
class BookingTables:
    """The same in a database that others may read; `mark` is how it writes parameters."""

    connection: Any
    bookings: Bookings
    mark: str = "?"
    texts: bool = True

    def create(self) -> None:
        """Both tables, empty."""
        for table, columns in _TABLES.items():
            typed = ", ".join(f"{name} {self._type(name)}" for name in columns)
            self._execute(f"CREATE TABLE {table} ({typed}, PRIMARY KEY ({columns[0]}))")

    def write(self) -> None:
        """Let the tables be what the bookings are now, in one transaction."""
        rows = (self.bookings.patients, self.bookings.appointments)
        for (table, columns), said in zip(_TABLES.items(), rows, strict=True):
            self._execute(f"DELETE FROM {table}")  # noqa: S608
            marks = ", ".join([self.mark] * len(columns))
            for row in said.values():
                values = tuple(self._value(row[name]) for name in columns)
                self._execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608
        self.connection.commit()

    def _type(self, name: str) -> str:
        return "TEXT" if self.texts or not name.endswith("_at") else "timestamp"

    def _value(self, value: Any) -> Any:
        return value.isoformat(" ") if self.texts and isinstance(value, datetime) else value

    def _execute(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters)
        cursor.close()


@dataclass(slots=True)
class BookingService:
    """Answers `GET …/appointments?since=…&page=…&size=…`; `faults` are those of `Faulty`."""

    bookings: Bookings
    faults: set[str] = field(default_factory=set)

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
        """Gives the port."""
        return Faulty(self._say, self.faults).serving(host, port)

    def _say(self, target: str, _body: str) -> str:
        query = parse_qs(urlsplit(target).query)
        since = datetime.fromisoformat(query["since"][0])
        page, size = int(query["page"][0]), int(query["size"][0])
        rows = [row for row in self.bookings.appointments.values() if row["updated_at"] >= since]
        return json.dumps({"data": [_asked(row) for row in rows[(page - 1) * size : page * size]]})


def posted(*rows: Row) -> bytes:
    """A document for the profile `his-appointments-posted`."""
    return json.dumps({"appointments": [_told(row) for row in rows]}).encode()


def _asked(row: Row) -> Row:
    begin: datetime = row["begin_at"]
    return {
        "id": row["appointment_no"],
        "updated": row["updated_at"].strftime("%Y-%m-%d %H:%M:%S"),
        "patient": {"no": row["patient_no"], "name": row["patient_name"]},
        "date": begin.strftime("%Y-%m-%d"),
        "time": begin.strftime("%H:%M"),
        "minutes": 15,
        "state": row["status"],
        "item": row["item_name"],
        "machine": row["machine_code"],
    }


def _told(row: Row) -> Row:
    begin: datetime = row["begin_at"]
    return {
        "id": row["appointment_no"],
        "changed": row["updated_at"].strftime("%Y-%m-%d %H:%M:%S"),
        "patient": {"no": row["patient_no"], "name": row["patient_name"]},
        "start": begin.strftime("%Y-%m-%d %H:%M"),
        "minutes": 15,
        "state": row["status"],
        "item": row["item_name"],
        "machine": row["machine_code"],
    }
