"""Treatment sessions: scheduled, offered to machines as work items, and followed to their end."""

from tps_bridge.session.session import Illegal, Level, Move, Session, SessionState, Step, moved
from tps_bridge.session.task import BeamTask, Verifier

__all__ = [
    "BeamTask",
    "Illegal",
    "Level",
    "Move",
    "Session",
    "SessionState",
    "Step",
    "Verifier",
    "moved",
]
