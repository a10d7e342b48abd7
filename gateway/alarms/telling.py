"""What events of alarms are called."""

from __future__ import annotations

from gateway.alarms.fact import ALARM_SYSTEM, CONDITION_SYSTEM
from gateway.alarms.tables import ACT
from gateway.room import ACTION_SYSTEM, joined, tells

TELLS = joined(
    tells(
        ACTION_SYSTEM,
        {
            "acknowledge": ("Alarm acknowledged", "确认报警"),
            "reset": ("Alarm reset", "复位报警"),
            "shelve": ("Alarm shelved", "搁置报警"),
            "unshelve": ("Alarm no longer shelved", "取消搁置报警"),
            "remove-from-service": ("Alarm taken out of service", "停用报警"),
            "return-to-service": ("Alarm back in service", "恢复报警"),
        },
        ACT,
    ),
    tells(
        CONDITION_SYSTEM,
        {
            "activate": ("Condition of an alarm seen", "出现报警条件"),
            "clear": ("Condition of an alarm gone", "报警条件消失"),
            "suppress": ("Alarm suppressed by design", "按设计抑制报警"),
            "unsuppress": ("Alarm no longer suppressed", "不再抑制报警"),
            "expire": ("Shelving of an alarm over", "搁置到期"),
        },
        "* ",
    ),
    tells(
        ALARM_SYSTEM,
        {
            "normal": ("Alarm: normal", "报警：正常"),
            "unacknowledged": ("Alarm: unacknowledged", "报警：未确认"),
            "acknowledged": ("Alarm: acknowledged", "报警：已确认"),
            "returned": ("Alarm: returned, unacknowledged", "报警：已恢复未确认"),
            "latched-unacknowledged": ("Alarm: latched, unacknowledged", "报警：锁存未确认"),
            "latched": ("Alarm: latched", "报警：锁存"),
            "shelved": ("Alarm: shelved", "报警：已搁置"),
            "suppressed": ("Alarm: suppressed", "报警：已抑制"),
            "out-of-service": ("Alarm: out of service", "报警：停用"),
        },
        "* ",
    ),
)
