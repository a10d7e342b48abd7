"""One connection: bytes to PDUs and back, the state machine's actions, deadlines, back-pressure."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Protocol, TypeAlias, assert_never, cast

from dicom.upper.deadline import Deadlines, Wait
from dicom.upper.inbuffer import InBuffer
from dicom.upper.limits import Limits
from dicom.upper.machine import Action, Event, Machine, State
from dicom.upper.pdu import (
    HEADER,
    Abort,
    AbortReason,
    AssociateAc,
    AssociateRj,
    AssociateRq,
    Pdu,
    PduType,
    ReleaseRp,
    ReleaseRq,
    decode,
    encode,
)
from dicom.upper.sockets import quick_ack
from gateway import ProtocolViolation

_SMALL = 4
_GATHER = 32_768
_EVENTS: dict[int, Event] = {
    PduType.ASSOCIATE_RQ: Event.REQUEST_PDU,
    PduType.ASSOCIATE_AC: Event.ACCEPT_PDU,
    PduType.ASSOCIATE_RJ: Event.REJECT_PDU,
    PduType.DATA: Event.DATA_PDU,
    PduType.RELEASE_RQ: Event.RELEASE_RQ_PDU,
    PduType.RELEASE_RP: Event.RELEASE_RP_PDU,
    PduType.ABORT: Event.ABORT_PDU,
}


class Hold(IntEnum):
    """Why nothing more is read for now."""

    OPENING = 1
    DATASET = 2
    REQUESTS = 3
    ANSWERS = 4


Opening: TypeAlias = AssociateRq | AssociateAc | AssociateRj


class User(Protocol):
    """Who uses a wire. Calls come from the loop; none of them may wait."""

    def opening(self, pdu: Opening) -> None:
        """The peer asks for an association, or answered ours."""
        ...

    def data(self, body: memoryview) -> None:
        """The body of a P-DATA-TF, valid during the call; ProtocolViolation aborts."""
        ...

    def release_asked(self) -> None:
        """The peer wants to end; the answer is sent already."""
        ...

    def ended(self, reason: str) -> None:
        """The association is over, why in words, '' after an orderly release; comes once."""
        ...


class Wire(asyncio.BufferedProtocol):
    """The upper layer of one connection, for both roles. Belongs to one loop."""

    def __init__(self, user: User, limits: Limits, *, requestor: bool) -> None:
        self.user = user
        self._limits = limits
        self._machine = Machine(requestor=requestor)
        self._deadlines = Deadlines(asyncio.get_running_loop(), self._expired)
        self._buffer = InBuffer()
        self._wanted = HEADER.size
        self._holds = 0
        self._parsing = False
        self._out: list[bytes | memoryview] = []
        self._out_size = 0
        self._flushing = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._told = False
        self._cause = ""
        self._lengths = {
            PduType.ASSOCIATE_RQ: limits.associate_length,
            PduType.ASSOCIATE_AC: limits.associate_length,
            PduType.DATA: limits.pdu_length,
        }
        self.lost = asyncio.Event()
        self.received = 0
        self.sent = 0

    @property
    def state(self) -> State:
        return self._machine.state

    # What the user asks for.

    def request(self, pdu: AssociateRq) -> None:
        """Send the request on a connection that we opened (Evt1, Evt2)."""
        self._machine.step(Event.LOCAL_ASSOCIATE)
        self._machine.step(Event.CONNECTED)
        self._send(pdu)

    def accept(self, pdu: AssociateAc) -> None:
        self._machine.step(Event.LOCAL_ACCEPT)
        self._send(pdu)

    def reject(self, pdu: AssociateRj, reason: str) -> None:
        self._cause = reason
        self._machine.step(Event.LOCAL_REJECT)
        self._send(pdu)
        self._await_close()

    def write(self, *parts: bytes | memoryview, more: bool = False) -> None:
        """Send whole P-DATA-TF PDUs. With `more` to come they may wait for company in one write."""
        if self.state not in (State.ESTABLISHED, State.AWAIT_LOCAL_RELEASE):
            return
        if not more and not self._out:
            self._write(b"".join(parts))
            return
        self._out += parts
        self._out_size += sum(map(len, parts))
        if not more or self._out_size >= _GATHER:
            self._flush()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    @property
    def is_full(self) -> bool:
        """Whether what was written should go out before more is."""
        return self._out_size >= _GATHER or not self._writable.is_set()

    async def drain(self) -> None:
        """Wait until the peer has taken enough of what was written, or is gone."""
        if self._out_size >= _GATHER:
            self._flush()
        await self._writable.wait()

    def release(self) -> None:
        """Ask the peer to end; `ended` follows."""
        if self.state is State.ESTABLISHED:
            self._machine.step(Event.LOCAL_RELEASE)
            self._send(ReleaseRq())
            self._deadlines.set(Wait.PEER, self._limits.artim)

    def abort(self, reason: str, code: AbortReason | None = None) -> None:
        """End at once; `code` if the upper layer does so, else the service user. Never fails."""
        if self.state in (State.IDLE, State.AWAIT_CLOSE, State.AWAIT_REQUEST):
            self.close(reason)
            return
        self._machine.step(Event.LOCAL_ABORT)
        self._abort(Abort(0) if code is None else Abort(2, code), reason)

    def close(self, reason: str) -> None:
        """Cut the connection without a word."""
        self._cause = self._cause or reason
        self._transport.abort()

    def finish(self) -> None:
        """Close when what was written has gone out."""
        self._transport.close()

    def await_peer(self, seconds: float) -> None:
        """The peer has to speak within so many seconds, else the association is aborted."""
        self._deadlines.set(Wait.PEER, seconds)

    def await_nothing(self) -> None:
        """It is our turn: the peer may be silent."""
        self._deadlines.clear(Wait.PEER)

    @property
    def is_held(self) -> bool:
        """Whether we keep the peer waiting."""
        return self._holds != 0

    def hold(self, why: Hold) -> None:
        """Take nothing more from the peer until `free`: TCP makes it wait."""
        if not self._holds and not self._transport.is_closing():
            self._transport.pause_reading()
            self._deadlines.clear(Wait.PDU)
        self._holds |= 1 << why

    def free(self, why: Hold) -> None:
        if not self._holds >> why & 1:
            return
        self._holds &= ~(1 << why)
        if not self._holds and not self._transport.is_closing():
            self._transport.resume_reading()
            if not self._parsing:
                self._parse()

    def shrink(self) -> None:
        """Give the receive buffer's memory back if nothing is in it."""
        self._buffer.shrink()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._quick_ack = quick_ack(transport)
        if not self._machine.requestor:
            self._machine.step(Event.CALLED)
            self._deadlines.set(Wait.ARTIM, self._limits.artim)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the announced length counts
        return self._buffer.space(self._wanted)

    def buffer_updated(self, nbytes: int) -> None:
        self.received += nbytes
        self._buffer.filled(nbytes)
        sent = self.sent
        self._parse()
        if self.sent == sent:  # an answer carries the ACK with it
            self._quick_ack()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadlines.stop()
        if self.state is not State.IDLE:
            self._machine.step(Event.CLOSED)
        self.lost.set()
        self._writable.set()
        self._buffer.clear()
        self._buffer.shrink()
        self._end(self._cause or (f"connection lost: {exc}" if exc else "connection closed"))

    # Bytes to PDUs.

    def _parse(self) -> None:
        self._parsing = True
        try:
            while not self._holds and self._next():
                pass
        finally:
            self._parsing = False
        if len(self._buffer) == 0 or self._holds:
            self._deadlines.clear(Wait.PDU)
        elif not self._deadlines.runs(Wait.PDU):
            self._deadlines.set(Wait.PDU, self._limits.pdu)

    def _next(self) -> bool:
        """Take one PDU; False if it is not whole yet or nothing more counts."""
        buffer = self._buffer
        if self.state in (State.AWAIT_CLOSE, State.IDLE):
            buffer.clear()
            return False
        if len(buffer) < HEADER.size:
            self._wanted = HEADER.size
            return False
        kind, length = HEADER.unpack_from(buffer.peek())
        if kind not in _EVENTS:
            self._invalid(f"PDU of unknown type {kind:#04x}", AbortReason.UNRECOGNIZED_PDU)
            return False
        if length > self._lengths.get(kind, _SMALL):
            name = PduType(kind).name
            self._invalid(f"{name} PDU announces {length} bytes", AbortReason.INVALID_PARAMETER)
            return False
        self._wanted = HEADER.size + length
        if len(buffer) < self._wanted:
            return False
        body = buffer.take(self._wanted)[HEADER.size :]
        self._wanted = HEADER.size
        self._deadlines.clear(Wait.PDU)
        try:
            self._take(kind, body)
        except ProtocolViolation as error:
            self._invalid(str(error), AbortReason.INVALID_PARAMETER)
        return True

    def _take(self, kind: int, body: memoryview) -> None:
        if kind == PduType.DATA:
            self._act(self._machine.step(Event.DATA_PDU), body)
            return
        pdu = decode(kind, bytes(body))
        self._act(self._machine.step(_EVENTS[kind]), pdu)

    def _invalid(self, what: str, code: AbortReason) -> None:
        action = self._machine.step(Event.INVALID_PDU)
        if action is not Action.AA_7:
            self._abort(Abort(2, code), f"the peer broke the protocol: {what}")

    # Actions of the state machine (PS3.8 tables 9-6 to 9-9) on what the peer sent.

    def _act(self, action: Action, what: Pdu | memoryview) -> None:
        match action:
            case Action.DT_2 | Action.AR_6:
                self.user.data(cast("memoryview", what))
            case Action.AE_3 | Action.AE_4 | Action.AE_6:
                self._opened(action, cast("Opening", what))
            case Action.AR_2 | Action.AR_8:
                self._asked_to_release()
            case Action.AR_3 | Action.AR_10:
                self._released(action)
            case Action.AA_2 | Action.AA_3:
                self._aborted(cast("Abort", what))
            case Action.AA_1 | Action.AA_8:
                words = f"the peer sent {type(what).__name__} out of turn"
                self._abort(Abort(2, AbortReason.UNEXPECTED_PDU), words)
            case _:
                return

    def _opened(self, action: Action, pdu: Opening) -> None:
        self._deadlines.clear(Wait.ARTIM)
        if action is Action.AE_4:
            refused = cast("AssociateRj", pdu)
            self._cause = f"refused: {refused}"
            self._transport.abort()
        self.user.opening(pdu)

    def _asked_to_release(self) -> None:
        self.user.release_asked()
        if self.state is State.COLLISION_ACCEPTOR_RP:
            return
        self._flush()
        self._machine.step(Event.LOCAL_RELEASED)
        self._write(encode(ReleaseRp()))
        if self.state is State.AWAIT_CLOSE:
            self._end("")
            self._await_close()

    def _released(self, action: Action) -> None:
        if action is Action.AR_10:
            self._machine.step(Event.LOCAL_RELEASED)
            self._write(encode(ReleaseRp()))
            self._await_close()
            self._end("")
            return
        self._end("")
        self._transport.close()

    def _aborted(self, pdu: Abort) -> None:
        who = "its upper layer" if pdu.source else "the peer"
        self._cause = f"aborted by {who} (reason {pdu.reason})"
        self._end(self._cause)
        self._transport.abort()

    def _expired(self, wait: Wait) -> None:
        match wait:
            case Wait.ARTIM:
                self._machine.step(Event.ARTIM_EXPIRED)
                self.close(f"nothing came for {self._limits.artim:g} s")
            case Wait.PDU:
                self._late(f"a PDU was not whole after {self._limits.pdu:g} s")
            case Wait.PEER:
                self._late("the peer was silent for too long")
            case _:
                assert_never(wait)

    def _late(self, reason: str) -> None:
        if self.state is State.AWAIT_REQUEST:
            self.close(reason)
        elif self.state not in (State.IDLE, State.AWAIT_CLOSE):
            self.abort(reason, AbortReason.NOT_SPECIFIED)

    # PDUs to bytes, and the end.

    def _send(self, pdu: Pdu) -> None:
        self._write(encode(pdu))

    def _flush(self) -> None:
        self._flushing = False
        if self._out:
            data = b"".join(self._out)
            self._out.clear()
            self._out_size = 0
            self._write(data)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self.sent += len(data)
            self._transport.write(data)

    def _abort(self, pdu: Abort, reason: str) -> None:
        self._cause = self._cause or reason
        self._out.clear()
        self._out_size = 0
        self._send(pdu)
        self._await_close()
        self._end(reason)

    def _await_close(self) -> None:
        """The peer closes; what it still sends is thrown away (Sta13)."""
        self._deadlines.stop()
        self._deadlines.set(Wait.ARTIM, self._limits.artim)
        self._buffer.clear()
        if self._holds and not self._transport.is_closing():
            self._holds = 0
            self._transport.resume_reading()

    def _end(self, reason: str) -> None:
        if not self._told:
            self._told = True
            self.user.ended(reason)
