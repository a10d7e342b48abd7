"""The rank is a total order, does not hang on the order of asking, and says why."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from queue_display.options import PolicyOptions
from queue_display.rank import Ranked, Ranking
from queue_display.terms import LANGUAGES, Mark
from queue_display.ticket import Ticket
from tests.unit.queue.queue_case import RANKING, clock, lines, waiting


def _labels(ranked: list[Ranked]) -> list[str]:
    return [each.ticket.label for each in ranked]


@given(lines, st.randoms())
def test_the_order_is_total_and_does_not_hang_on_the_order_of_asking(
    line: list[Ticket], dice: object
) -> None:
    shuffled = list(line)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    ranked = RANKING.ranked(line)
    assert _labels(RANKING.ranked(shuffled)) == _labels(ranked)
    assert all(one.key < other.key for one, other in pairwise(ranked))
    assert [each.place for each in ranked] == list(range(1, len(line) + 1))


@given(lines)
def test_who_stays_keeps_the_order_when_another_leaves(line: list[Ticket]) -> None:
    whole = _labels(RANKING.ranked(line))
    for gone in line:
        rest = [each for each in line if each is not gone]
        assert _labels(RANKING.ranked(rest)) == [each for each in whole if each != gone.label]


@given(lines)
def test_every_place_is_explained_in_both_languages_and_the_explanation_is_true(
    line: list[Ticket],
) -> None:
    ranked = RANKING.ranked(line)
    for each in ranked:
        assert all(reason.text.get(tag) for reason in each.why for tag in LANGUAGES)
        base, own = RANKING.base(each.ticket), each.ticket
        late = own.start is None or "late" in each.why[0].text["en"]
        due = own.checked_in if late else own.start
        counted = (due or 0) - sum(reason.minutes for reason in each.why) * 60_000_000
        assert base.counts_as == counted
    for one, other in pairwise(ranked):
        assert set(one.ahead) == set(LANGUAGES)
        if times := re.fullmatch(r"counts as (.+), before (.+)", one.ahead["en"]):
            assert times[1] == clock(RANKING.base(one.ticket).counts_as)  # type: ignore[arg-type]
            assert RANKING.base(one.ticket).counts_as < RANKING.base(other.ticket).counts_as
        elif "priority over all" in one.ahead["en"]:
            assert one.ticket.priority == "emergency" != other.ticket.priority or (
                Mark.INFECTION in other.ticket.marks
            )
        elif "infection" in one.ahead["en"]:
            assert Mark.INFECTION in other.ticket.marks - one.ticket.marks
    if ranked:
        assert ranked[-1].ahead == {}


@given(lines, st.data())
def test_a_ticket_moved_ahead_of_another_stands_just_before_it_for_good(
    line: list[Ticket], data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(0, 6))):
        if len(line) < 2:
            return
        moved, target = data.draw(st.permutations(line))[:2]
        place = RANKING.before(line, moved, target.id)
        assert place is not None
        line = [each if each is not moved else _placed(each, place) for each in line]
        order = [each.ticket.id for each in RANKING.ranked(line)]
        assert order.index(moved.id) + 1 == order.index(target.id)


@given(lines, st.integers(0, 5))
def test_who_returns_after_being_skipped_lets_others_go_first(
    line: list[Ticket], count: int
) -> None:
    if not line:
        return
    returning, *others = line
    before = [each.ticket.id for each in RANKING.ranked(others)]
    place = RANKING.behind(others, returning, count)
    order = [each.ticket.id for each in RANKING.ranked([_placed(returning, place), *others])]
    assert [each for each in order if each != returning.id] == before
    assert order.index(returning.id) >= min(count, len(others))


def _placed(ticket: Ticket, place: object) -> Ticket:
    from dataclasses import replace  # noqa: PLC0415

    return replace(ticket, place=place)  # type: ignore[arg-type]


def test_the_rules_of_the_policy() -> None:
    line = [
        waiting(1, due=0),
        waiting(2, due=45, marks=frozenset({Mark.ANAESTHESIA})),
        waiting(3, due=-30, marks=frozenset({Mark.INFECTION}), priority="emergency"),
        waiting(4, due=300, priority="emergency"),
        waiting(5, due=-40, came=5),
        waiting(6, due=None, came=2),
        waiting(7, due=40, priority="urgent"),
    ]
    ranked = RANKING.ranked(line)
    assert _labels(ranked) == ["A004", "A002", "A007", "A001", "A006", "A005", "A003"]
    said = {each.ticket.label: [reason.text["en"] for reason in each.why] for each in ranked}
    assert said["A004"] == ["appointment 13:00", "Emergency: ahead of all"]
    assert said["A002"] == ["appointment 08:45", "under anaesthesia: 60 min earlier"]
    assert said["A005"] == ["appointment 07:20, late: counts as 08:05"]
    assert said["A003"][-1].startswith("infection: comes last")
    assert ranked[0].ahead["zh-CN"] == "优先于所有人"
    assert ranked[1].ahead["en"] == "counts as 07:45, before 07:55"


def test_a_site_may_let_infection_count_as_all_others() -> None:
    ranking = Ranking(PolicyOptions(infection_last=False), clock)
    line = [waiting(1, due=10), waiting(2, due=5, marks=frozenset({Mark.INFECTION}))]
    assert _labels(ranking.ranked(line)) == ["A002", "A001"]
