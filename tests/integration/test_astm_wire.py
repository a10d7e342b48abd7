"""Each row of WIRE.md's table of ASTM, from the wire: TCP over loopback, the driver at work."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Direction, QuarantineReason, StoreError
from gateway.testing import MemoryPorts
from tests.unit.astm.astm_kit import (
    ACK,
    ENQ,
    EOT,
    NAK,
    device,
    frame,
    frames,
    link,
    message,
    on_the_wire,
    profile,
    said,
)

GLU = [("GLU", "5.50")]


def answers(ports: MemoryPorts) -> bytes:
    return b"".join(data for way, data in ports.tapped if way is Direction.OUT)


async def settled(ports: MemoryPorts, count: int = 1) -> None:
    await ports.until(lambda: len(ports.publications) >= count)


async def waiting(ports: MemoryPorts, reason: QuarantineReason) -> str:
    """The detail of what waits for a person."""
    await ports.until(lambda: bool(ports.quarantine_list))
    (entry,) = ports.quarantine_list
    assert entry.reason is reason
    return entry.detail


async def test_a_message_arrives_and_every_step_is_acknowledged() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(message()) == [ACK] * 6
        await settled(ports)
    assert said(ports) == GLU
    assert [record.data for record in ports.records] == [ENQ, *message(), EOT]
    assert ports.publications[0].raw_ids == tuple(record.raw_id for record in ports.records[1:-1])


async def test_frame_split_over_segments() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ)
        for each in message():
            for byte in each[:-1]:
                await analyzer.say(bytes([byte]))
                await asyncio.sleep(0)
            assert await analyzer.ask(each[-1:]) == [ACK]
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU


async def test_several_frames_in_one_segment() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.say(ENQ + b"".join(message()) + EOT)
        assert [await analyzer.answer() for _ in range(6)] == [ACK] * 6
        await settled(ports)
    assert said(ports) == GLU


async def test_eot_and_enq_in_one_segment() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ, *message())
        assert await analyzer.ask(EOT + ENQ, *message(sample="S2")) == [ACK] * 6
        await analyzer.say(EOT)
        await settled(ports, 2)
    assert said(ports) == GLU * 2


@pytest.mark.parametrize("last", [True, False])
async def test_bad_checksum_of_a_last_and_of_an_intermediate_frame(*, last: bool) -> None:
    first, *rest = message()
    good = frame(1, first[2:-5], last=last)
    bad = good[:-4] + b"%02X" % ((int(good[-4:-2], 16) + 1) % 256) + good[-2:]
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.ask(ENQ, bad, good) == [ACK, NAK, ACK]
        await analyzer.ask(*rest)
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU
    assert [record.data for record in ports.records] == [ENQ, good, *rest, EOT]


async def test_truncated_frame() -> None:
    first = message()[0]
    async with on_the_wire() as (analyzer, _, _):
        assert await analyzer.ask(ENQ, first[:20] + first[-6:], first) == [ACK, NAK, ACK]


@pytest.mark.parametrize("last", [True, False])
async def test_fn_not_expected_or_skipped(*, last: bool) -> None:
    first, second, third, *_ = message()
    skipped = frame(3, third[2:-5], last=last)
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.ask(ENQ, second, first, skipped, second) == [ACK, NAK, ACK, NAK, ACK]
    assert [record.data for record in ports.records][:3] == [ENQ, first, second]


async def test_fn_repeated_is_acknowledged_and_stored_once() -> None:
    sent = message()
    twice = [each for one in sent for each in (one, one)]
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(twice) == [ACK] * 11
        await settled(ports)
    assert [record.data for record in ports.records] == [ENQ, *sent, EOT]
    assert said(ports) == GLU


async def test_enq_inside_a_transfer() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ, *message()[:4])
        assert await analyzer.send(message(sample="S2")) == [ACK] * 6
        await settled(ports)
        assert "ENQ began another" in await waiting(ports, QuarantineReason.INCOMPLETE)
    assert len(ports.publications) == 1


async def test_stray_answers_and_noise_before_stx_are_ignored() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        sent = [b"\x06\x15junk" + each for each in [ENQ, *message()]]
        assert await analyzer.ask(*sent) == [ACK] * 6
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU


async def test_no_lf_and_a_gap_inside_a_frame() -> None:
    first, *rest = message()
    async with on_the_wire(link(gap=0.05)) as (analyzer, ports, _):
        assert await analyzer.ask(ENQ, first[:-1], first) == [ACK, NAK, ACK]
        assert await analyzer.ask(rest[0][:9], *rest) == [NAK, *[ACK] * 4]
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU


async def test_commit_fails_at_the_enquiry() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        ports.store_works = False
        assert await analyzer.ask(ENQ) == [NAK]
        ports.store_works = True
        assert await analyzer.send(message()) == [ACK] * 6
        await settled(ports)


async def test_commit_fails_at_a_frame() -> None:
    first, *rest = message()
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ)
        ports.store_works = False
        assert await analyzer.ask(first, first) == [NAK, NAK]
        ports.store_works = True
        assert await analyzer.ask(first, *rest) == [ACK] * 5
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU


async def test_nothing_is_acknowledged_before_its_commit() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ)
        ports.hold()
        await analyzer.say(message()[0])
        await asyncio.sleep(0)
        assert answers(ports) == ACK
        ports.release()
        assert await analyzer.answer() == ACK


async def test_silence_leaves_an_incomplete_transfer_and_no_result() -> None:
    async with on_the_wire(link(silence=0.05, gap=0.05)) as (analyzer, ports, _):
        await analyzer.ask(ENQ, *message())
        detail = await waiting(ports, QuarantineReason.INCOMPLETE)
        assert "silent" in detail
        assert await analyzer.send(message(sample="S2")) == [ACK] * 6
        await settled(ports)
    assert said(ports) == GLU


async def test_disconnect_before_eot_leaves_an_incomplete_transfer_and_no_result() -> None:
    async with on_the_wire() as (analyzer, ports, running):
        await analyzer.ask(ENQ, *message())
        analyzer.hang_up()
        await waiting(ports, QuarantineReason.INCOMPLETE)
        await asyncio.wait({running})
        with pytest.raises(ConnectionError):
            running.result()
    assert ports.publications == []


async def test_an_enquiry_and_nothing_else_is_nobodys_work() -> None:
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ)
        await analyzer.say(EOT)
        await analyzer.ask(ENQ)
        analyzer.hang_up()
        await ports.until(lambda: [each.data for each in ports.records] == [ENQ, EOT, ENQ, b""])
    assert ports.quarantine_list == []


async def test_frame_over_the_limit_is_refused_and_skipped() -> None:
    endless = frame(1, b"H|" + b"x" * 400)
    async with on_the_wire(link(frame_limit=240)) as (analyzer, ports, _):
        assert await analyzer.ask(ENQ, endless) == [ACK, NAK]
        assert await analyzer.ask(*message()) == [ACK] * 5
        await analyzer.say(EOT)
        await settled(ports)
    assert said(ports) == GLU


async def test_a_frame_of_sixty_thousand_bytes() -> None:
    head, patient, order, one, last = message()
    curve = frame(4, b"M|1|HISTOGRAM|" + b"Zm9v" * 15_000 + b"\r")
    sent = [head, patient, order, curve, frame(5, one[2:-5]), frame(6, last[2:-5])]
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(sent) == [ACK] * 7
        await settled(ports)
    assert ports.records[4].data == curve
    assert said(ports) == GLU


async def test_acknowledged_and_not_parsable_waits_with_its_bytes() -> None:
    sent = frames(b"H|||||", b"R|1", b"L|1|N")
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(sent) == [ACK] * 4
        await waiting(ports, QuarantineReason.UNREADABLE)
    assert [record.data for record in ports.records] == [ENQ, *sent, EOT]


async def test_wrong_charset_waits_with_its_bytes() -> None:
    sent = frames(message()[0][2:-6], "P|1|||王".encode("gb18030"), b"L|1|N")
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(sent) == [ACK] * 4
        assert "is not utf-8" in await waiting(ports, QuarantineReason.UNREADABLE)
    assert ports.records[2].data == sent[1]


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
async def test_chinese_names_and_comments(charset: str) -> None:
    head, *_ = message()
    records = ["P|1|P7|||王小明", "O|1|S1", "R|1|^^^GLU|5.5|mmol/L", "C|1|I|标本溶血", "L|1|N"]
    texts = [f"{record}\r".encode(charset) for record in records]
    sent = [head, *[frame(number, text) for number, text in enumerate(texts, 2)]]
    async with on_the_wire(link(device("chem", profile(charset=charset)))) as (analyzer, ports, _):
        await analyzer.send(sent)
        await settled(ports)
    payload = ports.publications[0].readings[0].payload or {}
    assert (payload["P-6"], payload["R-C"]) == ("王小明", ("标本溶血",))


async def test_latin_text() -> None:
    sent = frames(
        message()[0][2:-6], "P|1|P7|||Müller".encode("latin-1"), b"R|1|^^^GLU|5.5", b"L|1|N"
    )
    entry = link(device("chem", profile(charset="latin-1")))
    async with on_the_wire(entry) as (analyzer, ports, _):
        await analyzer.send(sent)
        await settled(ports)
    assert (ports.publications[0].readings[0].payload or {})["P-6"] == "Müller"


async def test_a_query_is_kept_and_brings_no_result() -> None:
    sent = frames(message()[0][2:-6], b"Q|1|^S1||ALL||||||||O", b"L|1|N")
    async with on_the_wire() as (analyzer, ports, _):
        assert await analyzer.send(sent) == [ACK] * 4
        await settled(ports)
    assert said(ports) == []


async def test_a_message_sent_again_over_a_new_connection_is_one() -> None:
    ports = MemoryPorts("lab")
    for _ in range(2):
        async with on_the_wire(ports=ports) as (analyzer, _, _):
            assert await analyzer.send(message()) == [ACK] * 6
            await ports.until(lambda: ports.records[-1].data == EOT)
    assert said(ports) == GLU


async def test_killed_between_eot_and_publication_nothing_is_lost() -> None:
    ports = MemoryPorts("lab")
    async with on_the_wire(ports=ports) as (analyzer, _, running):
        await analyzer.ask(ENQ, *message())
        ports.hold()
        await analyzer.say(EOT)
        await asyncio.sleep(0)
        running.cancel()
    ports.release()
    assert ports.publications == []
    async with on_the_wire(ports=ports):
        assert said(ports) == GLU
    async with on_the_wire(ports=ports):
        assert len(ports.publications) == 1
    assert ports.quarantine_list == []


async def test_killed_in_the_middle_of_a_transfer_it_waits_as_incomplete() -> None:
    ports = MemoryPorts("lab")
    async with on_the_wire(ports=ports) as (analyzer, _, running):
        await analyzer.ask(ENQ, *message()[:4])
        running.cancel()
    for _ in range(2):
        async with on_the_wire(ports=ports):
            assert [each.reason for each in ports.quarantine_list] == [QuarantineReason.INCOMPLETE]
    assert ports.publications == []


async def test_killed_after_the_commit_and_before_the_acknowledgement_it_is_one() -> None:
    ports = MemoryPorts("lab")
    async with on_the_wire(ports=ports) as (analyzer, _, running):
        await analyzer.ask(ENQ, *message()[:-1])
        ports.dies_after = ConnectionResetError("killed")
        await analyzer.say(message()[-1])
        await asyncio.wait({running})
    async with on_the_wire(ports=ports) as (analyzer, _, _):
        assert said(ports) == GLU
        assert await analyzer.send(message()) == [ACK] * 6
        await ports.until(lambda: ports.records[-1].data == EOT)
    assert said(ports) == GLU


async def test_a_disk_that_fails_at_the_end_of_a_transfer_ends_the_link_and_loses_nothing() -> None:
    ports = MemoryPorts("lab")
    async with on_the_wire(ports=ports) as (analyzer, _, running):
        await analyzer.ask(ENQ, *message())
        ports.store_works = False
        await analyzer.say(EOT)
        await asyncio.wait({running})
        with pytest.raises(StoreError):
            running.result()
    ports.store_works = True
    async with on_the_wire(ports=ports):
        assert said(ports) == GLU


async def test_a_long_transfer_before_a_crash_is_found_behind_many_others() -> None:
    """The beginning of an open transfer may lie further back than what is read at first."""
    ports = MemoryPorts("lab")
    many = [frame(number, b"C|1|I|x\r") for number in range(2, 402)]
    async with on_the_wire(ports=ports) as (analyzer, _, running):
        await analyzer.ask(ENQ, message()[0], *many)
        running.cancel()
    async with on_the_wire(ports=ports):
        (entry,) = ports.quarantine_list
    assert entry.reason is QuarantineReason.INCOMPLETE
    assert ports.records[-1].data == b""


async def test_a_transfer_longer_than_the_gateway_keeps_is_refused() -> None:
    head, *_ = message()
    huge = [frame(number, b"M|1|" + b"x" * 63_000 + b"\r") for number in range(2, 140)]
    async with on_the_wire() as (analyzer, ports, _):
        await analyzer.ask(ENQ, head)
        taken = 0
        while await analyzer.ask(huge[taken]) == [ACK]:
            taken += 1
        assert await analyzer.ask(huge[taken]) == [NAK]
        await analyzer.say(EOT)
        await waiting(ports, QuarantineReason.INCOMPLETE)
    assert sum(len(record.data) for record in ports.records) < 9 << 20
    assert taken == len(ports.records) - 3


async def test_analyzers_that_share_a_line_are_told_apart_by_their_name() -> None:
    entry = link(device("one", sender="chem-1"), device("two", sender="chem-2"))
    other = [frame(1, message()[0][2:-5].replace(b"chem-1", b"chem-2")), *message()[1:]]
    stranger = [frame(1, message()[0][2:-5].replace(b"chem-1", b"who")), *message()[1:]]
    async with on_the_wire(entry) as (analyzer, ports, _):
        for sent in (message(), other, stranger):
            assert await analyzer.send(sent) == [ACK] * 6
        await waiting(ports, QuarantineReason.UNKNOWN_DEVICE)
    assert [each.device for each in ports.publications] == ["one", "two"]
    assert {record.device for record in ports.records[1:6]} == {"one"}
    assert {record.device for record in ports.records[-7:]} == {""}


async def test_a_sender_that_falls_silent_twice_is_heard_again() -> None:
    async with on_the_wire(link(silence=0.05, gap=0.05)) as (analyzer, ports, _):
        for count in (1, 2):
            await analyzer.ask(ENQ, message()[0][:-2] + b"\r\n")
            await ports.until(lambda wanted=count: len(ports.quarantine_list) == wanted)  # type: ignore[misc]
        assert await analyzer.send(message()) == [ACK] * 6
        await settled(ports)
