"""Events of work items and subscriptions. An event says all that follows from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom.content import Content, text
from dicom.services.workitems import Actor, Verb, WorkItem
from dicom.ups.machine import Change, applied
from dicom.ups.news import News
from dicom.ups.terms import ISSUER, PATIENT_ID
from gateway import Coding, DeviceEvent, Instant, Kind, Source, Subject, content_digest
from gateway.room import ACTION_SYSTEM

ROOM = "ups"
SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"
SUSPEND = "suspend"
FORGET = "forget"
RESTARTED = "restarted"
_OF_ITEMS = frozenset(each.value for each in Verb)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of an item, and which of our titles it knows.

    One that knows none of them hears by its event channel alone.
    """

    title: str
    called: str

    @property
    def by_channel(self) -> bool:
        return not self.called

    @property
    def name(self) -> str:
        """Who it is as the owner of a claim (`Actor.name`)."""
        return listener_of(self.title) if self.by_channel else self.title


def listener_of(title: str) -> str:
    """Who opens the channel of an AE title: the token that bears its name.

    Names of tokens are of lower-case letters, with a dash for what they can't have.
    """
    return f"token:{title.lower().replace('_', '-').replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class Telling:
    """News of one item (or well-known instance) for some receivers."""

    uid: str
    news: News
    receivers: Sequence[Receiver]

    def said(self) -> list[Any]:
        """As values that JSON has."""
        to = [[each.title, each.called] for each in self.receivers]
        return [self.uid, int(self.news.event_type), self.news.content, to]

    @classmethod
    def read(cls, said: Sequence[Any]) -> Telling:
        uid, event_type, content, to = said
        return cls(uid, News(event_type, content), [Receiver(*each) for each in to])


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes events of a site."""

    site: str

    def of_item(
        self,
        before: WorkItem,
        change: Change,
        actor: Actor,
        at: Instant,
        tellings: Sequence[Telling],
        **more: Any,
    ) -> DeviceEvent:
        """A change of an item; the same version of it has the same id, so that only one is."""
        after = applied(before, change, at)
        said = {
            "uid": after.uid,
            "version": after.version,
            "state": after.state,
            "content": change.content,
            "lock": after.lock,
            "owner": after.owner,
            "tell": [each.said() for each in tellings],
            **more,
        }
        identity = content_digest(b"ups", self.site.encode(), after.uid.encode(), _bytes(after))
        subject = subject_of(after.content)
        return self._event(change.verb, identity, actor, at, said=said, subject=subject)

    def of_subscription(
        self, code: str, identity: bytes, actor: Actor, at: Instant, said: Mapping[str, Any]
    ) -> DeviceEvent:
        """A subscription, its end, what is forgotten, or that we are back."""
        return self._event(code, content_digest(b"ups", identity), actor, at, said=said)

    def _event(
        self,
        code: str,
        identity: bytes,
        actor: Actor,
        at: Instant,
        *,
        said: Mapping[str, Any],
        subject: Subject | None = None,
    ) -> DeviceEvent:
        return DeviceEvent(
            id=identity,
            site=self.site,
            source=Source("dicom", "dicom"),
            kind=Kind.ACTION,
            code=Coding(ACTION_SYSTEM, f"{ROOM}.{code}"),
            value=None,
            unit="",
            received_at=at,
            observed_at=at,
            subject=subject,
            actor=str(actor),
            payload=said,
        )


def verb_of(event: DeviceEvent) -> str:
    """What an event of ours says was done; '' if it is none."""
    if event.kind is not Kind.ACTION or event.code.system != ACTION_SYSTEM:
        return ""
    room, _, verb = event.code.code.partition(".")
    return verb if room == ROOM else ""


def is_of_item(verb: str) -> bool:
    return verb in _OF_ITEMS


def tellings_of(event: DeviceEvent) -> Sequence[Telling]:
    """What an event makes subscribers hear."""
    return [Telling.read(each) for each in (event.payload or {}).get("tell", ())]


def subject_of(content: Content) -> Subject | None:
    """The patient that an item, or a query, is about."""
    patient = text(content, PATIENT_ID)
    return Subject(patient=patient, issuer=text(content, ISSUER)) if patient else None


def _bytes(item: WorkItem) -> bytes:
    return item.version.to_bytes(8, "big")
