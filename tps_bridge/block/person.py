"""Whether everybody means the same person: number, issuer, name and birth date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tps_bridge.block.attempt import Attempt, Case, Registered
from tps_bridge.block.reason import EN, ZH, Reason, because, digest_of
from tps_bridge.plan import Identity, Unlike, same_name

UNLIKE: Mapping[Unlike, Mapping[str, str]] = {
    Unlike.NUMBER: {"en": "another patient number", "zh-CN": "患者编号不同"},
    Unlike.UNNUMBERED: {"en": "no patient number", "zh-CN": "患者编号缺失"},
    Unlike.ISSUER: {
        "en": "another issuer of the patient number, or none",
        "zh-CN": "患者编号的签发机构不同或缺失",
    },
    Unlike.NAME: {"en": "another name", "zh-CN": "姓名不同"},
    Unlike.BIRTH_DATE: {"en": "another birth date", "zh-CN": "出生日期不同"},
}


def disagreements(attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Where the identity of the attempt, or that in the register, is not that of the plan."""
    own, theirs = case.card.identity, attempt.identity
    number = (own.patient, own.issuer)
    if not own.patient:
        key = f"unnumbered {digest_of(*number)}"
        yield because("the plan has no patient number", "计划没有患者编号", key)
    for each in own.unlike(theirs):
        said = UNLIKE[each]
        yield because(
            f"what is to be treated has {said[EN]}",
            f"治疗对象的{said[ZH]}",
            f"{each} {digest_of(*_compared(own), *_compared(theirs))}",
        )
    if case.registry and case.registered is None:
        key = f"unregistered {digest_of(*number)}"
        yield because("nobody is registered under this number", "该编号未登记患者", key)
    if case.registered is not None:
        yield from _registered(own, case.registered)


def _registered(own: Identity, known: Registered) -> Iterator[Reason]:
    number = (own.patient, own.issuer)
    if not same_name((own.name,), known.names):
        yield because(
            "the registered patient has another name",
            "登记患者的姓名不同",
            f"registered name {digest_of(*number, own.name, *sorted(known.names))}",
        )
    born = known.birth_date.replace("-", "")[:8]
    if not _same_day(own.birth_date, born):
        yield because(
            "the registered patient has another birth date",
            "登记患者的出生日期不同",
            f"registered birth date {digest_of(*number, own.birth_date, born)}",
        )


def _compared(own: Identity) -> tuple[str, ...]:
    return own.patient, own.issuer, own.name, own.birth_date


def _same_day(one: str, other: str) -> bool:
    """As far as both are known: to the year, the month or the day."""
    known = min(len(one), len(other))
    return one[:known] == other[:known]
