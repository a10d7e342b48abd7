"""What plans add to the overview, to the palette, and to what is printed for a downtime."""

from __future__ import annotations

from collections.abc import Sequence

from gateway import Localized
from gateway.room import (
    Attention,
    Glance,
    Hit,
    Level,
    Paper,
    Permission,
    Principal,
    RoomContext,
    Tile,
)
from tps_bridge.book import PlanRow
from tps_bridge.face import Faces, names_of
from tps_bridge.ledger import PlanState
from tps_bridge.seen import SeenPlans

_FOUND = 5
_MOST = 500
_OPEN = (PlanState.TREAT, PlanState.RESUME)
_HEAD: tuple[Localized, ...] = (
    {"en": "Number", "zh-CN": "编号"},
    {"en": "Name", "zh-CN": "姓名"},
    {"en": "Born", "zh-CN": "出生日期"},
    {"en": "Plan", "zh-CN": "计划"},
    {"en": "Machine", "zh-CN": "治疗机"},
    {"en": "Given", "zh-CN": "已治疗"},
    {"en": "Planned", "zh-CN": "计划次数"},
    {"en": "State", "zh-CN": "状态"},
    {"en": "Last treated", "zh-CN": "最近治疗"},
    {"en": "Digest", "zh-CN": "摘要"},
)
_STATES: dict[str, Localized] = {
    PlanState.TREAT: {"en": "to treat", "zh-CN": "治疗中"},
    PlanState.RESUME: {"en": "TO RESUME", "zh-CN": "待续治"},
}


class PlanOverview:
    """For whoever may read plans."""

    def __init__(self, context: RoomContext, seen: SeenPlans) -> None:
        self._context, self._seen, self._book = context, seen, seen.book

    async def glance(self, who: Principal) -> Glance:
        if not who.may(Permission.READ_PLANS):
            return Glance()
        open_ = _open(await self._seen.plans(who))
        resume = sum(each.state == PlanState.RESUME for each in open_)
        tile = Tile(
            {"en": "Plans under treatment", "zh-CN": "治疗中的计划"},
            str(len(open_)),
            "/courses",
            Level.MEDIUM if resume else Level.CALM,
            {"en": f"{resume} to resume", "zh-CN": f"{resume} 个待续治"} if resume else "",
            place=150,
        )
        count = await self._seen.problems(who)
        if not count:
            return Glance((tile,))
        why = {
            "en": f"{count} treatment object{' needs' if count == 1 else 's need'} a person.",
            "zh-CN": f"{count} 个治疗对象待人工处理。",
        }
        courses = {"en": "Treatment courses", "zh-CN": "治疗疗程"}
        told = Attention(Level.MEDIUM, courses, why, "/courses/problems")
        return Glance((tile,), (told,))

    async def find(self, who: Principal, text: str) -> Sequence[Hit]:
        """Plans of the patient with exactly this number, or with this label."""
        if not who.may(Permission.READ_PLANS):
            return ()
        wanted = text.casefold()
        rows = [
            each
            for each in await self._seen.plans(who)
            if wanted in (each.card.identity.patient.casefold(), each.card.label.casefold())
        ][:_FOUND]
        identities = [each.card.identity for each in rows]
        faces = await Faces.of(self._context.neighbours, identities, who, "en")
        return [
            Hit(each.card.label, f"/plans/{each.card.uid}", faces.face(each.card.identity).number)
            for each in rows
        ]

    async def papers(self) -> Sequence[Paper]:
        """Who is under treatment, and how far; what was stopped halfway stands out."""
        rows = _open(await self._book.plans())[:_MOST]
        grave = {place for place, each in enumerate(rows) if each.state == PlanState.RESUME}
        title = {"en": "Plans under treatment", "zh-CN": "治疗中的计划"}
        lines = [_line(each) for each in rows]
        return (Paper("courses", title, _HEAD, lines, grave=frozenset(grave)),)


def _open(rows: Sequence[PlanRow]) -> list[PlanRow]:
    return [each for each in rows if each.state in _OPEN]


def _line(row: PlanRow) -> tuple[Localized, ...]:
    card, own = row.card, row.card.identity
    names = " ".join(each.text for each in names_of(own.name))
    return (
        own.patient or "—",
        names or "—",
        own.birth_date or "—",
        card.label or "—",
        ", ".join(card.machines) or "—",
        f"{row.delivered}{f' + {row.partial}' if row.partial else ''}",
        "—" if row.planned is None else str(row.planned),
        _STATES[row.state],
        row.last_day or "—",
        card.digest[:12],
    )
