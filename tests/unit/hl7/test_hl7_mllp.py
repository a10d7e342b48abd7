"""Framing: one answer for one stream, however it is cut, and never more memory than a message."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from drivers.hl7.mllp import KEPT, Debris, Frame, Framer, Unit, frame, unframe

PIECES = st.lists(
    st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"MSH|a", b"\n", b"x" * 20, b"\x00"]),
    max_size=30,
)


def fed(*parts: bytes, limit: int = 1000) -> list[Unit]:
    framer = Framer(limit)
    return [unit for part in parts for unit in framer.feed(part)]


def test_a_message_stands_between_vt_and_fs_cr() -> None:
    assert fed(b"\x0bMSH|\rPID|\r\x1c\r") == [Frame(b"MSH|\rPID|\r")]
    assert unframe(frame(b"abc")) == b"abc"
    assert Frame(b"abc").wire == b"\x0babc\x1c\r"


def test_glued_and_split_messages_are_told_one_by_one() -> None:
    assert fed(b"\x0ba\x1c", b"\r\x0bb\x1c\r\x0b", b"c\x1c\r") == [
        Frame(b"a"),
        Frame(b"b"),
        Frame(b"c"),
    ]


def test_blanks_between_messages_are_nobodys_fault() -> None:
    assert fed(b"\r\n \x0ba\x1c\r\n\r\n\x0bb\x1c\r") == [Frame(b"a"), Frame(b"b")]


def test_junk_between_messages_is_told_once() -> None:
    units = fed(b"\x0ba\x1c\rju", b"nk\x0bb\x1c\r")
    assert units == [
        Frame(b"a"),
        Debris(b"junk", "bytes outside a message", incomplete=False),
        Frame(b"b"),
    ]


def test_a_missing_end_is_seen_at_the_next_start() -> None:
    units = fed(b"\x0bfirst\x0bsecond\x1c\r")
    assert isinstance(units[0], Debris)
    assert units[0].data == b"\x0bfirst"
    assert units[0].incomplete
    assert units[1:] == [Frame(b"second")]


def test_fs_without_cr_is_no_end() -> None:
    units = fed(b"\x0bfirst\x1c\x0bsecond\x1c\r")
    assert isinstance(units[0], Debris)
    assert units[0].incomplete
    assert units[1:] == [Frame(b"second")]


def test_a_message_over_the_limit_is_dropped_until_the_next_start() -> None:
    units = fed(b"\x0b" + b"x" * 600, b"y" * 600, b"z" * 300, b"\x1c\r\x0bok\x1c\r")
    assert [isinstance(unit, Debris) for unit in units] == [True, False]
    assert units[-1] == Frame(b"ok")


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    assert fed(b"\x0b" + b"x" * 1000 + b"\x1c\r") == [Frame(b"x" * 1000)]
    over = fed(b"\x0b" + b"x" * 1001 + b"\x1c\r")
    assert isinstance(over[0], Debris)


def test_memory_is_bounded_by_one_message() -> None:
    framer = Framer(100_000)
    for _ in range(200):
        framer.feed(b"noise" * 2000)
        assert len(framer._buffer) <= KEPT + 10_000
    framer.feed(b"\x0b")
    for _ in range(200):
        framer.feed(b"noise" * 2000)
        assert len(framer._buffer) <= 100_000 + 10_000


def test_what_is_left_at_the_end_is_told() -> None:
    framer = Framer()
    assert framer.feed(b"\x0bhalf") == []
    states = [framer.inside]
    assert framer.finish("gone") == [Debris(b"\x0bhalf", "gone", incomplete=True)]
    states.append(framer.inside)
    assert states == [True, False]
    assert framer.finish("gone") == []
    framer.feed(b"noise")
    assert [unit.data for unit in framer.finish("gone") if isinstance(unit, Debris)] == [b"noise"]


@given(PIECES, st.lists(st.integers(0, 300), max_size=10))
def test_any_segmentation_gives_the_same_units(pieces: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(pieces)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    parts = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert fed(*parts, limit=60) == fed(stream, limit=60)


@given(st.lists(st.binary(max_size=50).filter(lambda each: not set(each) & {0x0B, 0x1C})))
def test_every_whole_message_comes_out(messages: list[bytes]) -> None:
    assert fed(b"".join(map(frame, messages))) == [Frame(message) for message in messages]
