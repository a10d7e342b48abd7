"""What is changed in an object when it comes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicom.match import Match
from dicom.storage.object import Change, StoredObject

COERCIBLE = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
)
"""Attributes of the outermost level that a rule may replace."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`fill` goes where an object says nothing, `replace` in the place of what it says.

    What can't be decoded is something all the same.
    """

    name: str
    match: Match
    fill: Mapping[str, str]
    replace: Mapping[str, str]

    def change(self, stored: StoredObject) -> Change | None:
        """What it does to an object; None where that is as the rule wants it already."""
        text = stored.attributes.text
        unread = {each.partition(":")[0] for each in stored.attributes.problems}
        wanted = {
            keyword: value
            for keyword, value in self.fill.items()
            if not text(keyword) and keyword not in unread
        }
        wanted |= {key: value for key, value in self.replace.items() if text(key) != value}
        if not wanted:
            return None
        return Change(self.name, wanted, {keyword: text(keyword) for keyword in wanted})


def change_of(rules: Sequence[Rule], stored: StoredObject, peer: str) -> Change | None:
    """By the first rule that is for the object; `peer` is the name of who sent it."""
    rule = next((each for each in rules if each.match.fits(stored, peer)), None)
    return None if rule is None else rule.change(stored)
