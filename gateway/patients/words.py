"""Codes as the words that pages say; catalogues translate the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import IdentifierType, Sex

IDENTIFIER_WORDS: Mapping[str, str] = {IdentifierType.MRN: "record-number"}
"""Of those whose own name is no word."""

SEX_WORDS: Mapping[str, str] = {
    Sex.MALE: "male",
    Sex.FEMALE: "female",
    Sex.OTHER: "other",
    Sex.UNKNOWN: "unknown",
}

VISIT_WORDS: Mapping[str, str] = {
    "I": "inpatient",
    "O": "outpatient",
    "E": "emergency",
    "P": "preadmitted",
    "R": "recurring",
    "B": "obstetrics",
}
"""Patient class, HL7 table 0004."""


@dataclass(frozen=True, slots=True)
class Words:
    """The tables above, as templates use them."""

    identifiers: Mapping[str, str]
    sexes: Mapping[str, str]
    visits: Mapping[str, str]


WORDS = Words(IDENTIFIER_WORDS, SEX_WORDS, VISIT_WORDS)
