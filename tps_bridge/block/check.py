"""The checks before a fraction: each passes, or says in both languages why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from gateway import Localized
from tps_bridge.block import untold
from tps_bridge.block.attempt import Attempt, Case, Override
from tps_bridge.block.day import day
from tps_bridge.block.person import disagreements
from tps_bridge.block.reason import EN, ZH, Reason, because
from tps_bridge.ledger import CumulativeDose, Fraction, FractionState, Ledger

_ROUNDING = 1.001
"""Doses are written with few digits."""


class BlockKind(StrEnum):
    """RECORD: nobody knows whose a record is; people say it, and set nothing aside.

    COUNT: nobody knows how much a record gave, or of which fraction; people may say it.
    SESSION: another one is being treated, or has ended, and nothing tells all that it gave; or one
    person alone has told it. PURPOSE: the plan is to verify another one, and treats nobody.
    """

    IDENTITY = "identity"
    RECORD = "record"
    COUNT = "count"
    SESSION = "session"
    VERSION = "version"
    APPROVAL = "approval"
    STATE = "state"
    PURPOSE = "purpose"
    RELATION = "relation"
    MACHINE = "machine"
    FRACTION = "fraction"
    DOSE = "dose"
    DAY = "day"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Check:
    """`reasons` are none where it passes, and `aside` those of them that are set aside.

    `override` is one that concerns it: that which waits for a second person, else the newest.
    `left_out` is the rule by which it is not made for an emergency.
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
            for tag, mark in ((EN, "; "), (ZH, "；"))
        }

    @property
    def seen(self) -> str:
        """Stands for the reasons as they were shown: who sets them aside says what they saw."""
        return sha256("\n".join(each.key for each in self.reasons).encode()).hexdigest()[:16]


def checks(attempt: Attempt, case: Case) -> tuple[Check, ...]:
    """Every check, in a fixed order."""
    made = tuple(_check(kind, attempt, case) for kind in _CHECKS)
    standing = {(check.kind.value, each.key) for check in made for each in check.reasons}
    reasons = tuple(
        because(
            f"an override of {each.who} waits for a second person",
            f"{each.who} 的放行待第二人确认",
            f"override {each.seq}",
        )
        for each in case.overrides
        if not each.counts
        and each.concerns(case.group, attempt.fraction)
        and any((each.block, key) in standing for key in each.reasons)
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
    keys = {each.key for each in reasons}
    about = [each for each in own if not keys.isdisjoint(each.reasons)]
    override = next((each for each in about if not each.counts), about[-1] if about else None)
    left_out = "" if kind in NEVER_SET_ASIDE else case.leaves_out(kind)
    return Check(kind, reasons, aside, override, left_out)


def _identity(attempt: Attempt, case: Case) -> Iterator[Reason]:
    yield from disagreements(attempt, case)


def _version(attempt: Attempt, case: Case) -> Iterator[Reason]:
    if attempt.plan != case.card.uid or attempt.digest != case.card.digest:
        yield because(
            "the plan is not the version that was scheduled",
            "计划与已排程的版本不一致",
            f"{attempt.plan} {attempt.digest} {case.card.uid} {case.card.digest}",
        )


def _approval(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    if not case.approved:
        said, key = case.card.approval or "—", f"{case.card.approval} {case.card.digest}"
        yield because(f"the plan is not approved ({said})", f"计划未批准（{said}）", key)


def _state(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    if not case.active:
        why = case.retired and f": {case.retired}"
        key = f"{case.card.approval} {case.retired}"
        yield because(f"the plan was retired or rejected{why}", f"计划已停用或被否决{why}", key)


def _purpose(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    if case.verifies is not None:
        yield because(
            f"the plan is to verify {case.verifies.label}, not to treat",
            f"该计划用于验证 {case.verifies.label}，不用于治疗",
            f"verifies {case.verifies.uid}",
        )


def _relation(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Which of several plans is meant is for a person to say."""
    for each in case.unsaid:
        yield because(
            f"it is derived from {each.label}, and nobody has said what it is to it",
            f"该计划源自 {each.label}，尚无人说明二者关系",
            f"derived from {each.uid}",
        )
    for each in case.heirs:
        yield because(
            f"{each.label} is derived from it and approved, and nobody has said which one is "
            "treated",
            f"{each.label} 源自该计划且已批准，尚无人说明应治疗哪一个",
            f"heir {each.uid}",
        )


def _machine(attempt: Attempt, case: Case) -> Iterator[Reason]:
    planned = case.card.machines
    if planned and attempt.machine not in planned:
        names = ", ".join(planned)
        yield because(
            f"the plan is for {names}, not for {attempt.machine or '—'}",
            f"计划用于 {names}，而非 {attempt.machine or '—'}",
            f"{names} {attempt.machine}",
        )


def _fraction(attempt: Attempt, case: Case) -> Iterator[Reason]:
    planned, next_ = case.ledger.planned, case.ledger.next
    if planned is None:
        key = f"{attempt.fraction} of an unknown number"
        yield because("the plan doesn't say how many fractions it has", "计划未注明分次数", key)
    elif attempt.fraction > planned:
        yield because(
            f"fraction {attempt.fraction} is beyond the {planned} prescribed",
            f"第 {attempt.fraction} 次超出处方的 {planned} 次",
            f"{attempt.fraction} of {planned}",
        )
    elif next_ != attempt.fraction:
        expected = next_ if next_ is not None else "—"
        yield because(
            f"fraction {attempt.fraction} is not the next one ({expected})",
            f"第 {attempt.fraction} 次不是下一次（{expected}）",
            f"{attempt.fraction}, next is {expected}",
        )
    for each in case.ledger.passed_over:
        if each.number == attempt.fraction and next_ == attempt.fraction:
            yield _passed(each)


def _passed(fraction: Fraction) -> Reason:
    """What was not given, or not told, before later ones were: a person decides about it."""
    number = fraction.number
    if fraction.state is FractionState.PARTIAL:
        return because(
            f"fraction {number} was left unfinished, and later ones were given",
            f"第 {number} 次未完成，其后的分次已治疗",
            f"{number} unfinished at {fraction.given:.4f}",
        )
    return because(
        f"nothing tells of fraction {number}, and later ones were given: its record may be missing",
        f"第 {number} 次没有记录，而其后的分次已治疗：记录可能缺失",
        f"{number} passed over",
    )


def _dose(attempt: Attempt, case: Case) -> Iterator[Reason]:
    """What other plans gave counts as far as people said so, and is never taken for nothing."""
    for each in case.ledger.doses:
        limits = list(_limits(each, case.others))
        if not limits:
            continue
        before = [one for one in case.carried if one.reference == each.reference.number]
        unknown = [one.label for one in before if one.dose is None]
        if unknown:
            yield because(
                f"what {unknown[0]} gave can't be counted: no Dose Reference UID in common, "
                "or nothing tells it",
                f"{unknown[0]} 已给予的剂量无法计入：无共同的剂量参考 UID，或无从得知",
                f"{each.reference.number} unknown of {', '.join(unknown)}",
            )
        more = sum(one.dose or 0.0 for one in before)
        more += _still(each, case.ledger, attempt.fraction)
        name = each.reference.name or str(each.reference.number)
        for most, given, (english, chinese) in limits:
            then = given + more
            if then > most * _ROUNDING:
                yield because(
                    f"{name} would have {then:.2f} Gy{english}, {most:g} Gy are prescribed",
                    f"{name} {chinese}将达 {then:.2f} Gy，处方为 {most:g} Gy",
                    f"{each.reference.number}{english} {then:.4f} of {most}",
                )


def _limits(
    dose: CumulativeDose, others: Sequence[Ledger]
) -> Iterator[tuple[float, float, tuple[str, str]]]:
    """What is prescribed to a target and what was given of it, as far as both are known.

    By the group itself, and by the plan, for all its groups together.
    """
    reference, given = dose.reference, dose.given
    if not reference.is_target or given is None or dose.next is None:
        return
    if dose.prescribed is not None:
        yield dose.prescribed, given, ("", "")
    same = [one.given for each in others for one in each.doses if one.reference == reference]
    if others and reference.prescribed is not None and None not in same:
        whole = given + sum(one or 0.0 for one in same)
        yield reference.prescribed, whole, (" by all fraction groups", "各分次组合计")


def _still(dose: CumulativeDose, ledger: Ledger, number: int) -> float:
    """What is left of the fraction's dose: all of it, unless part was given."""
    whole = dose.next or 0.0
    fraction = next((each for each in ledger.fractions if each.number == number), None)
    if fraction is None or fraction.state is not FractionState.PARTIAL:
        return whole
    planned = sum(each.beam.meterset or 0.0 for each in fraction.beams)
    return whole * max(0.0, 1 - fraction.given / planned) if planned else whole


NEVER_SET_ASIDE = frozenset({BlockKind.OVERRIDE, BlockKind.RECORD, BlockKind.PURPOSE})
"""Blocks that no override lifts, and no emergency leaves out."""

_CHECKS: Mapping[BlockKind, Callable[[Attempt, Case], Iterator[Reason]]] = {
    BlockKind.IDENTITY: _identity,
    BlockKind.RECORD: untold.record,
    BlockKind.COUNT: untold.count,
    BlockKind.SESSION: untold.session,
    BlockKind.VERSION: _version,
    BlockKind.APPROVAL: _approval,
    BlockKind.STATE: _state,
    BlockKind.PURPOSE: _purpose,
    BlockKind.RELATION: _relation,
    BlockKind.MACHINE: _machine,
    BlockKind.FRACTION: _fraction,
    BlockKind.DOSE: _dose,
    BlockKind.DAY: day,
}
