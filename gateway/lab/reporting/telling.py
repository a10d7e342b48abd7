"""What events of critical values are called."""

from __future__ import annotations

from gateway.lab.listing import LISTING_SYSTEM
from gateway.lab.reporting.tables import REPORT, STATE_SYSTEM
from gateway.room import ACTION_SYSTEM, joined, tells

TELLS = joined(
    tells(ACTION_SYSTEM, {REPORT: ("Critical value reported", "危急值已通知")}),
    tells(
        LISTING_SYSTEM,
        {
            "listed": ("Critical value", "危急值"),
            "replaced": ("Critical value replaced by another version", "危急值被新版本取代"),
            "withdrawn": ("Critical value withdrawn", "危急值撤回"),
        },
    ),
    tells(
        STATE_SYSTEM,
        {
            "waiting": ("Critical value: to be reported", "危急值：待通知"),
            "reported": ("Critical value: reported", "危急值：已通知"),
            "to-retract": ("Critical value: withdrawal to be reported", "危急值：撤回待告知"),
            "retracted": ("Critical value: withdrawal reported", "危急值：撤回已告知"),
            "replaced": ("Critical value: replaced", "危急值：已被取代"),
            "withdrawn": ("Critical value: withdrawn", "危急值：已撤回"),
        },
    ),
)
