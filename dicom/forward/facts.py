"""What the queues are folded from: events that senders and people append. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from dicom.forward.entry import Entry
from dicom.forward.rules import RuleSet
from dicom.storage.object import DICOM_SYSTEM, StoredObject, content_of
from gateway import Coding, DeviceEvent, Instant, Kind, Source, Subject, Value

RULES = "forward.rules"
BEGAN = "forward.began"
SENT = "forward.sent"
FAILED = "forward.failed"
REFUSED = "forward.refused"
HELD = "forward.held"
ASKED = "forward.asked"
ARCHIVED = "forward.archived"
LAPSED = "forward.lapsed"

SEND = "dicom.send"
RETRY = "dicom.retry"
DROP = "dicom.drop"

ALTERED = ("deid", "coerced")
"""In the payload of `SENT`: what the peer has is a copy that is not as the object is here."""

_DRIVER = "dicom"


@dataclass(frozen=True, slots=True)
class Voice:
    """Says what happened at one site, at one moment, with one peer."""

    site: str
    now: Instant
    peer: str

    def rules(self, rules: RuleSet) -> DeviceEvent:
        """The gateway started with these rules; they count from here on."""
        return self._event(RULES, str(len(rules.rules)), rules.as_payload())

    def began(self, destination: str, lane: int, batch: Sequence[Entry]) -> DeviceEvent:
        """These will be sent on a line, in this order; the first bytes of one are about to go."""
        seqs = [each.seq for each in batch]
        payload = {"destination": destination, "lane": lane, "objects": seqs}
        return self._event(BEGAN, destination, payload)

    def sent(self, entry: Entry, lane: int, facts: Mapping[str, Any], words: str) -> DeviceEvent:
        """The peer said that it has the object; `words` are its reservations, if any."""
        return self._outcome(SENT, entry, words, {"lane": lane, **facts})

    def failed(
        self, entry: Entry, lane: int, facts: Mapping[str, Any], words: str, *, doubt: bool
    ) -> DeviceEvent:
        """It will be sent again; `doubt` if nobody knows whether the peer has it."""
        return self._outcome(FAILED, entry, words, {"lane": lane, "doubt": doubt, **facts})

    def refused(
        self,
        entry: Entry,
        lane: int,
        facts: Mapping[str, Any],
        words: str,
        *,
        doubt: bool = False,
        ends: bool = False,
    ) -> DeviceEvent:
        """A dead letter until a person retries it; `doubt` if the peer may have it all the same.

        `ends` says that nothing more of the batch is sent.
        """
        told = {"lane": lane, "doubt": doubt, "ends": ends, **facts}
        return self._outcome(REFUSED, entry, words, told)

    def held(self, destination: str, lane: int, words: str) -> DeviceEvent:
        """The peer takes nothing for now: what is left of the batch has not been sent."""
        return self._event(HELD, words, {"destination": destination, "lane": lane})

    def asked(self, destination: str, transaction: str, entries: Sequence[Entry]) -> DeviceEvent:
        """The peer was asked to commit to these."""
        seqs = [each.seq for each in entries]
        payload = {"destination": destination, "transaction": transaction, "objects": seqs}
        return self._event(ASKED, destination, payload)

    def archived(self, entry: Entry) -> DeviceEvent:
        """The peer committed to keep the object."""
        return self._outcome(ARCHIVED, entry, "", {"transaction": entry.transaction})

    def lapsed(self, entry: Entry, words: str, *, dead: bool) -> DeviceEvent:
        """No commitment to an object came: it is asked for again, or a dead letter."""
        return self._outcome(LAPSED, entry, words, {"dead": dead})

    def _outcome(
        self, code: str, entry: Entry, words: str, facts: Mapping[str, Any]
    ) -> DeviceEvent:
        payload = {
            "destination": entry.destination,
            "object": entry.seq,
            "sop_instance": entry.uid,
            **facts,
        }
        # Identities that were put in name the patient: only who may read patients sees them.
        subject = Subject(patient=entry.coerce.get("PatientID", "")) if entry.coerce else None
        return self._event(code, words or entry.destination, payload, subject)

    def _event(
        self, code: str, text: str, payload: Mapping[str, Any], subject: Subject | None = None
    ) -> DeviceEvent:
        return DeviceEvent(
            id=uuid4().bytes,
            site=self.site,
            source=Source(self.peer or _DRIVER, _DRIVER),
            kind=Kind.SYSTEM,
            code=Coding(DICOM_SYSTEM, code),
            value=Value(text),
            unit="",
            received_at=self.now,
            observed_at=self.now,
            subject=subject,
            payload=payload,
        )


def wanted(stored: StoredObject) -> dict[str, Any]:
    """An object that a person sends, for the payload of `SEND`."""
    return {
        "seq": stored.seq,
        "uid": stored.uid,
        "sop_class": stored.attributes.sop_class,
        "syntax": stored.origin.transfer_syntax,
        "study": stored.attributes.study,
        "modality": stored.attributes.text("Modality"),
        "digest": stored.blob.digest,
        "content": content_of(stored),
        "size": stored.blob.size,
    }
