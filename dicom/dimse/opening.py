"""The user of a wire until its association is agreed."""

from __future__ import annotations

import asyncio

from dicom.upper.limits import Limits
from dicom.upper.wire import Hold, Opening, Wire


class Opener:
    """Waits for the one PDU that opens an association, and keeps what follows it back.

    `answer` gives it; ConnectionError if the connection ends before.
    """

    def __init__(self, limits: Limits, *, requestor: bool) -> None:
        self.answer: asyncio.Future[Opening] = asyncio.get_running_loop().create_future()
        self.wire = Wire(self, limits, requestor=requestor)

    def opening(self, pdu: Opening) -> None:
        self.wire.hold(Hold.OPENING)
        if not self.answer.done():
            self.answer.set_result(pdu)

    def data(self, body: memoryview) -> None:
        raise AssertionError(f"{len(body)} bytes on an association that is not open yet")

    def release_asked(self) -> None:
        raise AssertionError("a release of an association that is not open yet")

    def ended(self, reason: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionError(reason))
            self.answer.exception()
