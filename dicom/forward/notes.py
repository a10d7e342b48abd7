"""What forwarding has to have on disk before it goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway import DeviceEvent, StoreError
from gateway.room import RoomPorts

log = logging.getLogger(__name__)

STORE_PAUSE = 2.0
"""Seconds between two tries while the disk refuses."""


@dataclass(slots=True)
class Notes:
    """Puts events on disk, however long it refuses; `seq` is the last of them.

    `words` says in the log what waits.
    """

    ports: RoomPorts
    words: str
    seq: int = field(default=0, init=False)

    async def put(self, events: Sequence[DeviceEvent]) -> None:
        """Return when they are on disk."""
        while True:
            try:
                receipt = await self.ports.publish(events)
            except StoreError as error:
                log.warning("dicom: %s can't be stored yet: %s", self.words, error)
                await asyncio.sleep(STORE_PAUSE)
            else:
                self.seq = max((self.seq, *receipt.seqs))
                return
