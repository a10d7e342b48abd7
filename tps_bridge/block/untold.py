"""What was given and nobody can tell: whose it is, how much, of which fraction. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tps_bridge.block.attempt import Attempt, Case
from tps_bridge.block.person import UNLIKE
from tps_bridge.block.reason import EN, ZH, Reason, because, written
from tps_bridge.ledger import FindingKind

_UNTOLD: Mapping[FindingKind, Mapping[str, str]] = {
    FindingKind.UNNUMBERED: {EN: "tells no fraction number from 1 on", ZH: "未注明从 1 起的分次号"},
    FindingKind.UNTYPED: {EN: "has a delivery type that is not known", ZH: "的照射类型无法识别"},
    FindingKind.CONTRARY: {
        EN: "and the plan disagree whether a beam treats",
        ZH: "与计划对射野是否用于治疗的说明不一致",
    },
    FindingKind.UNKNOWN_BEAM: {
        EN: "tells a beam that the plan has not",
        ZH: "含计划中没有的射野",
    },
    FindingKind.UNGROUPED: {EN: "names no fraction group of the plan", ZH: "未指明计划的分次组"},
    FindingKind.PLANLESS: {EN: "names no plan, or several", ZH: "未指明唯一的计划"},
    FindingKind.WAITING: {EN: "was not read yet", ZH: "尚未读取"},
    FindingKind.BEYOND: {EN: "tells a fraction that was not prescribed", ZH: "的分次超出处方"},
    FindingKind.UNREAD: {EN: "can't be read", ZH: "无法读取"},
    FindingKind.UNCLEAR: {EN: "contradicts itself", ZH: "自相矛盾"},
    FindingKind.UNPLACED: {
        EN: "doesn't tell how much of a planned beam or channel it gave, or from where it went on",
        ZH: "未说明计划的射野或通道的出束量或续照起点",
    },
}

_LOST = {EN: "what it gave is not counted", ZH: "其出束未计入"}
_UNSURE = {EN: "what it gave is not certain", ZH: "其出束无法确定"}


def record(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Nobody can tell how far a plan is while a record of it may be another patient's."""
    for each in case.doubts:
        what = [UNLIKE[one] for one in each.unlike]
        english = " and ".join(one["en"] for one in what)
        chinese = "、".join(one["zh-CN"] for one in what)
        day = written(each.day)
        if not what:
            yield because(
                f"a record of {day} names this patient and another patient's plan, "
                "and nobody has said whose it is",
                f"{day} 有一条治疗记录为该患者，但引用他人的计划，尚无人确认归属",
                each.record,
            )
        elif each.label:
            yield because(
                f"a record of {day} by {each.label}, which belongs to this course, has {english}, "
                "and nobody has said whose it is",
                f"{day} 按该疗程计划 {each.label} 的治疗记录{chinese}，尚无人确认归属",
                each.record,
            )
        else:
            yield because(
                f"a record of {day} has {english}, and nobody has said whose it is",
                f"{day} 的治疗记录{chinese}，尚无人确认归属",
                each.record,
            )


def count(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """What is in no number can't be taken for nothing."""
    told = dict.fromkeys(
        (e.finding.record, e.finding.kind, e.finding.day, e.label) for e in case.uncounted
    )
    for record, kind, day, label in told:
        what, then = _UNTOLD[kind], _UNSURE if kind is FindingKind.UNCLEAR else _LOST
        english = f" by {label}, which belongs to this course," if label else ""
        chinese = f"按该疗程计划 {label} " if label else ""
        yield because(
            f"a record of {written(day)}{english} {what[EN]}: {then[EN]}",
            f"{written(day)} {chinese}的治疗记录{what[ZH]}，{then[ZH]}",
            f"{record} {kind}",
        )


def session(_attempt: Attempt, case: Case) -> Iterator[Reason]:
    """Its machine may have given the fraction already."""
    for each in case.untold:
        one = each.session
        english = f" of {each.label}, which belongs to this course," if each.label else ""
        chinese = f"该疗程计划 {each.label} 的" if each.label else ""
        where, day = one.machine, written(one.day)
        key = " ".join((one.id, one.state, *each.records))
        if one.state.is_open:
            yield because(
                f"a session{english} at {where} is in progress ({day})",
                f"{chinese}治疗正在 {where} 进行（{day}）",
                key,
            )
        else:
            yield because(
                f"a session of {day}{english} at {where} ended, and no record tells all "
                "that it gave",
                f"{day} {chinese}治疗（{where}）已结束，但没有记录说明全部出束",
                key,
            )
    for by_hand in case.unconfirmed:
        record = by_hand.record
        english = f" of {by_hand.label}, which belongs to this course," if by_hand.label else ""
        chinese = f"该疗程计划 {by_hand.label} 的" if by_hand.label else ""
        day = written(record.day)
        yield because(
            f"a record by hand of {day}{english} waits for a second person: "
            "confirm it, or take it back",
            f"{day} {chinese}手工记录待第二人确认：请确认或撤回",
            record.uid,
        )
