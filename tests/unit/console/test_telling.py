"""Every kind of event that the gateway itself can publish has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dicom.commitment import events as commitment
from dicom.forward import facts
from dicom.mpps.events import CHANGED, CREATED
from dicom.services.workitems import Verb as ItemVerb
from dicom.storage.classes import storage_classes
from dicom.storage.object import CONFLICT, DICOM_SYSTEM, OID_SYSTEM
from dicom.storage.removal import CLEARED, HOLD, RELEASE, REMOVED
from dicom.ups import events as ups
from dicom.watch.watch import PEER, PeerState
from gateway.alarms import ALARM_SYSTEM
from gateway.alarms.fact import CONDITION_SYSTEM
from gateway.alarms.machine import Standing, Step
from gateway.app import expiry
from gateway.audit import keeper
from gateway.config import discover_rooms
from gateway.console.pages.telling import OWN, called
from gateway.lab.listing import LISTING_SYSTEM, Listing
from gateway.lab.reporting.state import State as CriticalState
from gateway.lab.reporting.tables import REPORT, STATE_SYSTEM
from gateway.mapping import mapping
from gateway.model import Coding, DeviceEvent, Instant, Kind, Source, Value
from gateway.notify.tables import NOTICE_SYSTEM, SILENCE, UNSILENCE
from gateway.papers.room import CODE as PAPERS
from gateway.patients import heard
from gateway.profile import POINT_SYSTEM
from gateway.room import ACTION_SYSTEM, AUDIT_SYSTEM, Permission, deeds, joined
from gateway.schedule import gate, noted
from gateway.store.state import StoreHealth
from gateway.timekeeping.watch import Standing as ClockStanding
from gateway.web.guard import OPENED
from queue_display import tables as queue
from queue_display.terms import Verb
from tps_bridge.book import events as tps
from tps_bridge.book.noted import Act
from tps_bridge.session.session import Step as SessionStep

ROOT = Path(__file__).parents[3]
ROOMS = joined(*(room.tells for room in discover_rooms().values()))
BY_PERSONS = {
    *(each for each in Step if each.value in {"acknowledge", "reset"} or "shelve" in each.value),
    Step.REMOVE,
    Step.RETURN,
}

PUBLISHED: dict[str, set[str]] = {
    ACTION_SYSTEM: {
        *(f"alarms.{each}" for each in BY_PERSONS),
        SILENCE,
        UNSILENCE,
        *(heard.REGISTER, heard.ACCEPT, heard.DISMISS, heard.LINK, heard.SEPARATE),
        *(noted.BOOK, noted.CHANGE, noted.ASSIGN, noted.MOVE),
        *("schedule.hold", "schedule.release"),
        REPORT,
        *(mapping.SET, mapping.WITHDRAW),
        *("backup.backup", "backup.drill"),
        *(facts.SEND, facts.RETRY, facts.DROP, HOLD, RELEASE),
        *(commitment.REQUESTED, commitment.ANSWERED),
        *(f"ups.{each}" for each in ItemVerb),
        *(f"ups.{each}" for each in (ups.SUBSCRIBE, ups.UNSUBSCRIBE, ups.SUSPEND)),
        *(f"ups.{each}" for each in (ups.FORGET, ups.RESTARTED)),
        *Act,
        *(f"session.{each}" for each in SessionStep),
        *(f"session.{each}" for each in ("began", "completed", "discontinued")),
        *(f"queue.{each}" for each in Verb),
        *(f"queue.{each}" for each in (queue.STOP, queue.RESUME, queue.CLEANED)),
        *(f"queue.{each}" for each in (queue.SIGNAL, queue.DISMISS)),
    },
    LISTING_SYSTEM: {*Listing},
    STATE_SYSTEM: {*CriticalState},
    POINT_SYSTEM: {
        *("gateway started", "configuration reloaded", "clock-jump"),
        *(f"store {each}" for each in StoreHealth),
        *(f"certificate {each}" for each in expiry.Standing),
        *(f"clock {each}" for each in ClockStanding),
        *(f"{keeper.AUDIT} {each}" for each in (keeper.CUT, keeper.NOTED)),
        *(f"{keeper.AUDIT} {each}" for each in (keeper.FAILED, keeper.KEPT)),
        *(f"{PAPERS} failed", f"{PAPERS} written"),
        *("notify undeliverable", "notify delivered"),
        *("dicom-peers away", "dicom-peers answer"),
        *("dicom-reports stuck", "dicom-reports flowing"),
        *("dicom-forward stuck", "dicom-forward flowing"),
        *("dicom-dead-letters waiting", "dicom-dead-letters none"),
        *("link/analyzers up", "link/analyzers down", "link/analyzers failed"),
    },
    DICOM_SYSTEM: {
        *(facts.RULES, facts.BEGAN, facts.SENT, facts.FAILED, facts.REFUSED),
        *(facts.HELD, facts.ASKED, facts.ARCHIVED, facts.LAPSED, REMOVED, CLEARED),
        *(f"{PEER} {each}" for each in PeerState if each is not PeerState.UNKNOWN),
        *(CONFLICT, CREATED, CHANGED),
    },
    OID_SYSTEM: {f"urn:oid:{each}" for each in (*storage_classes(), "1.2.3.4.private")},
    tps.SYSTEM: {
        tps.PLAN,
        tps.RECORD,
        tps.SUMMED,
        tps.UNREAD,
        tps.COMPARED,
        tps.VOLUMES,
        tps.DOSES,
    },
    gate.SYSTEM: {gate.SET, gate.CLEAR},
    NOTICE_SYSTEM: {"escalate", "late", "unsilence"},
    ALARM_SYSTEM: {f"tank-1/high {each}" for each in Standing},
    CONDITION_SYSTEM: {f"tank-1/high {each}" for each in Step if each not in BY_PERSONS},
}
"""The codes by their system; after a blank the value, where that is what makes the difference."""

PUBLISHERS = frozenset(
    (
        "dicom/commitment/events.py",
        "dicom/forward/facts.py",
        "dicom/forward/forwarding.py",
        "dicom/mpps/events.py",
        "dicom/reports/reporter.py",
        "dicom/retention/sweeper.py",
        "dicom/storage/object.py",
        "dicom/storage/removal.py",
        "dicom/ups/events.py",
        "dicom/watch/watch.py",
        "gateway/alarms/desk.py",
        "gateway/alarms/fact.py",
        "gateway/app/expiry.py",
        "gateway/app/gateway.py",
        "gateway/app/ports.py",
        "gateway/app/serve.py",
        "gateway/app/store_watch.py",
        "gateway/audit/keeper.py",
        "gateway/backup/pages.py",
        "gateway/lab/listing.py",
        "gateway/lab/reporting/desk.py",
        "gateway/lab/reporting/tables.py",
        "gateway/mapping/desk.py",
        "gateway/notify/lookout.py",
        "gateway/notify/notifier.py",
        "gateway/notify/tables.py",
        "gateway/papers/room.py",
        "gateway/patients/desk.py",
        "gateway/patients/importer.py",
        "gateway/room/act.py",
        "gateway/schedule/desk.py",
        "gateway/schedule/gate.py",
        "gateway/schedule/importer.py",
        "gateway/supervisor/clock_watch.py",
        "gateway/supervisor/intake.py",
        "gateway/supervisor/notices.py",
        "gateway/timekeeping/watch.py",
        "queue_display/desk.py",
        "queue_display/signals.py",
        "tps_bridge/book/events.py",
        "tps_bridge/desk.py",
        "tps_bridge/session/desk.py",
        "tps_bridge/session/events.py",
        "tps_bridge/session/beam.py",
        "tps_bridge/session/offer.py",
    )
)
"""The modules that make events other than what devices say."""

AUDITED: frozenset[str] = frozenset(
    (
        *("access.refuse", OPENED),
        *(each for each in Permission if each.reveals_patients and each.endswith(".read")),
        *("gateway.start", "gateway.stop", "audit.read", "export.audit", "export.papers"),
        *("session.open", "session.close", "password.change", "totp.enrol", "totp.remove"),
        *(
            f"account.{each}"
            for each in ("create", "change", "lock", "unlock", "reset-totp", "invite", "set-up")
        ),
        *("account.sign-out", "token.create", "token.revoke"),
        *("patients.import", "schedule.import"),
        *("dicom.find", "dicom.get", "dicom.get-ended", "dicom.move", "dicom.move-ended"),
        *("dicom.worklist", "dicom.workitems", "dicom.workitem", "dicom.call"),
        *(f"dicom.workitem.{each}" for each in ("create", "set", "state", "request-cancel")),
        *(f"dicom.workitem.{each}" for each in ("subscribe", "unsubscribe", "suspend-global")),
        *("dicom.report.retry", "images.export", "images.send", "images.fetch", "images.store"),
        "images.remove",
    )
)
"""The actions in the audit that are no events."""

AUDITORS = frozenset(
    (
        "dicom/asker.py",
        "dicom/pages/export.py",
        "dicom/pages/queues.py",
        "dicom/reports/api.py",
        "dicom/retention/sweeper.py",
        "dicom/scu/api.py",
        "dicom/ups/web/server.py",
        "dicom/web/peer_api.py",
        "dicom/web/store.py",
        "gateway/alarms/panel.py",
        "gateway/audit/pages.py",
        "gateway/audit/room.py",
        "gateway/mapping/desk.py",
        "gateway/notify/pages.py",
        "gateway/papers/room.py",
        "gateway/patients/desk.py",
        "gateway/patients/importer.py",
        "gateway/schedule/desk.py",
        "gateway/schedule/importer.py",
        "gateway/security/issue.py",
        "gateway/security/own.py",
        "gateway/security/pages/elsewhere.py",
        "gateway/security/sign_in.py",
        "gateway/security/staff.py",
        "gateway/security/vouched.py",
        "gateway/web/audited.py",
        "gateway/web/guard.py",
        "gateway/web/socket_guard.py",
        "queue_display/desk.py",
        "tps_bridge/desk.py",
        "tps_bridge/session/desk.py",
    )
)
"""The modules that write into the audit."""

_AUDITS = re.compile(r"(?:audit|audited|trail|_gate)\.record\(")
_MAKES = re.compile(r"ports\.act\(|(?:ports|intake|_notices|self)\.system\(|\bself\.say\(")
_CODES = re.compile(r"Coding\(\s*(?:[A-Z_]*SYSTEM|system)\b")


def event(system: str, code: str, value: str) -> DeviceEvent:
    return DeviceEvent(
        id=bytes(16),
        site="trial",
        source=Source("gateway", "gateway"),
        kind=Kind.SYSTEM,
        code=Coding(system, code),
        value=Value(value),
        unit="",
        received_at=Instant(0),
        observed_at=Instant(0),
    )


@pytest.mark.parametrize("system", PUBLISHED)
def test_every_event_is_called_something_in_both_languages(system: str) -> None:
    for each in PUBLISHED[system]:
        code, _, value = each.partition(" ")
        found = called(event(system, code, value), ROOMS)
        assert found is not None, f"{system} {each}: give it words in its room's `tells`"
        assert not isinstance(found.what, str)
        assert all(found.what[tag] for tag in ("en", "zh-CN"))
        assert not re.search(r"urn:|\.\d|[a-z]+\.[a-z]", found.what["en"]), found.what


def test_no_words_are_left_over() -> None:
    wanted = {(system, each) for system, codes in PUBLISHED.items() for each in codes}
    wanted |= {(AUDIT_SYSTEM, each) for each in AUDITED}
    for system, words in joined(OWN, ROOMS).items():
        for key in words:
            if "*" not in key:
                assert (system, key) in wanted, f"{system} {key}: nobody publishes this"


def test_whoever_makes_events_is_known_here() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for package in ("gateway", "dicom", "tps_bridge", "queue_display")
        for path in (ROOT / package).rglob("*.py")
        if "/testing/" not in str(path)
        and (_MAKES.search(path.read_text("utf-8")) or _CODES.search(path.read_text("utf-8")))
    }
    assert makers - PUBLISHERS == set(), "add its codes to PUBLISHED, and it to PUBLISHERS"
    assert PUBLISHERS - makers == set()


def test_every_action_in_the_audit_is_called_something_in_both_languages() -> None:
    named = deeds(ROOMS)
    for action in AUDITED | PUBLISHED[ACTION_SYSTEM]:
        words = named.get(action)
        assert words is not None, f"{action}: give it words in its room's `tells`"
        assert not isinstance(words, str)
        assert all(words[tag] for tag in ("en", "zh-CN"))


def test_whoever_writes_into_the_audit_is_known_here() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for package in ("gateway", "dicom", "tps_bridge", "queue_display")
        for path in (ROOT / package).rglob("*.py")
        if "/testing/" not in str(path) and _AUDITS.search(path.read_text("utf-8"))
    }
    assert writers - AUDITORS == set(), "add its actions to AUDITED, and it to AUDITORS"
    assert AUDITORS - writers == set()
