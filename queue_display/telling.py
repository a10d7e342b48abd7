"""What events of the queue are called."""

from __future__ import annotations

from gateway.room import ACTION_SYSTEM, tells
from queue_display.tables import ACT, CLEANED, DISMISS, RESUME, SIGNAL, STOP
from queue_display.terms import Verb

TELLS = tells(
    ACTION_SYSTEM,
    {
        Verb.CHECK_IN: ("Patient checked in", "患者报到"),
        Verb.READY: ("Patient waits for the next stop", "患者进入下一站候诊"),
        Verb.CALL: ("Patient called", "呼叫患者"),
        Verb.RECALL: ("Patient called again", "再次呼叫患者"),
        Verb.ENTER: ("Patient entered the room", "患者入室"),
        Verb.START: ("Treatment of a patient begun", "患者治疗开始"),
        Verb.FINISH: ("Treatment of a patient done", "患者治疗结束"),
        Verb.SKIP: ("Patient skipped", "患者过号"),
        Verb.HOLD: ("Patient set aside", "患者暂缓"),
        Verb.RETURN: ("Patient back in the queue", "患者重新候诊"),
        Verb.TRANSFER: ("Patient transferred to another queue", "患者转队列"),
        Verb.NO_SHOW: ("Patient did not come", "患者未到"),
        Verb.MOVE: ("Patient's rank changed", "调整候诊次序"),
        Verb.MARK: ("Patient's marks changed", "修改患者标记"),
        Verb.UNDO: ("Step of the queue taken back", "撤销队列操作"),
        STOP: ("Queue stopped", "队列停止"),
        RESUME: ("Queue goes on", "队列恢复"),
        CLEANED: ("Room is clean", "机房清洁完成"),
        SIGNAL: ("A device proposes a step of the queue", "设备提示队列操作"),
        DISMISS: ("Proposal of a device dismissed", "忽略设备提示"),
    },
    ACT,
)
