"""The dose that other plans of a course gave to what a plan prescribes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tps_bridge.ledger.ledger import FractionState, Ledger
from tps_bridge.plan import DoseReference


@dataclass(frozen=True, slots=True)
class Carried:
    """What the plan called `label` gave to a dose reference, in Gy; None where nothing tells it."""

    label: str
    reference: int
    dose: float | None


def carried(
    references: Sequence[DoseReference], label: str, ledgers: Iterable[Ledger]
) -> tuple[Carried, ...]:
    """To each target of a plan, by Dose Reference UID (PS3.3 C.8.8.10) and by nothing else.

    Nothing where the other plan gave nothing.
    """
    begun = [each for each in ledgers if _has_begun(each)]
    targets = [each for each in references if each.is_target]
    return tuple(Carried(label, each.number, _dose(each, begun)) for each in targets if begun)


def times_of(ledgers: Iterable[Ledger]) -> tuple[str, ...]:
    """When something of each fraction that was begun was given last, as `Fraction.last` has it."""
    return tuple(fraction.last for each in ledgers for fraction in each.fractions if fraction.last)


def _has_begun(ledger: Ledger) -> bool:
    return any(each.state is not FractionState.PLANNED for each in ledger.fractions)


def _dose(reference: DoseReference, ledgers: Sequence[Ledger]) -> float | None:
    several = [_given(reference.uid, each) for each in ledgers]
    return None if None in several else sum(each or 0.0 for each in several)


def _given(uid: str, ledger: Ledger) -> float | None:
    same = [each.given for each in ledger.doses if uid and each.reference.uid == uid]
    return same[0] if len(same) == 1 else None
