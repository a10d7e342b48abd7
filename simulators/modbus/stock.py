"""pymodbus behind one door: the peer that Isogate's own codec is judged against.

Its API broke in most minor versions, so that nothing else imports it. Its log is silenced: what a
peer makes of faults is judged by what it returns.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    ReadInputRegistersResponse,
)
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

Registers = Mapping[int, Sequence[int]]
"""Values of consecutive registers by the address of the first."""

_READ = {
    1: ReadCoilsResponse,
    2: ReadDiscreteInputsResponse,
    3: ReadHoldingRegistersResponse,
    4: ReadInputRegistersResponse,
}


class StockClient:
    """A connected client with the library's own framing, time-out and retries."""

    def __init__(self, client: AsyncModbusTcpClient) -> None:
        self._client = client

    async def read(self, function: int, unit: int, at: int, count: int) -> list[int] | int | None:
        """Values of bits or registers; an exception code; or None if there was no answer."""
        ask = {
            1: self._client.read_coils,
            2: self._client.read_discrete_inputs,
            3: self._client.read_holding_registers,
            4: self._client.read_input_registers,
        }[function]
        try:
            reply = await ask(at, count=count, device_id=unit)
        except ModbusException:
            return None
        if reply.isError():
            return reply.exception_code if isinstance(reply, ExceptionResponse) else None
        values = reply.bits[:count] if function in {1, 2} else reply.registers
        return [int(value) for value in values]


@asynccontextmanager
async def stock_client(
    port: int,
    *,
    host: str = "127.0.0.1",
    framing: str = "tcp",
    timeout: float = 3,
    retries: int = 3,
) -> AsyncIterator[StockClient]:
    """Connect until left. The defaults are the library's."""
    framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
    client = AsyncModbusTcpClient(host, port=port, framer=framer, timeout=timeout, retries=retries)
    await client.connect()
    try:
        yield StockClient(client)
    finally:
        client.close()


@asynccontextmanager
async def stock_server(
    units: Mapping[int, Registers], *, host: str = "127.0.0.1", framing: str = "tcp"
) -> AsyncIterator[int]:
    """Serve holding and input registers until left; yields the port."""
    framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
    devices = [
        SimDevice(
            unit,
            [
                SimData(at, values=list(values), datatype=DataType.REGISTERS)
                for at, values in sorted(registers.items())
            ],
        )
        for unit, registers in units.items()
    ]
    server = ModbusTcpServer(devices, framer=framer, address=(host, 0))
    await server.listen()
    try:
        yield server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


def stock_reply(
    framing: str, function: int, unit: int, values: Sequence[int], transaction: int = 0
) -> bytes:
    """The frame of a reply that brings `values`."""
    kind = _READ[function]
    if function in {1, 2}:
        pdu = kind(dev_id=unit, transaction_id=transaction, bits=[bool(value) for value in values])
    else:
        pdu = kind(dev_id=unit, transaction_id=transaction, registers=values)
    return _framer(framing, server=True).buildFrame(pdu)


def stock_refusal(framing: str, function: int, unit: int, code: int, transaction: int = 0) -> bytes:
    """The frame of an exception reply."""
    pdu = ExceptionResponse(function, code, unit, transaction)
    return _framer(framing, server=True).buildFrame(pdu)


def stock_request(framing: str, frame: bytes) -> tuple[int, int, int, int, int]:
    """Unit, transaction, function, address and count of a request's frame."""
    used, pdu = _framer(framing, server=True).handleFrame(frame, 0, 0)
    if not isinstance(pdu, ModbusPDU) or used != len(frame):
        raise ValueError(f"{frame.hex(' ')} is not one request")
    return pdu.dev_id, pdu.transaction_id, pdu.function_code, pdu.address, pdu.count


def _framer(framing: str, *, server: bool) -> FramerBase:
    kind = FramerRTU if framing == "rtu" else FramerSocket
    return kind(DecodePDU(server))
