"""Whose an object is, as it says itself."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model import Subject
from tps_bridge.rt import Item


@dataclass(frozen=True, slots=True)
class Identity:
    """Nothing where the object says nothing; `birth_date` is YYYYMMDD."""

    patient: str = ""
    issuer: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""

    @property
    def subject(self) -> Subject | None:
        """Whom an event is about; None where the object names no patient."""
        return Subject(self.patient, self.issuer) if self.patient else None


def identity_of(item: Item) -> Identity:
    return Identity(
        patient=item.text("PatientID"),
        issuer=item.text("IssuerOfPatientID"),
        name=item.text("PatientName"),
        birth_date=item.text("PatientBirthDate"),
        sex=item.text("PatientSex"),
    )
