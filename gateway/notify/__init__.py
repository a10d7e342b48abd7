"""One notifier for all rooms: who is told what, by which way, and never twice."""

from gateway.notify.notifier import Notifier
from gateway.notify.options import Notify
from gateway.notify.room import room

__all__ = ["Notifier", "Notify", "room"]
