"""Whether everybody means the same person: number, issuer, name and birth date."""

from __future__ import annotations

from collections.abc import Iterator

from gateway import Localized
from tps_bridge.block.attempt import Attempt, Case, Registered
from tps_bridge.plan import Identity


def disagreements(attempt: Attempt, case: Case) -> Iterator[Localized]:
    """Where an identity is not that of the plan; what one side doesn't say is no disagreement.

    Except the number: without one nobody is identified.
    """
    own = case.card.identity
    if not own.patient:
        yield _said("the plan has no patient number", "计划没有患者编号")
    yield from _against(own, attempt.identity, "what is to be treated", "治疗对象")
    for other in case.others:
        yield from _against(own, other, "a treatment record", "治疗记录")
    if case.registry and case.registered is None:
        yield _said("nobody is registered under this number", "该编号未登记患者")
    if case.registered is not None:
        yield from _registered(own, case.registered)


def _against(own: Identity, other: Identity, english: str, chinese: str) -> Iterator[Localized]:
    if (own.patient, own.issuer) != (other.patient, other.issuer):
        yield _said(f"{english} has another patient number", f"{chinese}的患者编号不同")
    if not same_name((own.name,), (other.name,)):
        yield _said(f"{english} has another name", f"{chinese}的姓名不同")
    if own.birth_date and other.birth_date and own.birth_date != other.birth_date:
        yield _said(f"{english} has another birth date", f"{chinese}的出生日期不同")


def _registered(own: Identity, known: Registered) -> Iterator[Localized]:
    if not same_name((own.name,), known.names):
        yield _said("the registered patient has another name", "登记患者的姓名不同")
    born = known.birth_date.replace("-", "")[:8]
    if own.birth_date and born and own.birth_date != born:
        yield _said("the registered patient has another birth date", "登记患者的出生日期不同")


def same_name(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether names agree in a script that both have; where they share none they can't disagree."""
    one, two = _by_script(some), _by_script(others)
    shared = one.keys() & two.keys()
    return not shared or any(one[script] == two[script] for script in shared)


def _by_script(names: tuple[str, ...]) -> dict[str, str]:
    """What is written with letters, and what with ideographs, without marks and case."""
    found: dict[str, str] = {}
    for name in names:
        for group in name.split("="):
            letters = "".join(each for each in group.casefold() if each.isalnum())
            if letters:
                found.setdefault("latin" if letters.isascii() else "other", letters)
    return found


def _said(english: str, chinese: str) -> Localized:
    return {"en": english, "zh-CN": chinese}
