"""Whether everybody means the same person: number, issuer, name and birth date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tps_bridge.block.attempt import Attempt, Case, Registered
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


def disagreements(attempt: Attempt, case: Case) -> Iterator[Mapping[str, str]]:
    """Where the identity of the attempt, or that in the register, is not that of the plan."""
    own = case.card.identity
    if not own.patient:
        yield _said("the plan has no patient number", "计划没有患者编号")
    for each in own.unlike(attempt.identity):
        said = UNLIKE[each]
        yield _said(f"what is to be treated has {said['en']}", f"治疗对象的{said['zh-CN']}")
    if case.registry and case.registered is None:
        yield _said("nobody is registered under this number", "该编号未登记患者")
    if case.registered is not None:
        yield from _registered(own, case.registered)


def _registered(own: Identity, known: Registered) -> Iterator[Mapping[str, str]]:
    if not same_name((own.name,), known.names):
        yield _said("the registered patient has another name", "登记患者的姓名不同")
    born = known.birth_date.replace("-", "")[:8]
    if own.birth_date and born and own.birth_date != born:
        yield _said("the registered patient has another birth date", "登记患者的出生日期不同")


def _said(english: str, chinese: str) -> Mapping[str, str]:
    return {"en": english, "zh-CN": chinese}
