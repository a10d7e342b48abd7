"""What names an appointment or an order: its book, and a number that is unique within it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.keys import content_digest
from gateway.model import AppointmentStatement, OrderStatement, PatientStatement


class Thing(StrEnum):
    """What is named. An appointment is named by its filler, an order by its placer."""

    APPOINTMENT = "appointment"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Named:
    """The keys of one thing: by the number that names it, and by the other side's number."""

    main: bytes
    other: bytes


def named_appointment(said: AppointmentStatement) -> Named:
    return _named(Thing.APPOINTMENT, said.book, said.filler, said.placer)


def named_order(said: OrderStatement) -> Named:
    return _named(Thing.ORDER, said.book, said.placer, said.filler)


def orders_named(book: str, placer: str, filler: str) -> tuple[bytes, ...]:
    """The keys under which an order of these numbers may be known."""
    named = _named(Thing.ORDER, book, placer, filler)
    return tuple(filter(None, (named.main, named.other)))


def shared_key(other: bytes) -> bytes:
    """The id of what is said under the other side's number alone, where that names several."""
    return content_digest(b"shared", other)


def _named(thing: Thing, book: str, main: str, other: str) -> Named:
    return Named(
        _key(thing, book, "main", main) if main else b"",
        _key(thing, book, "other", other) if other else b"",
    )


def _key(thing: Thing, book: str, side: str, number: str) -> bytes:
    return content_digest(*(part.encode() for part in (thing, book, side, number)))


def patient_key(value: str, issuer: str) -> bytes:
    """How a patient is looked up here."""
    return content_digest(b"patient", issuer.encode(), value.encode())


def key_of_patient(said: PatientStatement | None) -> bytes | None:
    own = said.own if said else None
    return None if own is None else patient_key(own.value, own.issuer)


def patient_keys(keys: Sequence[tuple[str, str]]) -> list[bytes]:
    return [patient_key(*key) for key in keys]
