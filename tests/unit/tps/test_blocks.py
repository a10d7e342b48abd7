"""Each block stands for one thing that is wrong, says why, and can be set aside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulators.rt import STATIC, Course, Part, approved, plan, record
from tests.unit.tps.rt import plan_of, record_of
from tps_bridge.block import (
    NEVER_SET_ASIDE,
    Attempt,
    BlockKind,
    Case,
    Doubt,
    Emergency,
    Other,
    Registered,
    checks,
    overrides_of,
)
from tps_bridge.book import Act, Note, card_of
from tps_bridge.ledger import Given, given_by, ledger_of
from tps_bridge.plan import Identity, Unlike, same_name
from tps_bridge.record import DoseGiven

MADE = approved(plan(STATIC, Course(beams=1, fractions=2, dose=4.0, pairs=2)))
CARD = card_of(plan_of(MADE))
GROUP = CARD.facts.groups[0]
KNOWN = Registered(("Wang^Fang", "王芳"), "1962-03-14")


def case(*given: Given, **values: Any) -> Case:
    made = Case(
        card=CARD,
        ledger=ledger_of(CARD.facts, values.pop("group", GROUP), given),
        group=1,
        approved=True,
        active=True,
        registered=KNOWN,
        registry=True,
    )
    return replace(made, **values)


def attempt(**values: Any) -> Attempt:
    made = Attempt(CARD.identity, CARD.uid, CARD.digest, "LINAC1", 1, "20250610090000")
    return replace(made, **values)


def blocked(one: Attempt, other: Case) -> list[BlockKind]:
    return [each.kind for each in checks(one, other) if each.blocks]


def delivered(number: int) -> tuple[Given, ...]:
    return given_by(record_of(record(MADE, number, [Part(1)])))


def test_nothing_stands_against_what_is_in_order() -> None:
    assert blocked(attempt(), case()) == []
    assert blocked(attempt(fraction=2), case(*delivered(1))) == []


OTHER = replace(CARD.identity, patient="RT-7")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (BlockKind.IDENTITY, attempt(identity=OTHER), case()),
        (
            BlockKind.IDENTITY,
            attempt(identity=replace(CARD.identity, birth_date="19620315")),
            case(),
        ),
        (BlockKind.RECORD, attempt(), case(doubts=(Doubt("20250609", (Unlike.NUMBER,)),))),
        (BlockKind.RECORD, attempt(), case(doubts=(Doubt("20250609", (Unlike.NAME,), "OLD"),))),
        (BlockKind.RECORD, attempt(), case(doubts=(Doubt("20250609"),))),
        (BlockKind.IDENTITY, attempt(), case(registered=None)),
        (BlockKind.IDENTITY, attempt(), case(registered=Registered(("王方",), "1962-03-14"))),
        (BlockKind.IDENTITY, attempt(), case(registered=Registered(("王芳",), "1962-03-15"))),
        (BlockKind.VERSION, attempt(digest="0" * 64), case()),
        (BlockKind.VERSION, attempt(plan="1.2.3"), case()),
        (BlockKind.APPROVAL, attempt(), case(approved=False)),
        (BlockKind.STATE, attempt(), case(active=False)),
        (BlockKind.MACHINE, attempt(machine="LINAC2"), case()),
        (BlockKind.FRACTION, attempt(fraction=2), case()),
    ],
)
def test_each_block_stands_alone(kind: BlockKind, one: Attempt, other: Case) -> None:
    assert blocked(one, other) == [kind]
    (reason,) = [each.reason for each in checks(one, other) if each.kind is kind]
    assert reason is not None
    assert not isinstance(reason, str)
    assert set(reason) == {"en", "zh-CN"}


def test_what_all_groups_gave_is_held_against_what_the_plan_prescribes() -> None:
    target = replace(CARD.facts.references[0], prescribed=4.0)
    facts = replace(
        CARD.facts,
        references=(target,),
        groups=tuple(
            replace(GROUP, number=number, prescribed=(DoseGiven(target.number, 4.0),))
            for number in (1, 2)
        ),
    )
    made = case(*delivered(1))
    first = ledger_of(facts, facts.groups[0], ())
    second = ledger_of(facts, facts.groups[1], (*delivered(1), *delivered(2)))
    several = replace(made, ledger=first, others=(second,))
    assert blocked(attempt(), replace(several, others=())) == []
    assert blocked(attempt(), several) == [BlockKind.DOSE]
    (check,) = (each for each in checks(attempt(), several) if each.kind is BlockKind.DOSE)
    (reason,) = check.reasons
    assert "PTV would have 6.00 Gy by all fraction groups, 4 Gy are" in reason.text["en"]


def test_a_fraction_and_a_dose_beyond_the_prescription() -> None:
    given = (*delivered(1), *given_by(record_of(record(MADE, 2, [Part(1)]))))
    assert blocked(attempt(fraction=3), case(*given)) == [BlockKind.FRACTION, BlockKind.DOSE]


def test_a_second_fraction_on_a_day_needs_a_prescription_and_an_interval() -> None:
    given = delivered(1)
    same_day = attempt(fraction=2, at="20250609120000")
    assert blocked(same_day, case(*given)) == [BlockKind.DAY]
    twice = replace(GROUP, a_day=2)
    card = replace(CARD, facts=replace(CARD.facts, groups=(twice,)))
    soon = case(*given, card=card, group=twice)
    soon = replace(soon, group=1)
    assert blocked(replace(same_day, digest=card.digest), soon) == [BlockKind.DAY]
    assert blocked(replace(same_day, at="20250609153000"), soon) == []


def test_the_rest_of_an_unfinished_fraction_may_be_given() -> None:
    given = given_by(record_of(record(MADE, 1, [Part(1, 0, 60, termination="MACHINE")])))
    assert blocked(attempt(fraction=1), case(*given)) == []


def _facts(kind: BlockKind, one: Attempt, other: Case) -> dict[str, Any]:
    """What the override of a block says."""
    (check,) = [each for each in checks(one, other) if each.kind is kind]
    reasons = [each.key for each in check.reasons]
    return {"block": str(kind), "group": 1, "fraction": one.fraction, "reasons": reasons}


def test_an_override_counts_when_a_second_person_has_confirmed_it() -> None:
    elsewhere = attempt(machine="LINAC2")
    facts = _facts(BlockKind.MACHINE, elsewhere, case())
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "on call", facts)
    own = Note(8, Act.CONFIRM, CARD.uid, "person:li", 2, "", {"override": 7})
    second = Note(9, Act.CONFIRM, CARD.uid, "person:zhao", 3, "", {"override": 7})
    alone = overrides_of([made, own], second_person=True)
    assert [each.counts for each in alone] == [False]
    assert blocked(elsewhere, case(overrides=alone)) == [BlockKind.MACHINE, BlockKind.OVERRIDE]
    both = overrides_of([made, own, second], second_person=True)
    assert blocked(elsewhere, case(overrides=both)) == []
    assert blocked(replace(elsewhere, fraction=2), case(*delivered(1), overrides=both)) == [
        BlockKind.MACHINE
    ]
    assert [each.counts for each in overrides_of([made], second_person=False)] == [True]
    assert overrides_of([made, second, own], second_person=True) == both
    shown = [each.override for each in checks(elsewhere, case(overrides=both)) if each.override]
    assert [(each.who, each.second, each.why) for each in shown] == [
        ("person:li", "person:zhao", "on call")
    ]


def test_an_override_sets_aside_what_was_seen_and_nothing_else() -> None:
    born = attempt(identity=replace(CARD.identity, birth_date="19620315"))
    facts = _facts(BlockKind.IDENTITY, born, case())
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "seen the passport", facts)
    aside = overrides_of([made], second_person=False)
    assert blocked(born, case(overrides=aside)) == []
    named = replace(born, identity=replace(born.identity, name="Li^Na=李^娜"))
    both = case(overrides=aside)
    assert blocked(named, both) == [BlockKind.IDENTITY]
    (check,) = [each for each in checks(named, both) if each.kind is BlockKind.IDENTITY]
    assert isinstance(check.reason, dict)
    assert check.reason["en"] == (
        "what is to be treated has another name; what is to be treated has another birth date"
    )
    assert blocked(attempt(machine="LINAC3"), case(overrides=aside)) == [BlockKind.MACHINE]
    other_group = case(overrides=aside, group=replace(GROUP, number=2))
    assert blocked(born, replace(other_group, group=2)) == [BlockKind.IDENTITY]


def test_midnight_is_no_pause() -> None:
    given = [replace(each, at="20250609235000") for each in delivered(1)]
    assert blocked(attempt(fraction=2, at="20250610001000"), case(*given)) == [BlockKind.DAY]
    assert blocked(attempt(fraction=2, at="20250610055000"), case(*given)) == []


def test_a_time_that_nobody_knows_is_no_pause_until_its_day_is_over_for_so_long() -> None:
    given = [replace(each, at="") for each in delivered(1)]
    assert blocked(attempt(fraction=2, at="20250610055900"), case(*given)) == [BlockKind.DAY]
    assert blocked(attempt(fraction=2, at="20250610060000"), case(*given)) == []
    strange = [replace(each, at="2025060909:00:00") for each in delivered(1)]
    assert blocked(attempt(fraction=2, at="20250610233000"), case(*strange)) == [BlockKind.DAY]


def test_of_several_times_one_that_nobody_knows_may_be_the_last() -> None:
    (known,) = delivered(1)
    twice = replace(GROUP, a_day=2)
    card = replace(CARD, facts=replace(CARD.facts, groups=(twice,)))
    parts = (replace(known, end=50.0), replace(known, place=1, start=50.0, at=""))
    both = replace(case(*parts, card=card, group=twice), group=1)
    one = attempt(fraction=2, at="20250609200000", digest=card.digest)
    assert blocked(one, replace(case(known, card=card, group=twice), group=1)) == []
    assert blocked(one, both) == [BlockKind.DAY]


def test_what_another_plan_gave_today_needs_its_pause_as_well() -> None:
    twice = replace(GROUP, a_day=2)
    card = replace(CARD, facts=replace(CARD.facts, groups=(twice,)))
    later = case(card=card, group=twice, elsewhere=("20250610083000",))
    later = replace(later, group=1)
    assert blocked(attempt(), later) == [BlockKind.DAY]
    assert blocked(attempt(at="20250610143000"), later) == []
    untimed = replace(later, elsewhere=("20250610",))
    assert blocked(attempt(at="20250610233000"), untimed) == [BlockKind.DAY]
    assert blocked(attempt(at="20250611083000"), untimed) == []


def test_an_override_of_a_day_is_of_that_day() -> None:
    one = attempt(fraction=2, at="20250609140000")
    given = delivered(1)
    facts = _facts(BlockKind.DAY, one, case(*given))
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "on holiday tomorrow", facts)
    aside = overrides_of([made], second_person=False)
    assert blocked(one, case(*given, overrides=aside)) == []
    other = case(*given, overrides=aside, elsewhere=("20250610080000",))
    assert blocked(replace(one, at="20250610090000"), other) == [BlockKind.DAY]


def test_a_fraction_of_which_nobody_knows_when_it_was_given_may_have_been_today() -> None:
    given = [replace(each, at="", day="") for each in delivered(1)]
    assert blocked(attempt(fraction=2), case(*given)) == [BlockKind.DAY]


def test_what_was_passed_over_is_for_a_person_to_decide() -> None:
    (reason,) = _passed_over(delivered(2))
    assert "its record may be missing" in reason
    half = given_by(record_of(record(MADE, 1, [Part(1, 0, 60, termination="MACHINE")])))
    (reason,) = _passed_over((*half, *delivered(2)))
    assert "was left unfinished, and later ones were given" in reason


def _passed_over(given: tuple[Given, ...]) -> list[str]:
    """What stands against fraction 1."""
    other = case(*given)
    assert other.ledger.next == 1
    one = attempt(at="20250612090000")
    assert blocked(one, other) == [BlockKind.FRACTION]
    return [each.text["en"] for check in checks(one, other) for each in check.reasons]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Wang^Fang=王^芳", "WANG^FANG", True),
        ("Wang^Fang=王^芳", "王芳", True),
        ("Wang^Fang", "王芳", True),
        ("Wang^Fang", "Wang^Feng", False),
        ("Müller^Jörg", "Muller^Jorg", True),
        ("王^芳", "王^方", False),
        ("Wang^Wei=王^伟", "Wang^Wei=王^薇", False),
        ("Wang^Xiaodong=王^晓东", "Wang^Xiao Dong=王^晓东", True),
        ("Lyu^Fang=吕^芳", "Lv^Fang=吕^芳", True),
        ("Müller^Jörg", "MÜLLER^JO\u0308RG", True),
        ("Müller^Jörg", "Li^Fang", False),
        ("Müller^Jörg", "王^芳", True),
        ("Groß^Anna", "GROSS^ANNA", True),
        ("Иванов^Иван", "Петров^Иван", False),
        ("Иванов^Иван", "王^芳", True),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田^太郎", True),
        ("山田^さくら", "山田^ゆき", False),
        ("ヤマダ^タロー", "やまだ^たろう", False),
        ("김^영", "김^영", True),
        ("गुप्ता^रवि", "गुप्ता^रावी", False),
        ("３^Ａ", "3^a", True),
        ("^^", "王^芳", True),
    ],
)
def test_names_agree_in_the_script_that_both_have(one: str, other: str, *, same: bool) -> None:
    assert same_name((one,), (other,)) is same


def test_a_plan_without_a_patient_number_is_nobodys() -> None:
    nameless = replace(CARD, identity=Identity(name="Wang^Fang"))
    made = case(card=nameless, registered=None, registry=False)
    assert blocked(attempt(identity=nameless.identity), made) == [BlockKind.IDENTITY]


def test_what_was_given_today_besides_is_not_set_aside_with_it() -> None:
    one = attempt(fraction=2, at="20250609140000")
    facts = _facts(BlockKind.DAY, one, case(*delivered(1)))
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "on holiday tomorrow", facts)
    aside = overrides_of([made], second_person=False)
    more = case(*delivered(1), overrides=aside, elsewhere=("20250609120000",))
    assert blocked(one, more) == [BlockKind.DAY]


def test_an_override_of_what_stands_no_more_holds_nothing_back() -> None:
    elsewhere = attempt(machine="LINAC2")
    facts = _facts(BlockKind.MACHINE, elsewhere, case())
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "on call", facts)
    alone = overrides_of([made], second_person=True)
    assert blocked(elsewhere, case(overrides=alone)) == [BlockKind.MACHINE, BlockKind.OVERRIDE]
    assert blocked(attempt(), case(overrides=alone)) == []


def _set_aside(kind: BlockKind, one: Attempt, other: Case) -> Case:
    """With an override that counts of what stands there now."""
    facts = _facts(kind, one, other)
    made = Note(7, Act.OVERRIDE, CARD.uid, "person:li", 1, "as was shown", facts)
    return replace(other, overrides=overrides_of([made], second_person=False))


@pytest.mark.parametrize(
    ("kind", "one", "seen", "found"),
    [
        (
            BlockKind.IDENTITY,
            attempt(),
            case(registered=Registered(("王方",), "1962-03-14")),
            {"registered": Registered(("李红",), "1962-03-14")},
        ),
        (
            BlockKind.IDENTITY,
            attempt(),
            case(registered=Registered(("王芳",), "1962-03-15")),
            {"registered": Registered(("王芳",), "1990-01-01")},
        ),
        (
            BlockKind.RELATION,
            attempt(),
            case(heirs=(Other("1.2", "BOOST"),)),
            {"heirs": (Other("1.2", "BOOST"), Other("1.3", "BOOST"))},
        ),
        (
            BlockKind.RELATION,
            attempt(),
            case(unsaid=(Other("1.2", "OLD"),)),
            {"unsaid": (Other("1.3", "OLD"),)},
        ),
        (BlockKind.STATE, attempt(), case(active=False), {"retired": "replaced by NEW"}),
        (
            BlockKind.APPROVAL,
            attempt(digest="f" * 64),
            case(approved=False, card=replace(CARD, digest="f" * 64)),
            {"card": replace(CARD, digest="f" * 64, approval="UNAPPROVED")},
        ),
    ],
)
def test_an_override_is_of_the_values_that_were_seen(
    kind: BlockKind, one: Attempt, seen: Case, found: dict[str, Any]
) -> None:
    aside = _set_aside(kind, one, seen)
    assert blocked(one, aside) == []
    assert blocked(one, replace(aside, **found)) == [kind]


def test_no_emergency_and_no_override_lets_a_plan_treat_that_verifies_another() -> None:
    urgent = Emergency(1, "person:li", "physician", 0, "bleeding", "person:lan", True)
    left_out = frozenset({"relation", "purpose"})
    other = case(
        verifies=Other("1.2", "PLAN A"), emergency=urgent, left_out=left_out, source="SOP RT-12"
    )
    assert blocked(attempt(), other) == [BlockKind.PURPOSE]
    assert BlockKind.PURPOSE in NEVER_SET_ASIDE


@pytest.mark.parametrize(
    ("born", "same"),
    [
        ("1962", True),
        ("1962-03", True),
        ("1962-03-14", True),
        ("", True),
        ("1963", False),
        ("1962-04", False),
        ("1962-03-15", False),
    ],
)
def test_birth_dates_agree_as_far_as_both_are_known(born: str, *, same: bool) -> None:
    other = case(registered=Registered(("王芳",), born))
    assert blocked(attempt(), other) == ([] if same else [BlockKind.IDENTITY])


@pytest.mark.parametrize(
    ("now", "late"), [("20260329063500", False), ("20260329073500", True)], ids=["5 h", "6 h"]
)
def test_clocks_that_are_put_forward_make_no_pause(now: str, *, late: bool) -> None:
    twice = replace(GROUP, a_day=2)
    card = replace(CARD, facts=replace(CARD.facts, groups=(twice,)))
    before = replace(case(card=card, group=twice, elsewhere=("20260329003000",)), group=1)
    before = replace(before, zone=ZoneInfo("Europe/Berlin"))
    assert blocked(attempt(at=now), before) == ([] if late else [BlockKind.DAY])


def test_of_an_hour_that_clocks_show_twice_the_later_one_counts() -> None:
    twice = replace(GROUP, a_day=2)
    card = replace(CARD, facts=replace(CARD.facts, groups=(twice,)))
    before = replace(case(card=card, group=twice, elsewhere=("20261025023000",)), group=1)
    before = replace(before, zone=ZoneInfo("Europe/Berlin"))
    assert blocked(attempt(at="20261025082900"), before) == [BlockKind.DAY]
    assert blocked(attempt(at="20261025083000"), before) == []
