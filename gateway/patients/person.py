"""A person as others see them, and as the tables keep them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson

from gateway.model import (
    Identifier,
    PatientStatement,
    PersonName,
    Sex,
    Visit,
    patient_statement,
)
from gateway.patients.facts import BIRTH_DATE, SEX
from gateway.patients.family import Person, key_of
from gateway.patients.stays import present_visit
from gateway.patients.terms import record_key
from gateway.room.people import Patient


def patient_of(person: Person) -> Patient:
    """The facts in force of the record that stands, with the numbers of all its parts."""
    root = person.root
    sex, sex_sent = _sex(person)
    born = root.force.get(BIRTH_DATE)
    return Patient(
        id=record_key(root.own.value, root.own.issuer).hex(),
        identifiers=tuple(_identifiers(person)),
        names=tuple(_names(person)),
        birth_date=born.fact.text if born else "",
        sex=sex,
        sex_sent=sex_sent,
        deceased=_deceased(person),
        visit=_visit(person),
    )


def body_of(patient: Patient) -> bytes:
    """A patient as the tables keep one; what is disputed is found when somebody asks."""
    said = PatientStatement(
        identifiers=patient.identifiers,
        names=patient.names,
        birth_date=patient.birth_date,
        sex=patient.sex,
        sex_sent=patient.sex_sent,
        deceased=patient.deceased,
        visit=patient.visit,
    )
    return orjson.dumps(said.payload())


def read_patient(key: bytes, body: bytes, disputed: frozenset[str] = frozenset()) -> Patient:
    """A patient from the tables."""
    said = patient_statement(orjson.loads(body))
    return Patient(
        key.hex(),
        said.identifiers,
        said.names,
        said.birth_date,
        said.sex,
        said.sex_sent,
        bool(said.deceased),
        said.visit,
        disputed,
    )


def _identifiers(person: Person) -> Iterator[Identifier]:
    """Each number once, the own one of the standing record first."""
    known = {key_of(person.root.own)}
    yield _sorted_out(person)
    for record in person.records:
        for key, (identifier, _) in record.identifiers.items():
            if key not in known:
                known.add(key)
                yield identifier


def _sorted_out(person: Person) -> Identifier:
    """The own identifier with the sort that some entry gave it."""
    found, _ = person.root.identifiers.get(key_of(person.root.own), (person.root.own, None))
    return replace(person.root.own, type=found.type)


def _names(person: Person) -> Iterator[PersonName]:
    standings = (person.root.force[slot] for slot in sorted(person.root.force))
    return (each.fact.name for each in standings if each.fact.name is not None)


def _sex(person: Person) -> tuple[Sex | None, str]:
    """The sex in force, and the word that its source used."""
    standing = person.root.force.get(SEX)
    if standing is not None:
        return Sex(standing.fact.exact), standing.by.said.sex_sent
    last = person.root.last
    return (last.said.sex, last.said.sex_sent) if last else (None, "")


def _visit(person: Person) -> Visit | None:
    return present_visit(entry for record in person.records for entry in record.visits)


def _deceased(person: Person) -> bool:
    words = [
        (record.deceased[1].order, record.deceased[0])
        for record in person.records
        if record.deceased is not None
    ]
    return max(words)[1] if words else False
