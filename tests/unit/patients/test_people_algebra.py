"""The same messages make the same people, in whatever order and however often they come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.model import DeviceEvent, Instant, Kind, PatientStatement, Presence, Visit
from gateway.patients.family import judge
from gateway.patients.heard import ACCEPT, DISMISS, LINK, SEPARATE, Heard, heard
from gateway.patients.stays import present_visit
from tests.unit.patients.people_case import MINUTE, Told, act, event, number, said

VALUES = "12345"
NAMES = ("", "王^芳", "王芳", "王^方", "WANG^FANG", "李^娜")
BIRTHS = ("", "1972", "1972-02-29", "1980-01-01")
CARDS = ((), (number("C1", "HIS", "card"),), (number("N1", "CN", "national"),), (number("2"),))


visits = st.builds(
    Visit,
    bed=st.sampled_from(("", "03")),
    number=st.sampled_from(("", "Z1", "Z2")),
    presence=st.sampled_from((None, *Presence)),
)


@st.composite
def statements(draw: st.DrawFn) -> PatientStatement:
    verb = draw(st.sampled_from(("stated", "stated", "merged", "merged", "linked", "unlinked")))
    issuer = draw(st.sampled_from(("HIS", "HIS", "HIS", "LAB")))
    others = [number(draw(st.sampled_from(VALUES)))] if verb != "stated" else []
    return said(
        draw(st.sampled_from(VALUES)),
        draw(st.sampled_from(NAMES)),
        draw(st.sampled_from(BIRTHS)),
        draw(st.sampled_from(("", "F", "M", "U"))),
        *draw(st.sampled_from(CARDS)),
        issuer=issuer,
        verb=verb,
        others=others,
        visit=draw(st.none() | visits),
    )


@st.composite
def days(draw: st.DrawFn) -> list[DeviceEvent]:
    """What comes in a day: from two systems, beside appointments, and what people do."""
    events = []
    for minute in range(draw(st.integers(1, 14))):
        statement = draw(statements())
        match draw(st.integers(0, 9)):
            case 0:
                one, other = draw(st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES)))
                events.append(act(minute, LINK, said(one, others=[other])))
            case 1:
                one, seen = draw(st.tuples(st.sampled_from(VALUES), st.sampled_from(["", *VALUES])))
                taken = said(one, verb="unlinked", others=[seen] if seen else [])
                events.append(act(minute, SEPARATE, taken))
            case 2:
                events.append(act(minute, ACCEPT, said(draw(st.sampled_from(VALUES)), "王^方")))
            case 3:
                mention = said(statement.identifiers[0].value, "王^方", "1972-02-29")
                events.append(event(minute, mention, kind=Kind.APPOINTMENT))
            case _:
                source = draw(st.sampled_from(("his", "lis")))
                events.append(event(minute, statement, source=source))
    return events


async def snapshot(*told: DeviceEvent, path: Path | str = ":memory:", each: bool = True) -> Any:
    """Everybody and everything that is open, as pages show them."""
    case = Told(path)
    if each:
        for one in told:
            await case.tell(one)
    else:
        await case.tell(*told)
    return await seen(case)


async def seen(case: Told) -> Any:
    people = {patient.id: patient for patient in await case.book.find("", 1000)}
    keys = [(value, issuer) for value in (*VALUES, "C1") for issuer in ("HIS", "LAB")]
    known = await case.book.resolve_all([*keys, ("N1", "CN")])
    questions = sorted((q.id, q.kind, q.since) for q in await case.book.questions())
    return sort(people), {key: patient.id for key, patient in known.items()}, questions


def sort(people: dict[str, Any]) -> dict[str, Any]:
    """Numbers after the own one are a set: the order in which they are listed means nothing."""
    return {
        id_: (
            each.own,
            frozenset(each.identifiers),
            each.names,
            each.birth_date,
            each.sex,
            each.visit,
            each.deceased,
            each.disputed,
        )
        for id_, each in people.items()
    }


@given(events=days(), order=st.randoms(use_true_random=False))
def test_any_order_of_the_same_messages_makes_the_same_people(
    events: list[DeviceEvent], order: Any
) -> None:
    shuffled = list(events)
    order.shuffle(shuffled)
    assert asyncio.run(snapshot(*events)) == asyncio.run(snapshot(*shuffled, each=False))


@given(events=days())
def test_a_message_that_comes_again_changes_nothing(events: list[DeviceEvent]) -> None:
    """A source that repeats itself word for word, a moment later, is believed once."""
    stated = [each for each in events if each.kind is Kind.PATIENT]
    again = [each for one in stated for each in (one, one)]
    assert asyncio.run(snapshot(*stated)) == asyncio.run(snapshot(*again))


BED = Visit(bed="03", presence=Presence.IN)


@example(
    words=[
        (BED, "LAB"),
        (replace(BED, number="Z2"), "LAB"),
        (Visit(number="Z1", presence=Presence.EXPECTED), "HIS"),
        (Visit(number="Z2", presence=Presence.LEFT), "LAB"),
    ]
)
@given(words=st.lists(st.tuples(visits, st.sampled_from(("HIS", "HIS", "LAB"))), max_size=6))
def test_a_word_on_a_visit_that_comes_again_changes_nothing(words: list[tuple[Visit, str]]) -> None:
    told = [event(i, said("1", visit=v, issuer=by)) for i, (v, by) in enumerate(words)]
    assert visit_of(told) == visit_of([each for one in told for each in (one, one)])


def visit_of(told: list[DeviceEvent]) -> Visit | None:
    entries = [heard(replace(each, seq=seq)) for seq, each in enumerate(told, 1)]
    return present_visit([entry for entry in entries if entry])


@given(events=days())
def test_nobody_is_lost_and_nobody_goes_in_circles(events: list[DeviceEvent]) -> None:
    entries = [entry for each in events if (entry := heard(each)) is not None]
    family = judge(entries)
    for key in family.records:
        root = family.root(key)
        assert family.root(root) == root
    named = {key for person in family.people() for key in keys_of(person.records)}
    assert named >= {key_of(entry) for entry in entries if entry.way == "stated"}


@given(before=days(), after=days(), one=st.sampled_from(VALUES))
def test_no_rule_joins_what_a_person_took_apart(
    before: list[DeviceEvent], after: list[DeviceEvent], one: str
) -> None:
    """Whatever sources say then; only a person makes them one again."""
    separation = act(15, SEPARATE, said(one))
    rules = [replace(each, observed_at=later(each)) for each in after if each.kind is Kind.PATIENT]
    first, then = (
        [entry for each in events if (entry := heard(each))] for events in (before, rules)
    )
    taken = heard(separation)
    assert taken is not None
    own = one, "HIS"
    family = judge(first)
    others = family.of(family.root(own)) if own in family.ties else set()
    others -= judge([*first, taken]).of(own)
    found = judge([*first, taken, *then])
    assert all(found.root(own) != found.root(other) for other in others)
    assert all(found.root(a) != found.root(b) for a, b in found.apart)


def later(event: DeviceEvent) -> Instant:
    return Instant(event.observed_at + 60 * MINUTE)


def keys_of(records: Any) -> set[tuple[str, str]]:
    return {(record.own.value, record.own.issuer) for record in records}


def key_of(entry: Heard) -> tuple[str, str]:
    return entry.own.value, entry.own.issuer


@settings(max_examples=20)
@given(events=days())
def test_tables_that_are_built_anew_are_the_same(events: list[DeviceEvent]) -> None:
    async def twice() -> None:
        case = Told()
        for each in events:
            await case.tell(each)
        questions = await case.book.questions()
        dismissals = [act(99, DISMISS, question=each.id.hex()) for each in questions[:2]]
        await case.tell(*dismissals)
        assert await seen(case) == await snapshot(*events, *dismissals, each=False)

    asyncio.run(twice())
