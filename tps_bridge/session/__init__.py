"""Treatment sessions: scheduled, offered to machines as work items, and followed to their end."""

from tps_bridge.session.session import Illegal, Level, Move, Session, SessionState, Step, moved

__all__ = ["Illegal", "Level", "Move", "Session", "SessionState", "Step", "moved"]
