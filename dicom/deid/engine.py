"""Takes an object's names away: by the table, then by looking for what the table missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dicom.deid.dummy import dummy, name_of
from dicom.deid.marks import mark
from dicom.deid.net import Net
from dicom.deid.options import Dates, DeidOptions, NotDeidentifiable
from dicom.deid.pseudonym import Pseudonyms, shifted
from dicom.deid.table import Action, action, line_of, otherwise
from dicom.deid.visible import doubt

_PATIENT_ID, _PATIENT_NAME = 0x00100020, 0x00100010
_BIRTH_DATE = 0x00100030
_TEXT = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_WHOSE = ("IssuerOfPatientID", "PatientID", "StudyInstanceUID", "SOPInstanceUID")
_DEPTH = 40
_PUBLIC = ("1.2.840.10008.", "2.16.840.1.113883.6.")
"""Roots of DICOM's own UIDs, and of those of code systems that HL7 keeps."""


@dataclass(frozen=True, slots=True)
class Deidentified:
    """What came out; its SOP instance UID and its patient's pseudonym.

    `caught` names attributes that no rule covers and that held a name all the same.
    """

    dataset: Dataset
    sop_instance: str
    patient: str
    caught: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """One object on its way: who its patient is, and how far his dates are moved."""

    pseudonym: str
    back: timedelta


class Deidentifier:
    """De-identifies objects; those of one patient, study or frame of reference stay together."""

    def __init__(self, options: DeidOptions, key: bytes) -> None:
        self._options, self._pseudonyms = options, Pseudonyms(key)

    def deidentify(self, original: Dataset) -> Deidentified:
        """A de-identified copy; NotDeidentifiable if a person must look at it first.

        The original is not changed. Pixel data are not looked into: what may show names is refused.
        """
        self._refuse_visible_names(original)
        work = self._work(original)
        net = Net.of(original)
        dataset = self._cleaned(original, work, 0)
        self._name_patient(dataset, original, work)
        mark(dataset, self._options)
        caught = tuple(sorted({name_of(tag) for tag in net.empty_what_leaks(dataset)}))
        sop_instance = str(dataset.get("SOPInstanceUID", ""))
        return Deidentified(dataset, sop_instance, work.pseudonym, caught)

    def _refuse_visible_names(self, original: Dataset) -> None:
        why = "" if self._options.burned_in_checked else doubt(original)
        if why:
            modality = str(original.get("Modality", "") or "")
            raise NotDeidentifiable(
                f"the pixels of this {modality or 'image'} may show names ({why}): look at it,"
                " and send it with `burned_in_checked`"
            )

    def _work(self, original: Dataset) -> _Work:
        """Without a Patient ID each study is of a patient of its own: nobody is merged."""
        issuer, identifier, study, instance = (
            str(original.get(keyword, "") or "").strip() for keyword in _WHOSE
        )
        if identifier:
            whose = self._pseudonyms.patient(issuer, identifier)
            return _Work(whose, self._pseudonyms.days(issuer, identifier))
        if not (study or instance):
            raise NotDeidentifiable("it says neither whose it is nor of which study")
        whose = self._pseudonyms.patient_of_study(study or instance)
        return _Work(whose, self._pseudonyms.days_of_study(study or instance))

    def _cleaned(self, item: Dataset, work: _Work, depth: int) -> Dataset:
        if depth > _DEPTH:
            raise NotDeidentifiable(f"sequences are nested more than {_DEPTH} deep")
        kept = Dataset()
        for element in item:
            for clean in self._element(element, item, work, depth):
                kept.add(clean)
        return kept

    def _element(
        self, element: DataElement, item: Dataset, work: _Work, depth: int
    ) -> Iterator[DataElement]:
        """What stands for an element: itself, another value, or nothing."""
        tag = element.tag
        if tag.element == 0:
            return
        if tag.is_private:
            if tag.is_private_creator or self._is_safe(tag, item):
                yield from self._private(element, item, work, depth)
            return
        line = line_of(int(tag)) or otherwise(int(tag), element.VR)
        act = Action.KEEP if line is None else action(line.code(self._options))
        if act is Action.KEEP:
            yield from self._kept(element, work, depth)
        elif act is not Action.REMOVE:
            yield self._replaced(act, element, item, work, depth)

    def _kept(self, element: DataElement, work: _Work, depth: int) -> Iterator[DataElement]:
        if element.VR == "SQ":
            yield self._sequence(element, work, depth)
        elif element.VR != "UN":
            yield element

    def _replaced(
        self, act: Action, element: DataElement, item: Dataset, work: _Work, depth: int
    ) -> DataElement:
        tag, vr = element.tag, element.VR
        match act:
            case Action.UID if vr == "UI":
                value: object = self._uids(element)
            case Action.CLEAN:
                return self._clean(element, work, depth)
            case Action.UID if vr == "SQ":
                return self._sequence(element, work, depth)
            case _ if vr == "SQ":
                return self._emptied(element, work, depth, keep=act is Action.DUMMY)
            case Action.DUMMY:
                value = dummy(int(tag), vr, item)
            case _:
                value = None
        return DataElement(tag, vr, value)

    def _clean(self, element: DataElement, work: _Work, depth: int) -> DataElement:
        """Action C: dates are moved, descriptors keep their listed words, items are walked."""
        tag, vr = element.tag, element.VR
        if vr == "SQ":
            return self._sequence(element, work, depth)
        if vr in ("DA", "DT") and self._options.dates is Dates.SHIFT:
            values = element.value if element.VM > 1 else [element.value]
            return DataElement(tag, vr, [shifted(str(value or ""), work.back) for value in values])
        if vr == "TM" and self._options.dates is Dates.SHIFT:
            return element
        words = element.value if element.VM > 1 else [element.value]
        if vr in _TEXT and all(str(word or "") in self._options.words for word in words):
            return element
        return DataElement(tag, vr, dummy(int(tag), vr, Dataset()) if vr == "SH" else None)

    def _sequence(self, element: DataElement, work: _Work, depth: int) -> DataElement:
        items = [self._cleaned(each, work, depth + 1) for each in element.value]
        return DataElement(element.tag, "SQ", Sequence(items))

    def _emptied(self, element: DataElement, work: _Work, depth: int, *, keep: bool) -> DataElement:
        """A sequence that the table replaces: with items that say nothing, or without items."""
        items = [self._cleaned(each, work, depth + 1) for each in element.value] if keep else []
        for each in items:
            for inner in each.iterall():
                if inner.VR in _TEXT:
                    inner.value = dummy(int(inner.tag), inner.VR, Dataset())
        return DataElement(element.tag, "SQ", Sequence(items))

    def _uids(self, element: DataElement) -> list[str]:
        """New UIDs for old; those that the standard itself gives stay."""
        values = element.value if element.VM > 1 else [element.value]
        old = [str(value or "") for value in values]
        return [
            self._pseudonyms.uid(uid) if uid and not uid.startswith(_PUBLIC) else uid for uid in old
        ]

    def _name_patient(self, dataset: Dataset, original: Dataset, work: _Work) -> None:
        dataset.add(DataElement(_PATIENT_ID, "LO", work.pseudonym))
        dataset.add(DataElement(_PATIENT_NAME, "PN", work.pseudonym))
        if self._options.dates is Dates.SHIFT and original.get("PatientBirthDate"):
            dataset.add(DataElement(_BIRTH_DATE, "DA", ""))

    def _is_safe(self, tag: BaseTag, item: Dataset) -> bool:
        creator = (tag.group, tag.element >> 8)
        said = item[creator].value if creator in item else ""
        name = f"{said}/{tag.group:04x}xx{tag.element & 0xFF:02x}"
        return name in self._options.private

    def _private(
        self, element: DataElement, item: Dataset, work: _Work, depth: int
    ) -> Iterator[DataElement]:
        if element.VR == "UI" and not self._options.keep_uids:
            yield DataElement(element.tag, "UI", self._uids(element))
        elif not element.tag.is_private_creator:
            yield from self._kept(element, work, depth)
        elif any(self._is_safe(each.tag, item) for each in item if _is_under(each.tag, element)):
            yield element


def _is_under(tag: BaseTag, creator: DataElement) -> bool:
    """Whether a private element lies in a creator's block (PS3.5 7.8.1)."""
    same = tag.group == creator.tag.group and not tag.is_private_creator
    return same and tag.element >> 8 == creator.tag.element
