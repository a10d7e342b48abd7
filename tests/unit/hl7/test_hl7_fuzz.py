"""Whatever comes, a message is understood or refused; nothing else happens."""

from __future__ import annotations

import random

from drivers.hl7.interpret import Reader
from drivers.hl7.mllp import KEPT, Frame, Framer, frame
from tests.peers import Say, count
from tests.unit.hl7.hl7_bench import built_in, device
from tests.unit.hl7.test_hl7_transcripts import CASES, options_of, wire_of

_SPICES = (
    b"|",
    b"^",
    b"~",
    b"&",
    b"\\",
    b"\r",
    b"\n",
    b'""',
    b"\x0b",
    b"\x1c",
    b"\xff",
    b"\\X",
    b"",
)


def mutated(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0:
                changed[at : at + 1] = dice.randbytes(1)
            case 1:
                changed[at:at] = dice.choice(_SPICES)
            case 2:
                del changed[at : at + dice.randint(1, 40)]
            case 3:
                changed[at:at] = changed[: dice.randint(0, 80)]
            case _:
                changed[at : at + 4] = dice.choice(_SPICES) * dice.randint(1, 4)
    return bytes(changed)


def test_mutated_messages_are_understood_or_refused(say: Say) -> None:
    dice = random.Random(20261123)
    sources = [
        (Reader([device("d", built_in(case.parent.name), **options_of(case))]), message)
        for case in CASES
        for message in wire_of(case)
    ]
    refused = total = 0
    for _ in range(count(2_000, 20_000)):
        reader, message = dice.choice(sources)
        found = reader.understand(mutated(message, dice))
        assert found.refusal is None or not found.readings
        refused += found.refusal is not None
        total += 1
    say(f"{total} mutations, {refused} refused, seed 20261123")
    assert 0 < refused < total


def test_mutated_streams_keep_the_framer_bounded(say: Say) -> None:
    dice = random.Random(20261124)
    messages = [message for case in CASES for message in wire_of(case)]
    limit = 4096
    framer = Framer(limit)
    whole = 0
    for _ in range(count(2_000, 20_000)):
        stream = mutated(frame(dice.choice(messages)), dice)
        cut = dice.randrange(len(stream) + 1)
        for part in (stream[:cut], stream[cut:]):
            whole += sum(isinstance(unit, Frame) for unit in framer.feed(part))
            assert len(framer._buffer) <= KEPT + limit + len(stream)
    say(f"{whole} whole messages came through, seed 20261124")
    assert whole > 0
