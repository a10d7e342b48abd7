"""Conversations with changed bytes: no crash, no leak, and the node goes on."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from dicom.dimse import Limits, Wanted, accepting, associate
from dicom.node import Node, open_node
from dicom.options import DicomOptions
from gateway.testing import MemoryRoomPorts, room_context
from tests.dicom_objects import dataset, encoded, image
from tests.dicom_peers import OURS, peer_of
from tests.dicom_raw import (
    DATA,
    ECHO,
    RELEASE,
    VERIFICATION,
    associate_rq,
    pdu,
    raw,
    store_command,
    value,
)
from tests.peers import Say, count

_TOGETHER = 8
_LENGTHS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


def conversation() -> list[bytes]:
    """What a well-behaved sender says, as PDUs."""
    made, picture = dataset(), image(48)
    return [
        associate_rq(),
        ECHO,
        store_command(made.SOPInstanceUID),
        pdu(DATA, value(3, 2, encoded(made))),
        store_command(picture.SOPInstanceUID, 2),
        *(pdu(DATA, value(3, 0, part)) for part in _parts(encoded(picture), 2000)),
        pdu(DATA, value(3, 2, b"")),
        pdu(RELEASE, bytes(4)),
    ]


def _parts(data: bytes, size: int) -> Sequence[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def mutate(pdus: list[bytes], chance: random.Random) -> list[bytes]:
    """The conversation with one to four faults."""
    changed = list(pdus)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(changed))
        changed[place] = _mutate(changed[place], chance)
        match chance.randrange(12):
            case 0:
                del changed[place]
            case 1:
                changed.insert(place, chance.choice(pdus))
            case 2:
                chance.shuffle(changed)
            case 3:
                del changed[place + 1 :]
        if not changed:
            return [b""]
    return changed


def _mutate(data: bytes, chance: random.Random) -> bytes:
    whole = bytearray(data)
    if not whole:
        return data
    # Most faults go where structure is: in headers and leading elements.
    place = min(chance.randrange(len(whole)), chance.randrange(len(whole)), len(whole) - 1)
    match chance.randrange(6):
        case 0:
            whole[place] ^= 1 << chance.randrange(8)
        case 1:
            whole[place] = chance.randrange(256)
        case 2:
            size = chance.choice((2, 4))
            number = (chance.choice(_LENGTHS) & (256**size - 1)).to_bytes(size, "big")
            whole[place : place + size] = number if chance.randrange(2) else number[::-1]
        case 3:
            del whole[place : place + chance.randrange(1, 40)]
        case 4:
            whole[place:place] = chance.randbytes(chance.randrange(1, 40))
        case 5:
            del whole[place:]
    return bytes(whole)


async def attack(port: int, seed: int, pdus: list[bytes]) -> None:
    """Say a changed conversation in arbitrary pieces, then close and wait for the end."""
    chance = random.Random(seed)
    data = b"".join(mutate(pdus, chance))
    async with raw(port) as caller:
        try:
            while data:
                cut = chance.randrange(1, 40_000)
                await caller.send(data[:cut])
                data = data[cut:]
            caller.writer.write_eof()
            await caller.ended()
        except (ConnectionError, RuntimeError):
            return


@pytest.mark.timeout(1800)
async def test_changed_conversations_crash_nothing_and_leak_nothing(
    tmp_path: Path, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="dicom")
    options = DicomOptions.model_validate(
        {
            "listeners": [{"port": 0}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
            "limits": {"artim": 5, "stalled": 5},
        }
    )
    cases, start = count(600, 24_000), random.randrange(2**32)
    say(f"{cases} conversations from seed {start}")
    async with (
        open_node(options, room_context(tmp_path, MemoryRoomPorts())) as node,
        accepting(node.acceptor, node.listeners),
    ):
        await _echo(node)
        await _settle()
        tasks, descriptors = len(asyncio.all_tasks()), _descriptors()
        seeds = iter(range(start, start + cases))

        async def attacker() -> None:
            for seed in seeds:
                await attack(node.acceptor.ports[0], seed, conversation())

        async with asyncio.TaskGroup() as group:
            for number in range(_TOGETHER):
                group.create_task(attacker(), name=f"attacker-{number}")
        await _echo(node)
        await _settle()
        assert node.acceptor.associations == ()
        assert node.acceptor.callers == 0
        assert len(asyncio.all_tasks()) == tasks
        assert _descriptors() <= descriptors
        assert list(node.blobs.drafts.iterdir()) == []
    assert [record.getMessage() for record in caplog.records] == []


async def _echo(node: Node) -> None:
    async with associate(peer_of(node.acceptor), [Wanted(VERIFICATION)], limits=Limits()) as found:
        await found.echo()


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def _settle() -> None:
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("dicom-127")]
    await asyncio.gather(*tasks, return_exceptions=True)
