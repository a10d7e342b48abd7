"""The queues, folded from events: replayed they are the same, and owe nothing new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.forward import facts
from dicom.forward.entry import Entry, State
from dicom.forward.facts import Voice
from dicom.forward.rules import Rule, RuleSet
from dicom.forward.tables import Tables
from dicom.match import Match
from gateway import Coding, DeviceEvent, Instant, Kind, Source
from gateway.room import ACTION_SYSTEM
from tests.dicom_forwarding import came, stored

RULES = RuleSet(
    (Rule("ct", ("pacs",), Match(modality=("CT",))), Rule("all", ("archive",))),
    {"pacs": "pacs", "archive": "archive"},
)
VOICE = Voice("site", Instant(5), "pacs")
SENT = {"commit": False, "sent_as": "1.2.3"}


class Stream:
    """Events with their seqs, folded as they come."""

    def __init__(self, tables: Tables) -> None:
        self.tables, self.events = tables, list[DeviceEvent]()

    def say(self, *events: DeviceEvent) -> None:
        for event in events:
            self.events.append(event.stored_as(len(self.events) + 1))
            assert self.tables.fold(self.events[-1:]) == ()

    def object(self, **facts_of: Any) -> Entry:
        self.say(came(stored(**facts_of)))
        return next(
            each
            for state in (State.WAITING, State.DEAD)
            for each in self.tables.entries("pacs", state, 1000)
            if each.seq == len(self.events)
        )

    def act(self, code: str, **payload: Any) -> None:
        self.say(
            DeviceEvent(
                id=bytes(16),
                site="site",
                source=Source("gateway", "gateway"),
                kind=Kind.ACTION,
                code=Coding(ACTION_SYSTEM, code),
                value=None,
                unit="",
                received_at=Instant(9),
                observed_at=Instant(9),
                payload=payload,
            )
        )

    def entry(self, entry: Entry) -> Entry:
        (found,) = self.tables.of_seqs(entry.destination, [entry.seq])
        return found


def fresh() -> Tables:
    connection = apsw.Connection(":memory:")
    connection.execute(Tables.schema)
    return Tables(connection)


@contextmanager
def stream(rules: RuleSet = RULES) -> Iterator[Stream]:
    one = Stream(fresh())
    one.say(VOICE.rules(rules))
    yield one


def queue(tables: Tables, state: State = State.WAITING) -> list[str]:
    return [each.uid for each in tables.entries("pacs", state, 100)]


def test_an_object_is_owed_by_the_rules_that_counted_when_it_came() -> None:
    with stream(RuleSet()) as it:
        it.say(came(stored(uid="1.1")))
        it.say(VOICE.rules(RULES))
        it.say(came(stored(uid="1.2")), came(stored(uid="1.3", Modality="MR")))
        it.say(VOICE.rules(RuleSet()))
        it.say(came(stored(uid="1.4")))
        again = fresh()
        again.fold(it.events)
    for tables in (it.tables, again):
        assert queue(tables) == ["1.2"]
        assert [each.uid for each in tables.waiting("archive", 9)] == ["1.2", "1.3"]


def test_what_was_sent_is_done_and_what_was_refused_waits_for_a_person() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.began("pacs", 0, [first, second]))
        it.say(VOICE.sent(first, 0, SENT, ""), VOICE.refused(second, 0, {}, "too large"))
        counts = it.tables.counts()["pacs"]
        assert (counts.waiting, counts.done, counts.dead) == (0, 1, 1)
        assert it.entry(second).error == "too large"
        it.act(facts.RETRY, destination="pacs", objects=[second.seq])
        again = it.entry(second)
        assert (again.state, again.attempts, again.error) == (State.WAITING, 0, "")
        it.act(facts.DROP, destination="pacs", objects=[second.seq])
        assert it.entry(second).state is State.DROPPED
        assert queue(it.tables) == []


def test_a_failure_keeps_the_place() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.failed(first, 0, {}, "out of resources", doubt=False))
        assert queue(it.tables) == [first.uid, second.uid]
        found = it.entry(first)
        assert (found.attempts, found.doubt, found.error) == (1, False, "out of resources")


def test_a_dead_letter_sent_again_goes_last() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.refused(first, 0, {}, "no"))
        it.act(facts.RETRY, destination="pacs", objects=[first.seq])
        assert queue(it.tables) == [second.uid, first.uid]


def test_only_the_one_that_was_under_way_is_in_doubt_after_a_start() -> None:
    with stream() as it:
        entries = [it.object(uid=f"1.{number}") for number in range(4)]
        it.say(VOICE.began("pacs", 0, entries))
        it.say(VOICE.sent(entries[0], 0, SENT, ""))
        it.say(VOICE.rules(RULES))
        assert [it.entry(each).doubt for each in entries] == [False, True, False, False]
        it.say(VOICE.rules(RULES))
        it.say(VOICE.began("pacs", 0, entries[1:]), VOICE.sent(entries[1], 0, SENT, ""))
        assert not it.entry(entries[1]).doubt


def test_nothing_is_in_doubt_after_an_association_that_ended() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.began("pacs", 0, [first, second]))
        it.say(VOICE.failed(first, 0, {}, "lost", doubt=True))
        it.say(VOICE.rules(RULES))
        assert [it.entry(each).doubt for each in (first, second)] == [True, False]


def test_nothing_is_in_doubt_where_the_destination_took_nothing() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.began("pacs", 0, [first, second]))
        it.say(VOICE.held("pacs", 0, "503 not today"))
        it.say(VOICE.rules(RULES))
        for each in (first, second):
            found = it.entry(each)
            assert (found.state, found.attempts, found.doubt) == (State.WAITING, 0, False)


def test_nothing_is_in_doubt_behind_a_dead_letter_that_ended_the_batch() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.began("pacs", 0, [first, second]))
        it.say(VOICE.refused(first, 0, {}, "association lost", doubt=True, ends=True))
        it.say(VOICE.rules(RULES))
        assert not it.entry(second).doubt


def test_a_dead_letter_whose_answers_were_lost_is_in_doubt_until_it_is_stored() -> None:
    with stream() as it:
        lost, twice, refused = (it.object(uid=f"1.{number}") for number in range(3))
        it.say(VOICE.refused(lost, 0, {}, "association lost", doubt=True))
        it.say(VOICE.failed(twice, 0, {}, "association lost", doubt=True))
        it.say(VOICE.refused(twice, 0, {}, "it does not understand the object"))
        it.say(VOICE.refused(refused, 0, {}, "it does not understand the object"))
        entries = [lost, twice, refused]
        it.act(facts.RETRY, destination="pacs", objects=[each.seq for each in entries])
        assert [it.entry(each).doubt for each in entries] == [True, True, False]
        it.say(VOICE.sent(lost, 0, SENT, ""))
        assert not it.entry(lost).doubt


@pytest.mark.parametrize("commit", [False, True])
@pytest.mark.parametrize("before", ["as it is", "dead", "dropped"])
def test_what_was_sent_and_is_sent_once_more_may_be_there(*, commit: bool, before: str) -> None:
    with stream() as it:
        one = it.object(uid="1.1")
        it.say(VOICE.sent(one, 0, {"commit": commit, "sent_as": "1.1"}, ""))
        if before == "dead":
            it.say(VOICE.lapsed(one, "no report", dead=True))
        elif before == "dropped":
            it.act(facts.DROP, destination="pacs", objects=[one.seq])
        it.act(facts.SEND, destination="pacs", objects=[{"seq": one.seq}])
        again = it.entry(one)
        assert (again.state, again.doubt) == (State.WAITING, True)


def test_a_duplicate_is_nobodys_where_other_content_went_under_the_uid() -> None:
    with stream() as it:
        one = it.object(uid="1.1", digest="a" * 64)
        other = it.object(uid="1.1", digest="b" * 64)
        it.say(VOICE.failed(one, 0, {}, "lost", doubt=True))
        assert it.entry(one).doubt
        it.say(VOICE.sent(one, 0, SENT, ""))
        it.act(facts.RETRY, destination="pacs", objects=[other.seq])
        it.say(VOICE.failed(other, 0, {}, "lost", doubt=True))
        assert not it.entry(other).doubt
        it.act(facts.SEND, destination="pacs", objects=[{"seq": one.seq}])
        assert not it.entry(one).doubt


def test_other_content_under_a_uid_waits_for_a_person() -> None:
    with stream() as it:
        it.object(uid="1.1", digest="a" * 64)
        other = it.object(uid="1.1", digest="b" * 64)
        assert other.state is State.DEAD
        assert "another object" in other.error
        assert len(queue(it.tables)) == 1


def test_what_a_person_sends_is_owed_once_more() -> None:
    with stream() as it:
        first = it.object(uid="1.1")
        it.say(VOICE.sent(first, 0, SENT, ""))
        one = replace(stored(uid="1.1"), seq=first.seq)
        new = replace(stored(uid="1.9", Modality="MR"), seq=77)
        it.act(facts.SEND, destination="pacs", objects=[facts.wanted(one), facts.wanted(new)])
        assert queue(it.tables) == ["1.1", "1.9"]


def test_a_commitment_that_lapses_is_asked_again_or_dead() -> None:
    with stream() as it:
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        told = {"commit": True, "sent_as": "1.2.3"}
        it.say(VOICE.sent(first, 0, told, ""), VOICE.sent(second, 0, told, ""))
        it.say(VOICE.asked("pacs", "2.25.1", [first, second]))
        asked = it.tables.of_transaction("2.25.1")
        assert [each.uid for each in asked] == ["1.1", "1.2"]
        it.say(VOICE.archived(asked[0]), VOICE.lapsed(asked[1], "no report", dead=False))
        assert [it.entry(each).state for each in asked] == [State.DONE, State.COMMITTING]
        assert it.entry(second).transaction == ""
        it.say(VOICE.lapsed(it.entry(second), "it has no such object", dead=True))
        assert it.entry(second).state is State.DEAD
        assert it.tables.counts()["pacs"].done == 1


steps = st.lists(
    st.tuples(
        st.sampled_from(["object", "sent", "failed", "refused", "start", "retry", "drop"]),
        st.integers(0, 5),
    ),
    max_size=30,
)


@given(steps)
def test_replayed_at_once_the_queues_are_the_same(moves: list[tuple[str, int]]) -> None:
    with stream() as it:
        entries: list[Entry] = []
        for verb, which in moves:
            if verb == "object":
                entries.append(it.object(uid=f"1.{len(entries)}", study=f"9.{which}"))
            elif verb == "start":
                it.say(VOICE.rules(RULES))
            elif entries:
                one = it.entry(entries[which % len(entries)])
                _move(it, verb, one, entries)
        again = fresh()
        again.fold(it.events)
        for state in State:
            assert again.entries("pacs", state, 100) == it.tables.entries("pacs", state, 100)
        assert again.counts() == it.tables.counts()


def _move(it: Stream, verb: str, one: Entry, entries: list[Entry]) -> None:
    match verb:
        case "sent" if one.state is State.WAITING:
            it.say(VOICE.began("pacs", 0, entries), VOICE.sent(one, 0, SENT, ""))
        case "failed" if one.state is State.WAITING:
            it.say(VOICE.failed(one, 0, {}, "lost", doubt=True))
        case "refused" if one.state is State.WAITING:
            it.say(VOICE.refused(one, 0, {}, "no"))
        case "retry":
            it.act(facts.RETRY, destination="pacs", objects=[one.seq])
        case _:
            it.act(facts.DROP, destination="pacs", objects=[one.seq])


def test_no_question_reads_a_whole_queue() -> None:
    """Queues hold every object that was ever sent: each statement has an index."""
    asked: dict[str, Any] = {}
    with stream() as it:
        connection = it.tables._connection

        def note(_cursor: object, sql: str, binds: Any) -> bool:
            asked[sql] = binds
            return True

        connection.exec_trace = note
        first, second = it.object(uid="1.1"), it.object(uid="1.2")
        it.say(VOICE.began("pacs", 0, [first, second]))
        it.say(VOICE.sent(first, 0, {"commit": True, "sent_as": "1.1"}, ""))
        it.say(VOICE.failed(second, 0, {}, "no", doubt=True), VOICE.refused(second, 0, {}, "no"))
        it.say(VOICE.held("pacs", 0, "not today"))
        it.say(VOICE.asked("pacs", "2.25.1", [first]), VOICE.archived(first))
        it.say(VOICE.lapsed(first, "no", dead=False))
        it.act(facts.RETRY, destination="pacs", objects=[second.seq])
        it.act(facts.DROP, destination="pacs", objects=[second.seq])
        it.say(VOICE.rules(RULES))
        it.tables.waiting("pacs", 9)
        it.tables.entries("pacs", State.DONE, 9)
        it.tables.of_object("1.1")
        it.tables.of_transaction("2.25.1")
        it.tables.knows("2.25.1")
        it.tables.uncommitted("pacs", 9)
        it.tables.overdue("pacs", Instant(9))
        it.tables.with_dead()
        it.tables.counts()
        connection.exec_trace = None
        plans = {
            sql: [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", binds)]
            for sql, binds in asked.items()
            if "entry" in sql and ";" not in sql
        }
    assert len(plans) > 15
    scans = [
        (sql, step)
        for sql, steps in plans.items()
        for step in steps
        if (step.startswith("SCAN entry") and not step.endswith(("entry_open", "entry_dead")))
        or step.endswith("(destination=?)")
    ]
    assert scans == []
    sorted_by_hand = [sql for sql, steps in plans.items() if any("TEMP B-TREE" in s for s in steps)]
    assert [sql for sql in sorted_by_hand if "LIMIT" in sql] == []


def test_what_comes_after_a_restart_waits_behind_what_waited() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(Tables.schema)
    before = Stream(Tables(connection))
    before.say(VOICE.rules(RULES))
    for number in range(3):
        before.object(uid=f"1.{number}")
    after = Stream(Tables(connection))
    after.events = before.events
    after.say(VOICE.rules(RULES))
    for number in range(3, 6):
        after.object(uid=f"1.{number}")
    assert queue(after.tables) == [f"1.{number}" for number in range(6)]
