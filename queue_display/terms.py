"""The closed sets of the queue, with their words: texts of refusals are put together from them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gateway.model import Localized, localize

LANGUAGES = ("zh-CN", "en")


class State(StrEnum):
    """Where a ticket stands. CHECKED_IN: present, and another stop of the day comes first.

    SKIPPED: was called and did not come (过号). HELD: present, and not to be called.
    """

    BOOKED = "booked"
    CHECKED_IN = "checked-in"
    WAITING = "waiting"
    CALLED = "called"
    IN_ROOM = "in-room"
    IN_TREATMENT = "in-treatment"
    DONE = "done"
    SKIPPED = "skipped"
    HELD = "held"
    NO_SHOW = "no-show"

    @property
    def takes_room(self) -> bool:
        """Whether a ticket in it counts against how many may be called at once."""
        return self in _TAKING

    @property
    def is_inside(self) -> bool:
        """Whether its patient is in the room."""
        return self in {State.IN_ROOM, State.IN_TREATMENT}

    @property
    def is_present(self) -> bool:
        """Whether its patient is about and not done."""
        return self not in {State.BOOKED, State.DONE, State.NO_SHOW}


_TAKING = frozenset({State.CALLED, State.IN_ROOM, State.IN_TREATMENT})


class Verb(StrEnum):
    """A step of a ticket. READY: its earlier stop is done. MOVE: another rank, by hand."""

    CHECK_IN = "check-in"
    READY = "ready"
    CALL = "call"
    RECALL = "recall"
    ENTER = "enter"
    START = "start"
    FINISH = "finish"
    SKIP = "skip"
    HOLD = "hold"
    RETURN = "return"
    TRANSFER = "transfer"
    NO_SHOW = "no-show"
    MOVE = "move"
    MARK = "mark"
    UNDO = "undo"


class Mark(StrEnum):
    """What of a patient changes the rank. None of it is ever shown on a display."""

    IN_PATIENT = "in-patient"
    ANAESTHESIA = "anaesthesia"
    FASTING = "fasting"
    INFECTION = "infection"


Words = Mapping[str, str]
"""A text in every language of `LANGUAGES`."""


def words(zh: str, en: str) -> Words:
    return {"zh-CN": zh, "en": en}


def spoken(text_: Localized) -> Words:
    """A text of the site's file in every language of displays."""
    zh, en = (localize(text_, tag) for tag in LANGUAGES)
    return words(zh, en)


STATE_WORDS: Mapping[State, Words] = {
    State.BOOKED: words("已预约、未签到", "booked and not checked in"),
    State.CHECKED_IN: words("已签到，须先完成前一项", "checked in and has an earlier stop to make"),
    State.WAITING: words("候诊中", "waiting"),
    State.CALLED: words("已呼叫", "called"),
    State.IN_ROOM: words("已入室", "in the room"),
    State.IN_TREATMENT: words("治疗中", "in treatment"),
    State.DONE: words("已完成", "done"),
    State.SKIPPED: words("已过号", "skipped"),
    State.HELD: words("已暂缓", "held"),
    State.NO_SHOW: words("未到", "a no-show"),
}
VERB_WORDS: Mapping[Verb, Words] = {
    Verb.CHECK_IN: words("签到", "checked in"),
    Verb.READY: words("转入候诊", "made to wait"),
    Verb.CALL: words("呼叫", "called"),
    Verb.RECALL: words("重新呼叫", "called again"),
    Verb.ENTER: words("标记为入室", "let in"),
    Verb.START: words("标记为治疗开始", "started"),
    Verb.FINISH: words("标记为完成", "finished"),
    Verb.SKIP: words("标记为过号", "skipped"),
    Verb.HOLD: words("暂缓", "held"),
    Verb.RETURN: words("放回候诊", "put back to wait"),
    Verb.TRANSFER: words("转到另一队列", "transferred"),
    Verb.NO_SHOW: words("标记为未到", "noted as a no-show"),
    Verb.MOVE: words("调整次序", "moved"),
    Verb.MARK: words("更改标记", "marked"),
    Verb.UNDO: words("撤销上一步", "taken a step back"),
}
MARK_WORDS: Mapping[Mark, Words] = {
    Mark.IN_PATIENT: words("住院患者", "in-patient"),
    Mark.ANAESTHESIA: words("麻醉下治疗", "under anaesthesia"),
    Mark.FASTING: words("禁食", "fasting"),
    Mark.INFECTION: words("感染隔离", "infection"),
}
