"""A Modbus server made for misbehaving: one TCP port, several units behind it."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Literal, cast

from simulators.modbus import wire
from simulators.modbus.faults import Fault, Kind
from simulators.modbus.image import Counting, Device

Framing = Literal["rtu", "tcp"]
_READS = {1: 2000, 2: 2000, 3: 125, 4: 125}
_BUFFER = 4096


class Endpoint:
    """The units behind one port, and what is wrong with them."""

    def __init__(
        self,
        framing: Framing,
        units: Mapping[int, Device],
        now: Callable[[], float],
        seed: str = "0",
    ) -> None:
        self.port = 0
        self.requests = 0
        self._take = wire.take_rtu if framing == "rtu" else wire.take_tcp
        self._units = dict(units)
        self._now = now
        self._faults: dict[int | None, Fault] = {}
        self._lines: set[_Line] = set()
        self._random = random.Random(seed)

    def fault(self, fault: Fault, unit: int | None = None) -> None:
        """From now on, for one unit or (None) for all."""
        match fault.kind:
            case Kind.RESET | Kind.ROLLOVER:
                self._tamper(fault.kind, unit)
            case Kind.HALF_OPEN:
                for line in self._lines:
                    line.deaf = True
            case _:
                self._faults[unit] = fault

    def clear(self, unit: int | None = None) -> None:
        """End the faults of a unit; without one, all of them."""
        if unit is None:
            self._faults.clear()
        else:
            self._faults.pop(unit, None)

    def answer(self, line: _Line, request: wire.Request) -> None:
        """Answer as the unit would, in its present condition."""
        self.requests += 1
        unit = self._units.get(request.unit)
        if unit is None:
            return
        fault = self._spend(request.unit) or Fault(Kind.LATE, delay=0.0)
        if fault.kind is not Kind.SILENT:
            delay = fault.delay if fault.kind is Kind.LATE else 0.0
            line.send(request.unit, self._reply(unit, request, fault), delay)

    def _reply(self, unit: Device, request: wire.Request, fault: Fault) -> bytes:
        match fault.kind:
            case Kind.GARBAGE:
                return self._random.randbytes(self._random.randint(1, 300))
            case Kind.EXCEPTION:
                return wire.reply(request, wire.refusal(request, fault.code))
            case Kind.HOLE if 0 <= fault.address - request.address < request.count:
                return wire.reply(request, wire.refusal(request, 2))
            case _:
                pdu = self._pdu(unit, request)
                return wire.reply(request, pdu, spoil=fault.kind is Kind.CRC)

    def _spend(self, unit: int) -> Fault | None:
        key = unit if unit in self._faults else None
        fault = self._faults.get(key)
        if fault is not None and self._random.random() >= fault.chance:
            return None
        if fault is not None and fault.times is not None:
            if fault.times > 1:
                self._faults[key] = replace(fault, times=fault.times - 1)
            else:
                del self._faults[key]
        return fault

    def _pdu(self, unit: Device, request: wire.Request) -> bytes:
        limit = _READS.get(request.function)
        if limit is None:
            return wire.refusal(request, 1)
        if not 1 <= request.count <= limit:
            return wire.refusal(request, 3)
        image = unit.image(self._now())
        values = image.read(request.function, request.address, request.count)
        return wire.refusal(request, 2) if values is None else wire.data(request, values)

    def _tamper(self, kind: Kind, unit: int | None) -> None:
        for number, device in self._units.items():
            if unit in {None, number} and hasattr(device, "reset"):
                counting = cast("Counting", device)
                counting.reset() if kind is Kind.RESET else counting.roll_over()

    def line(self) -> asyncio.Protocol:
        """The server's end of a new connection, for any transport."""
        return _Line(self._take, self.answer, self._lines)

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Endpoint]:
        """Listen until left; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.line, host, port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for line in tuple(self._lines):
                line.abort()
            await server.wait_closed()


class _Line(asyncio.Protocol):
    """One client's connection."""

    def __init__(
        self,
        take: Callable[[bytearray], wire.Request | None],
        answer: Callable[[_Line, wire.Request], None],
        lines: set[_Line],
    ) -> None:
        self.deaf = False
        self._take = take
        self._answer = answer
        self._lines = lines
        self._buffer = bytearray()
        self._due: dict[int, float] = {}
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock: socket.socket | None = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's contract
        self._lines.discard(self)

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        self._buffer += data
        while (request := self._take(self._buffer)) is not None:
            self._answer(self, request)
        del self._buffer[:-_BUFFER]

    def send(self, unit: int, data: bytes, delay: float = 0.0) -> None:
        """Write after `delay`; a unit's replies never overtake each other."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        due = self._due[unit] = max(self._due.get(unit, now), now + delay)
        if due > now:
            loop.call_at(due, self._write, data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        self._transport.abort()
