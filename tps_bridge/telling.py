"""What events of plans, records and sessions are called."""

from __future__ import annotations

from gateway.room import ACTION_SYSTEM, deeds, joined, tells
from tps_bridge.book.events import COMPARED, DOSES, PLAN, RECORD, SUMMED, SYSTEM, UNREAD, VOLUMES
from tps_bridge.book.noted import Act
from tps_bridge.session.events import ACT
from tps_bridge.session.session import Step

TELLS = joined(
    tells(
        SYSTEM,
        {
            PLAN: ("Plan read", "已读取计划"),
            RECORD: ("Treatment record read", "已读取治疗记录"),
            UNREAD: ("Plan or record can't be read", "计划或记录无法读取"),
            COMPARED: ("Record compared with its plan", "记录已与计划比对"),
            VOLUMES: ("Structure set read", "已读取结构集"),
            SUMMED: ("Treatment summary read", "已读取治疗总结"),
            DOSES: ("Dose read", "已读取剂量"),
        },
    ),
    tells(
        ACTION_SYSTEM,
        {
            Act.MISS: ("Missed fraction noted", "记录缺次"),
            Act.MAKE_UP: ("Fraction made up for a missed one", "记录补次"),
            Act.END: ("Plan ended", "提前结束计划"),
            Act.RETIRE: ("Plan retired", "停用计划"),
            Act.APPROVE: ("Plan approved for treatment", "批准计划治疗"),
            Act.OVERRIDE: ("Block set aside", "放行阻断"),
            Act.CONFIRM: ("Override confirmed by a second person", "第二人确认放行"),
            Act.RELATE: ("Plan related to another plan", "说明计划间关系"),
            Act.EMERGENCY: ("Plan declared an emergency", "声明为急诊计划"),
            Act.SETTLE: ("What a record leaves open was looked at", "记录疑点已处理"),
            Act.GIVE: ("Record made by hand", "手工记录"),
            Act.WITNESS: ("Record by hand confirmed by a second person", "第二人确认手工记录"),
            Act.TAKE_BACK: ("Record by hand to be taken back", "申请撤回手工记录"),
            Act.ATTRIBUTE: ("Said whose a treatment record is", "确认治疗记录归属"),
            Act.CORRECT: ("Said what a treatment record gave", "说明治疗记录的实际出束"),
            Act.CONCUR: ("Record by hand taken back by a second person", "第二人同意撤回手工记录"),
        },
    ),
    tells(
        ACTION_SYSTEM,
        {
            Step.SCHEDULE: ("Treatment session scheduled", "安排治疗"),
            Step.OFFER: ("Treatment session offered to its machine", "治疗已下发治疗机"),
            Step.WITHDRAW: ("Treatment session withdrawn from its machine", "治疗已从治疗机撤回"),
            Step.WITHHOLD: ("Treatment session can't be offered", "治疗无法下发"),
            Step.REFUSE: ("Treatment session refused to a machine", "拒绝治疗机领取治疗"),
            Step.BEGIN: ("Treatment session begun", "治疗开始"),
            Step.BEAM: ("Beam on at a treatment machine", "治疗机出束"),
            Step.PROGRESS: ("Treatment session goes on", "治疗进行中"),
            Step.COMPLETE: ("Treatment session completed", "治疗完成"),
            Step.DISCONTINUE: ("Treatment session discontinued", "治疗中断"),
            Step.CANCEL: ("Treatment session called off", "取消治疗"),
            Step.TAKE_BACK: ("Record of a treatment session taken back", "治疗的记录被撤回"),
            "began": ("A machine began a treatment", "治疗机开始治疗"),
            "completed": ("A machine completed a treatment", "治疗机完成治疗"),
            "discontinued": ("A machine discontinued a treatment", "治疗机中断治疗"),
        },
        ACT,
    ),
)

SAID = deeds(TELLS)
"""What acts are called, by their codes."""
