"""Framing, checksums and damage."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.line.codec import Damaged, Message, Splitter, checksum
from drivers.line.framing import ChecksumKind, Framing
from drivers.line.meaning import passes_mod11_2

KINDS = st.sampled_from(ChecksumKind)


def framing(**said: Any) -> Framing:
    return Framing.model_validate(said)


def split(options: Framing, data: bytes, *cuts: int) -> list[Message | Damaged]:
    splitter = Splitter(options)
    places = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    pieces = [piece for begin, end in pairwise(places) for piece in splitter.feed(data[begin:end])]
    rest = splitter.give_up()
    return [*pieces, *([rest] if rest else [])]


@given(
    kind=KINDS,
    at=st.sampled_from(["after-end", "before-end"]),
    written_hex=st.booleans(),
    texts=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_what_was_framed_is_read_in_any_segmentation(
    kind: ChecksumKind,
    at: str,
    written_hex: bool,  # noqa: FBT001
    texts: list[bytes],
    cuts: list[int],
) -> None:
    texts = [text.replace(b"\x03", b"").replace(b"\x02", b"") or b"x" for text in texts]
    covers = ["start", "text", "end"]
    check = {"kind": kind, "covers": covers, "at": at, "hex": written_hex}
    options = framing(start="\x02", end="\x03\r\n", checksum=check)
    sent = b""
    for text in texts:
        made = checksum(kind, b"\x02" + text + b"\x03\r\n")
        made = made.hex().encode() if written_hex else made
        if b"\x03" in made:
            return
        sent += (
            b"\x02" + text + b"\x03\r\n" + made
            if at == "after-end"
            else b"\x02" + text + made + b"\x03\r\n"
        )
    found = [piece.text for piece in split(options, sent, *cuts) if isinstance(piece, Message)]
    assert found == texts


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6), KINDS)
def test_nothing_is_lost_and_memory_is_bounded_whatever_comes(
    data: bytes, cuts: list[int], kind: ChecksumKind
) -> None:
    options = framing(start="\x02", end="\x03", limit=64, checksum={"kind": kind})
    pieces = split(options, data, *cuts)
    assert all(len(piece.data) <= len(data) for piece in pieces)
    whole = [piece.data for piece in pieces if isinstance(piece, Message)]
    assert all(each in data for each in whole)


def test_an_escaped_end_is_text() -> None:
    options = framing(start="\x02", end="\x03", escape="\x1b")
    assert split(options, b"\x02a\x1b\x03b\x03") == [Message(b"\x02a\x1b\x03b\x03", b"a\x03b")]


def test_noise_before_a_message_is_told_and_the_message_read() -> None:
    options = framing(start="\x02", end="\x03")
    found = split(options, b"xyz\x02a\x03\r\n\x02b\x03")
    assert found == [
        Damaged(b"xyz", "outside of a message"),
        Message(b"\x02a\x03", b"a"),
        Message(b"\x02b\x03", b"b"),
    ]


@pytest.mark.parametrize("cut", [1, 20, 40, 99])
def test_a_message_over_the_limit_is_passed_over(cut: int) -> None:
    options = framing(end="\n", limit=16)
    splitter = Splitter(options)
    data = b"y" * 100 + b"\nnext\n"
    pieces = [*splitter.feed(data[:cut]), *splitter.feed(data[cut:])]
    assert pieces[-1] == Message(b"next\n", b"next")
    assert all(isinstance(piece, Damaged) for piece in pieces[:-1])


def test_a_message_that_breaks_off_is_given_up() -> None:
    splitter = Splitter(framing())
    assert list(splitter.feed(b"ST,+0")) == []
    assert splitter.waiting
    assert splitter.give_up() == Damaged(b"ST,+0", "broken off")
    assert list(splitter.feed(b"A\r\n")) == [Message(b"A\r\n", b"A")]


def test_checksums_as_published() -> None:
    assert checksum(ChecksumKind.CRC16, b"\x01\x04\x02\xff\xff") == b"\xb8\x80"
    assert checksum(ChecksumKind.SUM8, b"\xff\x02") == b"\x01"
    assert checksum(ChecksumKind.XOR8, b"\xff\x02") == b"\xfd"


@pytest.mark.parametrize(
    ("number", "good"),
    [("11010519491231002X", True), ("440524188001010014", True), ("110105194912310021", False)],
)
def test_a_check_character_is_looked_at(number: str, good: bool) -> None:  # noqa: FBT001
    assert passes_mod11_2(number) is good
