"""What events of patients are called."""

from __future__ import annotations

from gateway.patients.heard import ACCEPT, DISMISS, LINK, REGISTER, SEPARATE
from gateway.room import ACTION_SYSTEM, AUDIT_SYSTEM, joined, tells

TELLS = joined(
    tells(
        ACTION_SYSTEM,
        {
            REGISTER: ("Patient entered by hand", "手工登记患者"),
            ACCEPT: ("What a source says of a patient accepted", "采纳来源的患者信息"),
            DISMISS: ("Question about a patient dismissed", "驳回患者疑问"),
            LINK: ("Patient records linked", "关联患者记录"),
            SEPARATE: ("Patient records separated", "拆分患者记录"),
        },
    ),
    tells(AUDIT_SYSTEM, {"patients.import": ("Patients imported", "导入患者")}),
)
