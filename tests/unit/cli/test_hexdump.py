from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.hexdump import HEX_WIDTH, TEXT_WIDTH, line, rows, text_of


def test_control_characters_have_their_names() -> None:
    assert text_of(b"\x02H|\x03\r\n\x7f") == "<STX>H|<ETX><CR><LF><DEL>"


def test_bytes_beyond_ascii_are_dots() -> None:
    assert text_of("室".encode()) == "···"


def test_a_line_shows_time_direction_hex_and_names() -> None:
    shown = line("14:05:09.123", "in", b"\x05")
    assert shown.split() == ["14:05:09.123", "in", "05", "<ENQ>"]


def test_an_empty_message_is_a_line_too() -> None:
    assert line("14:05:09.123", "out", b"") == "14:05:09.123 out"


@given(st.binary(max_size=600))
def test_rows_hold_every_byte_in_order(data: bytes) -> None:
    found = list(rows(data))
    assert b"".join(bytes.fromhex(row.hex) for row in found) == data
    assert "".join(row.text for row in found) == text_of(data)


@given(st.binary(max_size=600))
def test_every_line_fits_80_columns(data: bytes) -> None:
    assert all(len(row.hex) <= HEX_WIDTH and len(row.text) <= TEXT_WIDTH for row in rows(data))
    assert max(map(len, line("14:05:09.123", "out", data).splitlines())) <= 80
