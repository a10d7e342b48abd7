"""Every row of WIRE.md's table of HL7, from the wire, and what surrounds it."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from drivers.hl7 import driver_type
from drivers.hl7.driver import Hl7Driver
from drivers.hl7.message import Message
from gateway import Direction, ProtocolViolation, QuarantineReason, Serial, Tcp
from gateway.testing import MemoryPorts
from gateway.transport import connect
from simulators.hl7 import HematologyAnalyzer, HospitalOffice, hl7_analyzer
from tests.unit.hl7.hl7_bench import MESSAGE, Answers, built_in, changed, device, link, profile

VT, END = b"\x0b", b"\x1c\r"
ENHANCED = MESSAGE.replace("|P|2.3.1||||||UNICODE", "|P|2.5.1|||AL|AL||UNICODE UTF-8")


@dataclass(slots=True)
class Line:
    """The device's end of the line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ports: MemoryPorts
    task: asyncio.Task[None]

    async def send(self, *messages: str | bytes) -> list[str]:
        """Send messages in one segment; MSA-1 of as many answers."""
        await self.put(b"".join(framed(message) for message in messages))
        return [code(await self.answer()) for _ in messages]

    async def put(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Message:
        async with asyncio.timeout(10):
            block = await self.reader.readuntil(END)
        assert block.startswith(VT)
        return Message(block[1:-2].decode())

    async def is_closed(self) -> bool:
        async with asyncio.timeout(10):
            return await self.reader.read(1) == b""


async def until_tapped(ports: MemoryPorts, data: bytes) -> None:
    """Until the driver was given these bytes and had its turns to begin their commit."""
    for _ in range(10_000):
        await asyncio.sleep(0)
        if data in [each for _, each in ports.tapped]:
            break
    for _ in range(10):
        await asyncio.sleep(0)


def framed(message: str | bytes) -> bytes:
    return VT + (message.encode() if isinstance(message, str) else message) + END


def code(answer: Message) -> str:
    return answer.all("MSA")[0].raw(1)


def condition(answer: Message) -> str:
    """ERR's code in either form."""
    err = answer.all("ERR")[0]
    return err.component(3) or err.part(1, 4, 1)


@asynccontextmanager
async def line(
    driver: Hl7Driver | None = None, ports: MemoryPorts | None = None
) -> AsyncIterator[Line]:
    """A driver that has dialled a device on loopback."""
    calls: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await calls.put((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    transport = Tcp(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    memory = ports or MemoryPorts()
    memory._connector = lambda: connect(transport, memory.tap)
    task = asyncio.create_task((driver or Hl7Driver(link())).run(memory))
    try:
        reader, writer = await calls.get()
        yield Line(reader, writer, memory, task)
        writer.close()
    finally:
        server.close()
        task.cancel()
        with suppress(asyncio.CancelledError, ConnectionError, ProtocolViolation):
            await task


async def test_a_result_is_acknowledged_after_the_commit() -> None:
    async with line() as device_:
        device_.ports.hold()
        await device_.put(framed(MESSAGE))
        asking = asyncio.create_task(device_.answer())
        await asyncio.wait((asking,), timeout=0.1)
        assert not asking.done()
        assert device_.ports.publications == []
        device_.ports.release()
        assert code(await asking) == "AA"
        assert len(device_.ports.publications) == 1


async def test_message_and_answer_are_journalled_together() -> None:
    async with line() as device_:
        await device_.send(MESSAGE)
        came, went = device_.ports.records
        assert (came.direction, went.direction) == (Direction.IN, Direction.OUT)
        assert came.data == framed(MESSAGE)
        assert b"MSA|AA|7" in went.data
        assert device_.ports.publications[0].raw_ids == (came.raw_id,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("garbage without a header", "200"),
        (MESSAGE.replace("ORU^R01", "QRY^Q02"), "200"),
        (MESSAGE.replace("ORU^R01", "ORU^R40"), "201"),
        (MESSAGE.replace("|P|", "|D|"), "202"),
        (MESSAGE.replace("2.3.1", "7"), "203"),
    ],
)
async def test_unreadable_msh_unsupported_type_event_version_processing_id(
    text: str, expected: str
) -> None:
    async with line() as device_:
        await device_.put(framed(text))
        answer = await device_.answer()
        assert (code(answer), condition(answer)) == ("AR", expected)
        assert [each.reason for each in device_.ports.quarantine_list] == [
            QuarantineReason.UNREADABLE
        ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed(OBX="OBX|1|NM|||5.2|10*9/L|||||F"), "101"),
        (changed(OBX="OBX|1|NM|WBC||five|10*9/L|||||F"), "102"),
        (ENHANCED.replace("5.2", "five").replace("|AL|AL|", "||AL|"), "102"),
    ],
)
async def test_required_field_missing_value_not_parsable(text: str, expected: str) -> None:
    async with line() as device_:
        await device_.put(framed(text))
        answer = await device_.answer()
        assert (code(answer), condition(answer)) == ("AE", expected)
        (entry,) = device_.ports.quarantine_list
        assert entry.raw_id == device_.ports.records[0].raw_id
        assert entry.device == "a1"
        assert device_.ports.publications == []


async def test_store_failure() -> None:
    async with line() as device_:
        device_.ports.store_works = False
        await device_.put(framed(MESSAGE))
        answer = await device_.answer()
        assert (code(answer), condition(answer)) == ("AE", "207")
        await device_.put(framed(changed(OBX="OBX|1|NM|WBC||x|u")))
        assert condition(await device_.answer()) == "207"
        device_.ports.store_works = True
        assert await device_.send(MESSAGE) == ["AA"]
        assert len(device_.ports.publications) == 1


async def test_store_failure_in_enhanced_mode() -> None:
    async with line() as device_:
        device_.ports.store_works = False
        assert await device_.send(ENHANCED) == ["CE"]


async def test_same_msh_10_and_content() -> None:
    async with line() as device_:
        assert await device_.send(MESSAGE) == ["AA"]
        assert await device_.send(MESSAGE, MESSAGE) == ["AA", "AA"]
        assert len(device_.ports.publications) == 1


async def test_same_msh_10_and_content_after_a_crash() -> None:
    ports = MemoryPorts()
    ports.dies_after = ConnectionError("killed")
    async with line(ports=ports) as device_:
        await device_.put(framed(MESSAGE))
        assert await device_.is_closed()
    async with line(ports=ports) as device_:
        assert await device_.send(MESSAGE) == ["AA"]
    assert len(ports.publications) == 1


async def test_same_msh_10_other_content(caplog: pytest.LogCaptureFixture) -> None:
    async with line() as device_:
        other = [MESSAGE.replace("5.2", value) for value in ("6.1", "7.3")]
        assert await device_.send(MESSAGE, *other) == ["AA"] * 3
        payloads = [each.readings[0].payload or {} for each in device_.ports.publications]
        assert ["notes" in payload for payload in payloads] == [False, True, True]
    assert len([each for each in caplog.records if "control id 7" in each.message]) == 1


async def test_same_msh_10_other_content_after_a_restart() -> None:
    ports = MemoryPorts()
    async with line(ports=ports) as device_:
        await device_.send(MESSAGE)
    async with line(ports=ports) as device_:
        await device_.send(MESSAGE.replace("5.2", "6.1"))
    assert "notes" in (ports.publications[1].readings[0].payload or {})


async def test_missing_fs_cr() -> None:
    async with line() as device_:
        await device_.put(VT + MESSAGE.encode())
        assert await device_.send(MESSAGE.replace("|7|P", "|8|P")) == ["AA"]
        await device_.put(VT + MESSAGE.encode() + b"\x1c")
        assert await device_.send(MESSAGE.replace("|7|P", "|9|P")) == ["AA"]
        reasons = [each.reason for each in device_.ports.quarantine_list]
        assert reasons == [QuarantineReason.INCOMPLETE] * 2
        assert len(device_.ports.publications) == 2


async def test_junk_between() -> None:
    async with line() as device_:
        await device_.put(b"\x00\x05junk\r\n")
        assert await device_.send(MESSAGE) == ["AA"]
        (entry,) = device_.ports.quarantine_list
        assert entry.reason is QuarantineReason.UNREADABLE
        assert device_.ports.records[0].data == b"\x00\x05junk\r\n"


async def test_more_than_16_mib() -> None:
    async with line() as device_:
        await device_.put(VT + MESSAGE.encode() + b"x" * (16 * 1024 * 1024) + END)
        assert await device_.send(MESSAGE) == ["AA"]
        (entry,) = device_.ports.quarantine_list
        assert entry.reason is QuarantineReason.INCOMPLETE
        assert len(device_.ports.records[0].data) == 64 * 1024


async def test_a_message_that_does_not_end_in_time() -> None:
    async with line(Hl7Driver(link(message_timeout=1))) as device_:
        await device_.put(VT + b"MSH|")
        assert await device_.is_closed()
        (entry,) = device_.ports.quarantine_list
        assert entry.reason is QuarantineReason.INCOMPLETE
        with pytest.raises(ProtocolViolation, match="1 s"):
            await device_.task


async def test_a_connection_that_ends_inside_a_message() -> None:
    async with line() as device_:
        await device_.put(VT + MESSAGE.encode()[:40])
        device_.writer.close()
        with pytest.raises(ConnectionError):
            await device_.task
        assert device_.ports.records[0].data == VT + MESSAGE.encode()[:40]
        assert device_.ports.quarantine_list[0].reason is QuarantineReason.INCOMPLETE


async def test_enhanced_mode_is_answered_twice() -> None:
    async with line() as device_:
        assert await device_.send(ENHANCED) == ["CA"]
        assert code(await device_.answer()) == "AA"


async def test_an_acknowledgement_is_kept_and_never_answered() -> None:
    async with line() as device_:
        ack = MESSAGE.split("\r", maxsplit=1)[0].replace("ORU^R01", "ACK") + "\rMSA|AA|1\r"
        await device_.put(framed(ack))
        assert await device_.send(MESSAGE) == ["AA"]
        assert [each.direction for each in device_.ports.records] == [
            Direction.IN,
            Direction.IN,
            Direction.OUT,
        ]
        assert device_.ports.quarantine_list == []


async def test_a_refused_message_that_comes_again_is_kept_once() -> None:
    async with line() as device_:
        wrong = changed(OBX="OBX|1|NM|WBC||x|u")
        assert await device_.send(wrong, wrong, wrong) == ["AE"] * 3
        assert len(device_.ports.quarantine_list) == 1
        assert len(device_.ports.records) == 2


async def test_an_unknown_sender_is_on_the_work_list() -> None:
    async with line(Hl7Driver(link(device(sender="OTHER")))) as device_:
        await device_.put(framed(MESSAGE))
        answer = await device_.answer()
        assert (code(answer), condition(answer)) == ("AE", "204")
        assert device_.ports.quarantine_list[0].reason is QuarantineReason.UNKNOWN_DEVICE


async def test_bytes_that_are_no_text_are_on_the_work_list() -> None:
    async with line() as device_:
        assert await device_.send(MESSAGE.encode("gb18030")) == ["AE"]
        assert device_.ports.publications == []
        assert device_.ports.quarantine_list[0].reason is QuarantineReason.UNREADABLE


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
async def test_chinese_is_right_in_both_charsets(charset: str) -> None:
    model = profile(charset=charset)
    async with line(Hl7Driver(link(device(model=model)))) as device_:
        text = MESSAGE.replace("王建国", "张弢").replace("UNICODE", "")
        assert await device_.send(text.encode(charset)) == ["AA"]
        payload = device_.ports.publications[0].readings[0].payload or {}
        assert payload["patient"]["name"] == "张弢"


async def test_a_stop_waits_for_the_answer_of_what_is_committed() -> None:
    async with line() as device_:
        device_.ports.hold()
        await device_.put(framed(MESSAGE))
        await until_tapped(device_.ports, framed(MESSAGE))
        device_.task.cancel()
        await asyncio.sleep(0)
        device_.ports.release()
        assert code(await device_.answer()) == "AA"


async def test_a_device_on_a_serial_line() -> None:
    leader, follower = os.openpty()
    tty.setraw(leader)
    ports = MemoryPorts()
    serial = Serial(port=os.ttyname(follower), baud=115_200)
    ports._connector = lambda: connect(serial, ports.tap)
    task = asyncio.create_task(Hl7Driver(link()).run(ports))
    try:
        await ports.until(lambda: bool(ports.sessions))
        await asyncio.to_thread(os.write, leader, framed(MESSAGE))
        await ports.until(lambda: bool(ports.publications))
        answer = await asyncio.to_thread(os.read, leader, 4096)
        assert b"MSA|AA|7" in answer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        os.close(leader)
        os.close(follower)


async def served(kind: str, ports: MemoryPorts, log: Answers, wanted: int) -> None:
    """The built-in hematology profile over the simulator, which listens and has one fault."""
    entry = device("hema", built_in("hematology-analyzer-hl7"))
    async with hl7_analyzer(role="server", interval=0, log=log.note) as analyzer:
        if kind:
            analyzer.fault(kind)
        transport = Tcp(host="127.0.0.1", port=analyzer.port)
        ports._connector = lambda: connect(transport, ports.tap)
        task = asyncio.create_task(Hl7Driver(link(entry)).run(ports))
        try:
            await log.until(wanted)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await task


@pytest.mark.parametrize("kind", ["", "split", "glued", "missing_end", "junk", "duplicate"])
async def test_the_simulated_analyzer_is_understood_with_every_fault(kind: str) -> None:
    ports, log = MemoryPorts(), Answers()
    await served(kind, ports, log, 24)
    assert {each.code for each in log} == {"AA"}
    codes = {reading.code for each in ports.publications for reading in each.readings}
    assert codes <= set(built_in("hematology-analyzer-hl7").points)
    assert len(ports.publications) >= len({each.message for each in log})


async def test_the_wrong_charset_is_refused_and_nothing_is_garbled() -> None:
    ports, log = MemoryPorts(), Answers()
    await served("charset", ports, log, 3)
    assert {each.code for each in log if not each.message.isascii()} == {"AE"}
    assert len(ports.publications) == sum(each.message.isascii() for each in log)


async def test_the_simulated_hospital_office_is_understood() -> None:
    ports, log = MemoryPorts(), Answers()
    entry = device("his", built_in("hospital-information-system"))
    async with hl7_analyzer(composer=HospitalOffice(), interval=0, log=log.note) as office:
        transport = Tcp(host="127.0.0.1", port=office.port)
        ports._connector = lambda: connect(transport, ports.tap)
        task = asyncio.create_task(Hl7Driver(link(entry)).run(ports))
        await ports.until(lambda: len(ports.publications) >= 6)
        task.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await task
    codes = {reading.code for each in ports.publications for reading in each.readings}
    assert codes == {"ADT^A04", "ADT^A08", "SIU^S12"}


def test_the_driver_is_built_from_its_sample() -> None:
    assert isinstance(driver_type.build(link()), Hl7Driver)


def test_simulated_control_ids_begin_again() -> None:
    analyzer = HematologyAnalyzer()
    clock = datetime(2026, 11, 23, tzinfo=UTC)
    first = [analyzer.message(clock) for _ in range(3)]
    analyzer.restart()
    assert (
        Message(analyzer.message(clock)).header.raw(10) == Message(first[0]).header.raw(10) == "1"
    )
