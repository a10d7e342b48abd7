"""What the pages of the queue work with."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.room import RoomContext
from queue_display.air import Air
from queue_display.arrivals import Reception
from queue_display.desk import QueueDesk
from queue_display.readers import CardReaders
from queue_display.scene import Stage


@dataclass(frozen=True, slots=True)
class Parts:
    """The open room."""

    context: RoomContext
    stage: Stage
    desk: QueueDesk
    air: Air
    reception: Reception
    readers: CardReaders
