"""Objects by patient, study and series, folded from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import apsw
import orjson

from dicom.storage.forms import day_of, groups_of
from dicom.storage.object import (
    StoredObject,
    conflict_event,
    is_object,
    object_of,
    payload_of,
    read_payload,
)
from dicom.storage.removal import Removal, cleared_in, hold_in, removal_in
from dicom.storage.schema import SCHEMA
from gateway import DeviceEvent

_PATIENT = "SELECT key, birth FROM patient WHERE id = ? AND issuer = ? AND only_study = ?"
_NEW_PATIENT = "INSERT INTO patient VALUES(NULL,?,?,?,?,?,?) RETURNING key, birth"
_NEW_NAME = "INSERT OR IGNORE INTO patient_name VALUES(?,?)"
_STUDY = "SELECT patient FROM study WHERE uid = ?"
_NEW_STUDY = "INSERT INTO study VALUES(?,?,?,?,?,?,?,?,?,?)"
_NEW_SENDER = "INSERT OR IGNORE INTO sender VALUES(?,?)"
_SERIES = "SELECT study FROM series WHERE uid = ?"
_NEW_SERIES = "INSERT INTO series VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
_INSTANCE = "SELECT digest FROM instance WHERE uid = ?"
_NEW_INSTANCE = "INSERT INTO instance VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
_NEW_CONFLICT = "INSERT INTO conflict VALUES(?,?,?,?,?,?,?,?,?)"
_HOLD = "INSERT INTO holding VALUES(?,?,1) ON CONFLICT DO UPDATE SET instances = instances + 1"
_LET_GO = "UPDATE holding SET instances = instances - 1 WHERE sop_class = ? AND syntax = ?"
_HOLD_BACK = "INSERT INTO held VALUES(?,?,?,?)"
_LEAVES = """
SELECT uid, body FROM instance WHERE study = ?1 AND seq <= ?2
  AND NOT EXISTS(SELECT 1 FROM conflict WHERE conflict.uid = instance.uid AND conflict.seq > ?2)
"""
_GREW = "SELECT 1 FROM instance WHERE study = ? AND seq > ? LIMIT 1"
_CONTENTS = "SELECT body FROM conflict WHERE uid = ? AND kind = 'content'"
_EMPTY_SERIES = """
DELETE FROM series WHERE study = ?
  AND NOT EXISTS(SELECT 1 FROM instance WHERE instance.series = series.uid)
"""
_LATEST = "UPDATE total SET latest = max(latest, ?) RETURNING latest"
_COUNT = "UPDATE total SET instances = instances + ?, bytes = bytes + ?"


@dataclass(frozen=True, slots=True)
class _Clash:
    """In what an object contradicts what was there before: see `dicom.storage.index.Clash`."""

    kind: str
    words: str


class Tables:
    """Used by one thread at a time. What came first counts; what contradicts it is a conflict."""

    format: ClassVar[int] = 7
    schema: ClassVar[str] = SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        """Objects in order; an event follows from each that contradicts an earlier one."""
        following: list[DeviceEvent] = []
        for event in events:
            if is_object(event):
                clashes = self._take(object_of(event))
                following += [conflict_event(event, each.kind, each.words) for each in clashes]
            else:
                self._give_up(event)
        return following

    def rows(self, sql: str, binds: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Of a query; for `Index`, within one question."""
        return iter(self._connection.execute(sql, binds))

    def _give_up(self, event: DeviceEvent) -> None:
        """Removals, and what people hold back from them."""
        if (removal := removal_in(event)) is not None:
            self._remove(removal, event)
        elif (removed := cleared_in(event)) is not None:
            self._connection.execute("DELETE FROM leaving WHERE removal = ?", (removed,))
        elif (act := hold_in(event)) is not None:
            study, wanted = act
            self._connection.execute("DELETE FROM held WHERE study = ?", (study,))
            if wanted:
                words = event.value.text if event.value else ""
                self._connection.execute(_HOLD_BACK, (study, event.actor, event.received_at, words))

    def _remove(self, removal: Removal, event: DeviceEvent) -> None:
        """Unless it is held, or grew, since: a study goes as a whole.

        What came later to contradict an object stays with it.
        """
        study, run = removal.study, self._connection.execute
        if self._one("SELECT 1 FROM held WHERE study = ?", study) is not None:
            return
        if removal.decided and any(self.rows(_GREW, (study, removal.upto))):
            return
        gone = list(self.rows(_LEAVES, (study, removal.upto)))
        for uid, body in gone:
            stored, *others = [
                read_payload(orjson.loads(each), event.received_at, 0)
                for each in (body, *(one for (one,) in self.rows(_CONTENTS, (uid,))))
            ]
            files = [blob for each in (stored, *others) for blob in each.blobs]
            for blob in files:
                run("INSERT OR IGNORE INTO leaving VALUES(?,?)", (event.seq, blob.digest))
            run("DELETE FROM instance WHERE uid = ?", (uid,))
            run("DELETE FROM conflict WHERE uid = ?", (uid,))
            run(_COUNT, (-1, -sum(blob.size for blob in files)))
            run(_LET_GO, (stored.attributes.sop_class, stored.origin.transfer_syntax))
        subject = removal.subject
        person = (subject.patient, subject.issuer) if subject else ("", "")
        facts = (removal.rule, removal.instances, removal.bytes, event.received_at)
        run("INSERT INTO removed VALUES(?,?,?,?,?,?,?,?)", (event.seq, study, *person, *facts))
        self._tidy(study)

    def _tidy(self, study: str) -> None:
        """Take away what has no object any more: series, the study, its patient."""
        run = self._connection.execute
        run(_EMPTY_SERIES, (study,))
        known = self._one(_STUDY, study)
        if known is None or self._one("SELECT 1 FROM instance WHERE study = ? LIMIT 1", study):
            return
        run("DELETE FROM study WHERE uid = ?", (study,))
        run("DELETE FROM sender WHERE study = ?", (study,))
        if next(self.rows("SELECT 1 FROM study WHERE patient = ? LIMIT 1", known), None) is None:
            run("DELETE FROM patient WHERE key = ?", known)
            run("DELETE FROM patient_name WHERE patient = ?", known)

    def _take(self, stored: StoredObject) -> Sequence[_Clash]:
        attributes = stored.attributes
        if attributes.study:
            self._connection.execute(_NEW_SENDER, (attributes.study, stored.origin.calling))
        known = self._one(_INSTANCE, attributes.sop_instance)
        if known is not None:
            return [] if known[0] == stored.blob.digest else [self._other_content(stored)]
        clashes = [*self._study(stored), *self._series(stored)] if attributes.study else []
        self._instance(stored)
        return clashes

    def _study(self, stored: StoredObject) -> Iterator[_Clash]:
        attributes, text = stored.attributes, stored.attributes.text
        patient, birth = self._patient(stored)
        known = self._one(_STUDY, attributes.study)
        if known is None:
            row = (
                attributes.study,
                patient,
                text("StudyDate"),
                text("StudyTime"),
                text("AccessionNumber"),
                text("StudyID"),
                text("StudyDescription"),
                text("ReferringPhysicianName"),
                stored.received_at,
                day_of(text("StudyDate")),
            )
            self._connection.execute(_NEW_STUDY, row)
        if known is not None and known[0] != patient:
            words = f"study {attributes.study} belongs to another patient"
            yield self._clash(stored, "patient", words)
        elif birth and text("PatientBirthDate") not in ("", birth):
            words = f"patient {text('PatientID')} has another birth date"
            yield self._clash(stored, "patient", words)

    def _series(self, stored: StoredObject) -> Iterator[_Clash]:
        attributes, text = stored.attributes, stored.attributes.text
        known = self._one(_SERIES, attributes.series)
        if known is None:
            row = (
                attributes.series,
                attributes.study,
                text("Modality"),
                text("SeriesNumber"),
                text("SeriesDescription"),
                text("SeriesDate"),
                text("SeriesTime"),
                text("BodyPartExamined"),
                text("StationName"),
                text("ProtocolName"),
                text("InstitutionName"),
                text("Manufacturer"),
            )
            self._connection.execute(_NEW_SERIES, row)
        elif known[0] != attributes.study:
            yield self._clash(
                stored, "series", f"series {attributes.series} belongs to another study"
            )

    def _patient(self, stored: StoredObject) -> tuple[int, str]:
        """Key and birth date. Without an id nobody knows whether two studies are of one patient."""
        text = stored.attributes.text
        only_study = "" if text("PatientID") else stored.attributes.study
        identity = (text("PatientID"), text("IssuerOfPatientID"), only_study)
        known = next(self.rows(_PATIENT, identity), None)
        if known is None:
            row = (*identity, text("PatientName"), text("PatientBirthDate"), text("PatientSex"))
            known = next(self.rows(_NEW_PATIENT, row))
            words = {(word, known[0]) for word in groups_of(text("PatientName")) if word}
            self._connection.executemany(_NEW_NAME, sorted(words))
        key, birth = known
        return int(key), str(birth)

    def _instance(self, stored: StoredObject) -> None:
        """What came while the clock stood in the past is no older than what came before it."""
        attributes = stored.attributes
        ((since,),) = list(self.rows(_LATEST, (stored.received_at,)))
        row = (
            attributes.sop_instance,
            stored.seq,
            attributes.series,
            attributes.study,
            attributes.sop_class,
            attributes.text("InstanceNumber"),
            stored.blob.digest,
            stored.blob.size,
            stored.received_at,
            since,
            _sent(stored),
            orjson.dumps(payload_of(stored)),
        )
        self._connection.execute(_NEW_INSTANCE, row)
        self._connection.execute(_COUNT, (1, _bytes(stored)))
        self._connection.execute(_HOLD, (attributes.sop_class, stored.origin.transfer_syntax))

    def _clash(self, stored: StoredObject, kind: str, words: str) -> _Clash:
        row = (
            stored.seq,
            kind,
            stored.uid,
            stored.blob.digest,
            stored.blob.size,
            stored.received_at,
            _sent(stored),
            words,
            orjson.dumps(payload_of(stored)),
        )
        self._connection.execute(_NEW_CONFLICT, row)
        return _Clash(kind, words)

    def _other_content(self, stored: StoredObject) -> _Clash:
        self._connection.execute(_COUNT, (0, _bytes(stored)))
        return self._clash(stored, "content", f"another object has the UID {stored.uid}")

    def _one(self, sql: str, bind: str) -> tuple[Any, ...] | None:
        return next(self.rows(sql, (bind,)), None)


def _sent(stored: StoredObject) -> str:
    """The digest of the file as it was sent, where a rule changed it."""
    return stored.coerced.sent.digest if stored.coerced is not None else ""


def _bytes(stored: StoredObject) -> int:
    return sum(each.size for each in stored.blobs)
