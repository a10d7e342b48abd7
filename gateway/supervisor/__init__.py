"""The engine: tasks, back-off, breakers, the raw tap, and the way from readings to the store."""

from gateway.supervisor.again import Again, Outcome, Selection, Trial
from gateway.supervisor.clock_watch import watch_clock
from gateway.supervisor.intake import Intake
from gateway.supervisor.link import LinkState, LinkStatus
from gateway.supervisor.notices import AVAILABILITY, LINK_PREFIX
from gateway.supervisor.session import session_of
from gateway.supervisor.supervisor import Supervisor
from gateway.supervisor.tap import TapHub, Tapped

__all__ = [
    "AVAILABILITY",
    "LINK_PREFIX",
    "Again",
    "Intake",
    "LinkState",
    "LinkStatus",
    "Outcome",
    "Selection",
    "Supervisor",
    "TapHub",
    "Tapped",
    "Trial",
    "session_of",
    "watch_clock",
]
