"""Patients: who has which number now, folded from what systems and people say."""

from gateway.patients.book import PatientBook, sight_of
from gateway.patients.desk import PatientDesk
from gateway.patients.heard import Heard
from gateway.patients.masking import Sight, initials, masked, masked_number, name_for, shown
from gateway.patients.question import Question, QuestionKind
from gateway.patients.room import room

__all__ = [
    "Heard",
    "PatientBook",
    "PatientDesk",
    "Question",
    "QuestionKind",
    "Sight",
    "initials",
    "masked",
    "masked_number",
    "name_for",
    "room",
    "shown",
    "sight_of",
]
