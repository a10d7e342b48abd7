"""Turning a transfer into committed facts: at EOT, when it breaks off, and after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from drivers.astm.analyzers import Analyzers
from drivers.astm.codec import text_of
from drivers.astm.journal import GIVEN_UP, unsettled
from drivers.astm.transfer import Outcome, Refused, Transfer, read_transfer
from gateway import (
    Ports,
    Publication,
    QuarantineReason,
    WireRecord,
    sentence,
)


async def settle(ports: Ports, transfer: Transfer, analyzers: Analyzers, end: WireRecord) -> None:
    """Publish and quarantine what a transfer says; `end` commits with the last of it.

    StoreError leaves the transfer without its end, so that it is found and settled again;
    what was committed already is then known by its occurrence.
    """
    outcomes: Sequence[Outcome | None] = [*read_transfer(transfer, analyzers), None]
    if outcomes[0] is None:
        await ports.journal(end)
    for outcome, following in pairwise(outcomes):
        wire = () if following else (end,)
        match outcome:
            case Publication():
                await ports.publish(outcome, *wire)
            case Refused():
                await _quarantine(ports, outcome, *wire)


async def give_up(ports: Ports, transfer: Transfer, analyzers: Analyzers, why: str) -> None:
    """Quarantine a transfer that ended without EOT. An enquiry without frames says nothing."""
    end = _given_up(ports, transfer)
    if not transfer.frames:
        await ports.journal(end)
        return
    device = sender_of(transfer.frames[0].data, analyzers)
    detail = sentence(
        "the transfer broke off ({why}); {count} frames were acknowledged",
        why=why,
        count=len(transfer.frames),
    )
    reason = QuarantineReason.INCOMPLETE
    await _quarantine(ports, Refused(transfer.frames, device, reason, device, detail), end)


async def recover(ports: Ports, analyzers: Analyzers) -> None:
    """Settle what was acknowledged before the gateway was stopped, killed or out of disk.

    Nobody knows whether EOT came, and it would have had no answer: a message that has its
    terminator is published, any other waits for a person.
    """
    for transfer in await unsettled(ports):
        await settle(ports, transfer, analyzers, _given_up(ports, transfer))


def sender_of(first_frame: bytes, analyzers: Analyzers) -> str:
    """The device that the first frame of a transfer names; empty if that is open."""
    return analyzers.sender(text_of(first_frame).split(b"\r", 1)[0])


def _given_up(ports: Ports, transfer: Transfer) -> WireRecord:
    """The mark of a transfer's end where the line brought none."""
    last = (transfer.enquiry, *transfer.frames)[-1]
    return ports.record(GIVEN_UP, device=last.device, session=last.session)


async def _quarantine(ports: Ports, refused: Refused, *wire: WireRecord) -> None:
    last = replace(refused.frames[-1], device=refused.device)
    entry = ports.quarantined(last, refused.reason, refused.subject, refused.detail)
    await ports.quarantine(entry, *wire)
