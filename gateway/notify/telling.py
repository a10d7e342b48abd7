"""What events of notices are called."""

from __future__ import annotations

from gateway.notify.tables import NOTICE_SYSTEM, SILENCE, UNSILENCE
from gateway.room import ACTION_SYSTEM, NOTED_SYSTEM, joined, tells

TELLS = joined(
    tells(
        ACTION_SYSTEM,
        {
            SILENCE: ("Notices silenced", "静默通知"),
            UNSILENCE: ("Silence of notices ended", "取消静默"),
        },
    ),
    tells(
        NOTICE_SYSTEM,
        {
            "escalate": ("Notice escalated", "通知升级"),
            "late": ("Notice told after a silence", "静默结束后补发通知"),
            "unsilence": ("Silence of notices over", "静默到期"),
        },
    ),
    tells(
        NOTED_SYSTEM,
        {
            "notify undeliverable": ("Notices can't be delivered", "通知无法送达"),
            "notify delivered": ("Notices are delivered", "通知可送达"),
        },
    ),
)
