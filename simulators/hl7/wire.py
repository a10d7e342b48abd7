"""MLLP as the analyzer's side writes it, and the answers that it reads."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

START, END = b"\x0b", b"\x1c\x0d"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: MSA-1 and the control id that it answers."""

    code: str
    control_id: str
    text: str


def wrapped(message: bytes) -> bytes:
    return START + message + END


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """The next answer; IncompleteReadError when the line ends."""
    block = await reader.readuntil(END)
    text = block[block.index(START) + 1 : -2].decode("latin-1")
    for line in text.split("\r"):
        fields = line.split("|")
        if fields[0] == "MSA":
            return Answer(fields[1], fields[2] if len(fields) > 2 else "", text)  # noqa: PLR2004
    return Answer("", "", text)
