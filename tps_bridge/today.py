"""What today's treatments add to the overview, and to what is printed for a downtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway import Instant, Localized
from gateway.room import Attention, Glance, Level, Paper, Permission, Principal, RoomContext, Tile
from tps_bridge.book.byhand import HandRecord
from tps_bridge.face import names_of
from tps_bridge.session import Level as Enforcement
from tps_bridge.session import Session, SessionState
from tps_bridge.session.desk import SessionDesk, withheld
from tps_bridge.session.hand import HandDesk

_HEAD: tuple[Localized, ...] = (
    {"en": "Due", "zh-CN": "预定时间"},
    {"en": "Machine", "zh-CN": "治疗机"},
    {"en": "Enforcement", "zh-CN": "管控"},
    {"en": "Number", "zh-CN": "编号"},
    {"en": "Name", "zh-CN": "姓名"},
    {"en": "Born", "zh-CN": "出生日期"},
    {"en": "Plan", "zh-CN": "计划"},
    {"en": "Fraction", "zh-CN": "分次"},
    {"en": "State", "zh-CN": "状态"},
)
_STATES: Mapping[SessionState, Localized] = {
    SessionState.SCHEDULED: {"en": "scheduled", "zh-CN": "已安排"},
    SessionState.IN_PROGRESS: {"en": "IN PROGRESS", "zh-CN": "治疗中"},
    SessionState.COMPLETED: {"en": "completed", "zh-CN": "已完成"},
    SessionState.VERIFIED: {"en": "verification done", "zh-CN": "核查已做"},
    SessionState.DISCONTINUED: {"en": "DISCONTINUED", "zh-CN": "已中断"},
}
_LEVELS: Mapping[Enforcement, Localized] = {
    Enforcement.ENFORCED: {"en": "enforced", "zh-CN": "强制"},
    Enforcement.GATED: {"en": "gated", "zh-CN": "闸控"},
    Enforcement.OBSERVED: {"en": "observed", "zh-CN": "仅观察"},
}
_NEVER_BEGUN: Localized = {
    "en": "No record tells whether it was given. Record it by hand, or call it off.",
    "zh-CN": "没有记录说明是否已治疗。请手工记录，或取消该治疗。",
}
_NEVER_ENDED: Localized = {
    "en": "It was begun and never ended. Record the rest by hand, or end it.",
    "zh-CN": "已开始但未结束。请手工记录其余部分，或结束该治疗。",
}
_NOTHING_TOLD: Localized = {
    "en": "It ended, and no record tells all that it gave: the next fraction waits.",
    "zh-CN": "已结束，但没有记录说明全部出束：下一分次等待中。",
}
_MOST = 10
"""Sessions of earlier days that are named one by one; the rest follows when these are settled."""
_GRAVE = frozenset({SessionState.IN_PROGRESS, SessionState.DISCONTINUED})


class TodaysTreatments:
    """Sessions of today that were not called off."""

    def __init__(self, context: RoomContext, desk: SessionDesk, hand: HandDesk) -> None:
        self._context, self._desk, self._hand = context, desk, hand

    async def glance(self, who: Principal) -> Glance:
        """How many are done, and what needs a person.

        No machine can get a session although nothing blocks it, nobody said whether or what it
        gave, or a record by hand wants a second person. What blocks a session is asked when
        somebody looks at the day.
        """
        if not who.may(Permission.READ_PLANS):
            return Glance()
        sessions = await self._today(who)
        held = [each for each in sessions if await self._held(each)]
        left = await self._desk.overdue(who)
        told = (
            *map(self._withheld, held),
            *map(self._overdue, left[:_MOST]),
            *map(self._untold, (await self._desk.untold(who))[:_MOST]),
            *map(_by_hand, await self._hand.waiting(who)),
        )
        return Glance(_tiles(sessions), told)

    async def papers(self, who: Principal) -> Sequence[Paper]:
        """By time; what is being treated, or was stopped halfway, stands out."""
        sessions = await self._today(who)
        grave = {place for place, each in enumerate(sessions) if each.state in _GRAVE}
        title = {"en": "Treatments today", "zh-CN": "今日治疗"}
        rows = [self._line(each) for each in sessions]
        return (Paper("treatments", title, _HEAD, rows, grave=frozenset(grave)),)

    async def _today(self, who: Principal) -> list[Session]:
        found = await self._desk.on(who, self._desk.today())
        return [each for each in found if each.state is not SessionState.CANCELLED]

    async def _held(self, session: Session) -> bool:
        """Asks for the checks of those few alone that look so."""
        return (
            withheld(session, self._desk.level(session))
            and (await self._desk.standing(session)).shown == "withheld"
        )

    def _withheld(self, session: Session) -> Attention:
        why = {
            "en": f"It can't be offered to the machine: {session.why}",
            "zh-CN": f"无法下发治疗机：{session.why}",
        }
        return self._attention(session, why, f"{self._desk.local(session.at):%H:%M}")

    def _overdue(self, session: Session) -> Attention:
        why = _NEVER_BEGUN if session.state is SessionState.SCHEDULED else _NEVER_ENDED
        return self._attention(session, why)

    def _untold(self, session: Session) -> Attention:
        told = self._attention(session, _NOTHING_TOLD)
        return replace(told, path=f"{told.path}#hand", since=session.ended)

    def _attention(self, session: Session, why: Localized, time: str = "") -> Attention:
        """`time` is when it was due, with its day where nothing else is said."""
        where = f"{session.machine} {time or f'{self._desk.local(session.at):%Y-%m-%d %H:%M}'}"
        title = {"en": f"Treatment {where}", "zh-CN": f"治疗 {where}"}
        return Attention(Level.MEDIUM, title, why, f"/sessions/{session.id}", session.at)

    def _line(self, session: Session) -> tuple[Localized, ...]:
        own = session.identity
        names = " ".join(each.text for each in names_of(own.name))
        return (
            f"{self._desk.local(session.at):%H:%M}",
            session.machine,
            _LEVELS[self._desk.level(session)],
            own.patient or "—",
            names or "—",
            own.birth_date or "—",
            session.label or "—",
            str(session.fraction),
            _STATES[session.state],
        )


def _tiles(sessions: Sequence[Session]) -> tuple[Tile, ...]:
    if not sessions:
        return ()
    done = sum(each.state.is_done for each in sessions)
    stopped = sum(each.state is SessionState.DISCONTINUED for each in sessions)
    return (
        Tile(
            {"en": "Treatments today", "zh-CN": "今日治疗"},
            f"{done} / {len(sessions)}",
            "/sessions",
            Level.MEDIUM if stopped else Level.CALM,
            {"en": f"{stopped} discontinued", "zh-CN": f"{stopped} 个中断"} if stopped else "",
            place=140,
        ),
    )


def _by_hand(record: HandRecord) -> Attention:
    at = datetime.strptime(record.at, "%Y%m%d%H%M%S")  # noqa: DTZ007 - the site's own time
    where = f"{record.machine} {at:%Y-%m-%d %H:%M}"
    title = {"en": f"Record by hand {where}", "zh-CN": f"手工记录 {where}"}
    path, back = f"/sessions/{record.session}", record.back
    if back is not None:
        wrong = {
            "en": f"{back.who} says that it is wrong. It counts until a second person agrees.",
            "zh-CN": f"{back.who} 认为有误。第二人同意之前仍计入。",
        }
        return Attention(Level.MEDIUM, title, wrong, path, Instant(back.at))
    unread = {
        "en": f"{record.who} read the machine. It counts when a second person confirms it.",
        "zh-CN": f"{record.who} 已读取治疗机。第二人确认后才计入。",
    }
    return Attention(Level.MEDIUM, title, unread, path, Instant(record.noted))
