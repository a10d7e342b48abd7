"""How much, and how long, a peer may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one association; lengths in bytes, times in seconds.

    `pdu_length` is what we announce as the longest P-DATA-TF that we take (PS3.8 D.1).
    `artim` also bounds how long a new connection may stay silent (PS3.8 9.1.5); `pdu` is the
    deadline of one PDU from its first byte, and of the next PDU inside a message; `idle` the
    longest silence between messages. `answer` is how long a request of ours waits for each
    response.
    """

    pdu_length: int = 131_072
    associate_length: int = 131_072
    command_length: int = 65_536
    identifier_length: int = 4_194_304
    connect: float = 10.0
    handshake: float = 10.0
    artim: float = 10.0
    pdu: float = 30.0
    idle: float = 120.0
    answer: float = 60.0
