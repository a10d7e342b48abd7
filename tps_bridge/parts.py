"""The parts of the open room, as its pages need them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.room import RoomContext
from tps_bridge.book import Book
from tps_bridge.compare import Tolerances
from tps_bridge.desk import PlanDesk
from tps_bridge.options import TpsOptions
from tps_bridge.reader import Reader
from tps_bridge.session.desk import SessionDesk
from tps_bridge.session.hand import HandDesk


@dataclass(frozen=True, slots=True)
class Parts:
    """`tolerances` hold where a plan has no table of its own."""

    context: RoomContext
    book: Book
    desk: PlanDesk
    reader: Reader
    tolerances: Tolerances
    sessions: SessionDesk
    hand: HandDesk
    options: TpsOptions
