"""The strangers do what they are told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from drivers.hl7.message import Message
from simulators.hl7 import FAULTS, HematologyAnalyzer, HospitalOffice, hl7_analyzer
from tests.unit.hl7.hl7_bench import Answers

CLOCK = datetime(2026, 11, 23, 9, tzinfo=UTC)
ACK = b"\x0bMSH|^~\\&|||||||ACK|1|P|2.3.1\rMSA|AA|1\r\x1c\r"


def test_every_twentieth_message_is_quality_control() -> None:
    analyzer = HematologyAnalyzer()
    headers = [Message(analyzer.message(CLOCK)).header for _ in range(40)]
    assert [at for at, each in enumerate(headers, 1) if each.raw(11) == "Q"] == [20, 40]
    assert [each.raw(10) for each in headers[:3]] == ["1", "2", "3"]


def test_the_same_seed_says_the_same() -> None:
    texts = [HematologyAnalyzer(seed=3).message(CLOCK) for _ in range(2)]
    assert texts[0] == texts[1]
    assert texts[0] != HematologyAnalyzer(seed=4).message(CLOCK)


def test_the_office_registers_and_books_in_turn() -> None:
    office = HospitalOffice()
    kinds = [Message(office.message(CLOCK)).header.raw(9) for _ in range(3)]
    assert sorted(kinds) == ["ADT^A04", "ADT^A08", "SIU^S12"]


async def test_a_fault_that_nobody_knows_is_refused() -> None:
    async with hl7_analyzer() as analyzer:
        with pytest.raises(ValueError, match="clock_skew"):
            analyzer.fault("on_fire")
    assert "half_open" in FAULTS


@pytest.mark.parametrize("fault", ["silent", "half_open"])
async def test_a_mute_device_says_nothing_until_it_is_mended(fault: str) -> None:
    log = Answers()
    async with hl7_analyzer(interval=0, log=log.note) as analyzer:
        analyzer.fault(fault)
        reader, writer = await asyncio.open_connection("127.0.0.1", analyzer.port)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        analyzer.clear()
        await reader.readuntil(b"\x1c\r")
        writer.write(ACK)
        await log.until(1)
        writer.close()
    assert (log[0].code, log[0].control_id, analyzer.acknowledged >= 1) == ("AA", "1", True)


async def test_a_clock_can_be_off_and_a_line_cut() -> None:
    async with hl7_analyzer() as analyzer:
        analyzer.fault("clock_skew", seconds=-10 * 365 * 86_400)
        reader, writer = await asyncio.open_connection("127.0.0.1", analyzer.port)
        block = await reader.readuntil(b"\x1c\r")
        assert int(Message(block[1:-2].decode()).header.raw(7)[:4]) < datetime.now(UTC).year - 8
        analyzer.fault("cut")
        with pytest.raises((ConnectionError, EOFError)):
            await reader.readexactly(1)
        writer.close()


async def test_what_was_not_answered_is_sent_again_after_a_reconnect() -> None:
    async with hl7_analyzer() as analyzer:
        blocks = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", analyzer.port)
            blocks.append(await reader.readuntil(b"\x1c\r"))
            writer.close()
            await writer.wait_closed()
    assert blocks[0] == blocks[1]
