"""What events of the schedule are called."""

from __future__ import annotations

from gateway.room import ACTION_SYSTEM, AUDIT_SYSTEM, joined, tells
from gateway.schedule.gate import CLEAR, SET, SYSTEM
from gateway.schedule.noted import ASSIGN, BOOK, CHANGE, MOVE

TELLS = joined(
    tells(
        ACTION_SYSTEM,
        {
            BOOK: ("Appointment made", "新建预约"),
            CHANGE: ("Appointment changed", "修改预约"),
            ASSIGN: ("Appointment given to a patient", "预约指定患者"),
            MOVE: ("Appointment moved on", "预约状态变更"),
            "schedule.hold": ("Appointment held back", "预约暂缓呼叫"),
            "schedule.release": ("Appointment released", "预约解除暂缓"),
        },
    ),
    tells(
        SYSTEM,
        {
            SET: ("Appointment may not be called", "预约不可呼叫"),
            CLEAR: ("Appointment may be called again", "预约恢复可呼叫"),
        },
    ),
    tells(AUDIT_SYSTEM, {"schedule.import": ("Appointments imported", "导入预约")}),
)
