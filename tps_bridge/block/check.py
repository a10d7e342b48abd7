"""The checks before a fraction: each passes, or says in both languages why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from gateway import Localized
from tps_bridge.block.attempt import Attempt, Case, Override
from tps_bridge.block.person import UNLIKE, disagreements
from tps_bridge.ledger import CumulativeDose, FindingKind, Fraction, FractionState, Ledger

_EN, _ZH = "en", "zh-CN"
_DATE = 8
"""Digits of a day without a time."""
_ROUNDING = 1.001
"""Doses are written with few digits."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a check doesn't pass, in every language; `key` stays the same while it is the same."""

    text: Mapping[str, str]
    key: str


class BlockKind(StrEnum):
    """RECORD: nobody knows whose a record is; people say it, and set nothing aside.

    COUNT: nobody knows how much a record gave, or of which fraction; people may say it.
    SESSION: another one is being treated, or has ended, and nothing tells what it gave.
    """

    IDENTITY = "identity"
    RECORD = "record"
    COUNT = "count"
    SESSION = "session"
    VERSION = "version"
    APPROVAL = "approval"
    STATE = "state"
    RELATION = "relation"
    MACHINE = "machine"
    FRACTION = "fraction"
    DOSE = "dose"
    DAY = "day"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Check:
    """`reasons` are none where it passes, and `aside` those of them that are set aside.

    `override` is the newest that concerns it, counting or not. `left_out` is the rule by which it
    is not made for an emergency.
    """

    kind: BlockKind
    reasons: tuple[Reason, ...] = ()
    aside: frozenset[str] = frozenset()
    override: Override | None = None
    left_out: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it keeps the fraction from being given."""
        return not self.left_out and any(each.key not in self.aside for each in self.reasons)

    @property
    def reason(self) -> Localized | None:
        """All reasons in every language; None where it passes."""
        if not self.reasons:
            return None
        return {
            tag: mark.join(each.text[tag] for each in self.reasons)
            for tag, mark in ((_EN, "; "), (_ZH, "；"))
        }

    @property
    def seen(self) -> str:
        """Stands for the reasons as they were shown: who sets them aside says what they saw."""
        return sha256("\n".join(each.key for each in self.reasons).encode()).hexdigest()[:16]


def checks(attempt: Attempt, case: Case) -> tuple[Check, ...]:
    """Every check, in a fixed order."""
    made = tuple(_check(kind, attempt, case) for kind in _CHECKS)
    reasons = tuple(
        _both(
            f"an override of {each.who} waits for a second person",
            f"{each.who} 的放行待第二人确认",
        )
        for each in case.overrides
        if not each.counts and each.concerns(case.group, attempt.fraction)
    )
    return (*made, Check(BlockKind.OVERRIDE, reasons[:1]))


def stands(made: Sequence[Check]) -> bool:
    """Whether any of them keeps the fraction from being given."""
    return any(each.blocks for each in made)


def _check(kind: BlockKind, attempt: Attempt, case: Case) -> Check:
    reasons = tuple(_CHECKS[kind](attempt, case))
    own = [
        each
        for each in case.overrides
        if each.block == kind and each.concerns(case.group, attempt.fraction)
    ]
    aside = frozenset(key for each in own if each.counts for key in each.reasons)
    override = own[-1] if own and reasons else None
    return Check(kind, reasons, aside, override, case.leaves_out(kind))


def _both(english: str, chinese: str, key: str = "") -> Reason:
    return Reason({_EN: english, _ZH: chinese}, key or english)


def _identity(attempt: Attempt, case: Case) -> Iterator[Reason]:
    yield from (_both(each[_EN], each[_ZH]) for each in disagreements(attempt, case))


def _record(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Nobody can tell how far a plan is while a record of it may be another patient's."""
    for each in case.doubts:
        what = [UNLIKE[one] for one in each.unlike]
        english = " and ".join(one["en"] for one in what)
        chinese = "、".join(one["zh-CN"] for one in what)
        day = _written(each.day)
        if not what:
            yield _both(
                f"a record of {day} names this patient and another patient's plan, "
                "and nobody has said whose it is",
                f"{day} 有一条治疗记录为该患者，但引用他人的计划，尚无人确认归属",
            )
        elif each.label:
            yield _both(
                f"a record of {day} by {each.label}, which belongs to this course, has {english}, "
                "and nobody has said whose it is",
                f"{day} 按该疗程计划 {each.label} 的治疗记录{chinese}，尚无人确认归属",
            )
        else:
            yield _both(
                f"a record of {day} has {english}, and nobody has said whose it is",
                f"{day} 的治疗记录{chinese}，尚无人确认归属",
            )


def _count(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """What is in no number can't be taken for nothing."""
    told = dict.fromkeys(
        (e.finding.record, e.finding.kind, e.finding.day, e.label) for e in case.uncounted
    )
    for record, kind, day, label in told:
        what = _UNTOLD[kind]
        english = f" by {label}, which belongs to this course," if label else ""
        chinese = f"按该疗程计划 {label} " if label else ""
        yield _both(
            f"a record of {_written(day)}{english} {what[_EN]}: what it gave is not counted",
            f"{_written(day)} {chinese}的治疗记录{what[_ZH]}，其出束未计入",
            f"{record} {kind}",
        )


def _session(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Its machine may have given the fraction already."""
    for each in case.untold:
        one = each.session
        english = f" of {each.label}, which belongs to this course," if each.label else ""
        chinese = f"该疗程计划 {each.label} 的" if each.label else ""
        where, day = one.machine, _written(one.day)
        if one.state.is_open:
            yield _both(
                f"a session{english} at {where} is in progress ({day})",
                f"{chinese}治疗正在 {where} 进行（{day}）",
                f"{one.id} {one.state}",
            )
        else:
            yield _both(
                f"a session of {day}{english} at {where} ended, and no record tells what it gave",
                f"{day} {chinese}治疗（{where}）已结束，但没有记录说明出束",
                f"{one.id} {one.state}",
            )


def _written(day: str) -> str:
    """YYYYMMDD as people write it."""
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day else "—"


def _version(attempt: Attempt, case: Case) -> Iterator[Reason]:
    if attempt.plan != case.card.uid or attempt.digest != case.card.digest:
        yield _both(
            "the plan is not the version that was scheduled",
            "计划与已排程的版本不一致",
        )


def _approval(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    if not case.approved:
        said = case.card.approval or "—"
        yield _both(f"the plan is not approved ({said})", f"计划未批准（{said}）")


def _state(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    if not case.active:
        why = case.retired and f": {case.retired}"
        yield _both(f"the plan was retired or rejected{why}", f"计划已停用或被否决{why}")


def _relation(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Which of several plans is meant is for a person to say."""
    if case.verifies:
        yield _both(
            f"the plan is to verify {case.verifies}, not to treat",
            f"该计划用于验证 {case.verifies}，不用于治疗",
        )
    for label in case.unsaid:
        yield _both(
            f"it is derived from {label}, and nobody has said what it is to it",
            f"该计划源自 {label}，尚无人说明二者关系",
        )
    for label in case.heirs:
        yield _both(
            f"{label} is derived from it and approved, and nobody has said which one is treated",
            f"{label} 源自该计划且已批准，尚无人说明应治疗哪一个",
        )


def _machine(attempt: Attempt, case: Case) -> Iterator[Reason]:
    planned = case.card.machines
    if planned and attempt.machine not in planned:
        names = ", ".join(planned)
        yield _both(
            f"the plan is for {names}, not for {attempt.machine or '—'}",
            f"计划用于 {names}，而非 {attempt.machine or '—'}",
        )


def _fraction(attempt: Attempt, case: Case) -> Iterator[Reason]:
    planned, next_ = case.ledger.planned, case.ledger.next
    if planned is None:
        yield _both("the plan doesn't say how many fractions it has", "计划未注明分次数")
    elif attempt.fraction > planned:
        yield _both(
            f"fraction {attempt.fraction} is beyond the {planned} prescribed",
            f"第 {attempt.fraction} 次超出处方的 {planned} 次",
        )
    elif next_ != attempt.fraction:
        expected = next_ if next_ is not None else "—"
        yield _both(
            f"fraction {attempt.fraction} is not the next one ({expected})",
            f"第 {attempt.fraction} 次不是下一次（{expected}）",
        )
    for each in case.ledger.passed_over:
        if each.number == attempt.fraction and next_ == attempt.fraction:
            yield _passed(each)


def _passed(fraction: Fraction) -> Reason:
    """What was not given, or not told, before later ones were: a person decides about it."""
    number = fraction.number
    if fraction.state is FractionState.PARTIAL:
        return _both(
            f"fraction {number} was left unfinished, and later ones were given",
            f"第 {number} 次未完成，其后的分次已治疗",
        )
    return _both(
        f"nothing tells of fraction {number}, and later ones were given: its record may be missing",
        f"第 {number} 次没有记录，而其后的分次已治疗：记录可能缺失",
    )


def _dose(attempt: Attempt, case: Case) -> Iterator[Reason]:
    """What other plans gave counts as far as people said so, and is never taken for nothing."""
    for each in case.ledger.doses:
        most = each.prescribed if each.reference.is_target else None
        if most is None or each.given is None or each.next is None:
            continue
        before = [one for one in case.carried if one.reference == each.reference.number]
        unknown = next((one.label for one in before if one.dose is None), None)
        if unknown is not None:
            yield _both(
                f"what {unknown} gave can't be counted: no Dose Reference UID in common",
                f"{unknown} 已给予的剂量无法计入：无共同的剂量参考 UID",
            )
        given = each.given + sum(one.dose or 0.0 for one in before)
        then = given + _still(each, case.ledger, attempt.fraction)
        if then > most * _ROUNDING:
            name = each.reference.name or str(each.reference.number)
            yield _both(
                f"{name} would have {then:.2f} Gy, {most:g} Gy are prescribed",
                f"{name} 将达 {then:.2f} Gy，处方为 {most:g} Gy",
            )


def _still(dose: CumulativeDose, ledger: Ledger, number: int) -> float:
    """What is left of the fraction's dose: all of it, unless part was given."""
    whole = dose.next or 0.0
    fraction = next((each for each in ledger.fractions if each.number == number), None)
    if fraction is None or fraction.state is not FractionState.PARTIAL:
        return whole
    planned = sum(each.beam.meterset or 0.0 for each in fraction.beams)
    return whole * max(0.0, 1 - fraction.given / planned) if planned else whole


def _day(attempt: Attempt, case: Case) -> Iterator[Reason]:
    """A second fraction on a day must be prescribed, and come late enough; midnight is no pause."""
    today, ledger = attempt.at[:8], case.ledger
    others = [each for each in ledger.fractions if each.number != attempt.fraction]
    before = [each for each in others if today in each.days]
    elsewhere = [each for each in case.elsewhere if each.startswith(today)]
    group = next((each for each in case.card.facts.groups if each.number == case.group), None)
    a_day = (group.a_day if group else None) or 1
    if elsewhere and len(before) + len(elsewhere) >= a_day:
        yield _both(
            f"another plan of the course was treated today, {a_day} a day is prescribed",
            f"今日已按该疗程的另一计划治疗，处方为每日 {a_day} 次",
            f"elsewhere {max(elsewhere)}",
        )
    elif len(before) >= a_day:
        yield _both(
            f"fraction {before[-1].number} was given today, {a_day} a day is prescribed",
            f"今日已治疗第 {before[-1].number} 次，处方为每日 {a_day} 次",
            f"today {before[-1].last}",
        )
    else:
        yield from _pause(attempt.at, [*(each.last for each in others), *case.elsewhere], case)
    undated = [each for each in others if each.state is not FractionState.PLANNED]
    if undated and not undated[-1].last:
        number = undated[-1].number
        yield _both(
            f"nothing tells when fraction {number} was given: it may have been today",
            f"第 {number} 次的治疗时间未知：可能就在今日",
        )


def _pause(now: str, times: Sequence[str], case: Case) -> Iterator[Reason]:
    """Of something that was given today at a time that nobody knows, it can't be told."""
    last = max((each for each in times if len(each) > _DATE), default="")
    hours = _hours(last, now)
    if now[:_DATE] in times or (hours is not None and hours < case.interval):
        unknown = hours is None or now[:_DATE] in times
        since = "—" if unknown else f"{hours:.1f}"
        yield _both(
            f"{since} h since the last fraction, at least {case.interval:g} h are needed",
            f"距上次 {since} 小时，至少需间隔 {case.interval:g} 小时",
            f"interval since {max(times)}",
        )


def _hours(before: str, now: str) -> float | None:
    """Hours between two times of one zone; None where one of them is none."""
    try:
        one, other = (datetime.strptime(each, "%Y%m%d%H%M%S") for each in (before, now))  # noqa: DTZ007
    except ValueError:
        return None
    return (other - one).total_seconds() / 3600


_UNTOLD: Mapping[FindingKind, Mapping[str, str]] = {
    FindingKind.UNNUMBERED: {_EN: "tells no fraction number", _ZH: "未注明分次号"},
    FindingKind.UNKNOWN_BEAM: {
        _EN: "tells a beam that the plan has not",
        _ZH: "含计划中没有的射野",
    },
    FindingKind.UNGROUPED: {_EN: "names no fraction group of the plan", _ZH: "未指明计划的分次组"},
    FindingKind.PLANLESS: {_EN: "names no plan, or several", _ZH: "未指明唯一的计划"},
    FindingKind.UNREAD: {_EN: "can't be read", _ZH: "无法读取"},
    FindingKind.UNPLACED: {
        _EN: "doesn't tell how much a beam gave, or from where it went on",
        _ZH: "未说明射野的出束量或续照起点",
    },
}
NEVER_SET_ASIDE = frozenset({BlockKind.OVERRIDE, BlockKind.RECORD})
"""Blocks that no override lifts."""

_CHECKS: Mapping[BlockKind, Callable[[Attempt, Case], Iterator[Reason]]] = {
    BlockKind.IDENTITY: _identity,
    BlockKind.RECORD: _record,
    BlockKind.COUNT: _count,
    BlockKind.SESSION: _session,
    BlockKind.VERSION: _version,
    BlockKind.APPROVAL: _approval,
    BlockKind.STATE: _state,
    BlockKind.RELATION: _relation,
    BlockKind.MACHINE: _machine,
    BlockKind.FRACTION: _fraction,
    BlockKind.DOSE: _dose,
    BlockKind.DAY: _day,
}
