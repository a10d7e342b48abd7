"""What the journal of a line tells: which transfers there were, and which were never settled.

A line's records are ENQ, frames and EOT as they came. A transfer that was given up ends with a
record of no bytes. One session holds several transfers, one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from drivers.astm.codec import ENQ, EOT, STX
from drivers.astm.transfer import Transfer
from gateway import Ports, WireRecord

ENQUIRY, END, GIVEN_UP = bytes([ENQ]), bytes([EOT]), b""

MOST_FRAMES = 16_384
"""Frames that a transfer may have."""

_FIRST_PAGE, _LAST_PAGE = 256, 65_536
_LOOK_BACK = 120_000_000
"""Microseconds. A transfer that was under way had a record within the receiver's 30 s."""


@dataclass(frozen=True, slots=True)
class Told:
    """A transfer as the journal has it. `settled` once its end is there."""

    transfer: Transfer
    settled: bool


def transfers(records: Iterable[WireRecord]) -> Iterator[Told]:
    """The transfers of one session from its records, oldest first.

    Records before the first ENQ belong to a transfer whose beginning is not among them.
    """
    enquiry: WireRecord | None = None
    frames: list[WireRecord] = []
    for record in records:
        if record.data == ENQUIRY:
            if enquiry is not None:
                yield Told(Transfer(enquiry, tuple(frames)), settled=False)
            enquiry, frames = record, []
        elif enquiry is None:
            continue
        elif record.data[:1] == bytes([STX]):
            frames.append(record)
        elif record.data in {END, GIVEN_UP}:
            yield Told(Transfer(enquiry, tuple(frames)), settled=True)
            enquiry = None
    if enquiry is not None:
        yield Told(Transfer(enquiry, tuple(frames)), settled=False)


async def unsettled(ports: Ports) -> Sequence[Transfer]:
    """The transfers of a link that were begun and have no end in the journal, oldest first."""
    found: list[Transfer] = []
    by_session = sorted(await _latest(ports), key=lambda record: (record.session, record.raw_id))
    for session, group in groupby(by_session, key=lambda record: record.session):
        records = list(group)
        if records[-1].data in {END, GIVEN_UP}:
            continue
        if records[0].data != ENQUIRY:
            records = list(reversed(await ports.recent(session, 2 * MOST_FRAMES)))
        found += [told.transfer for told in transfers(records) if not told.settled]
    return sorted(found, key=lambda transfer: transfer.enquiry.raw_id)


async def _latest(ports: Ports) -> Sequence[WireRecord]:
    """The records of the last two minutes before the last one."""
    limit = _FIRST_PAGE
    while True:
        records = await ports.recent("", limit)
        if len(records) < limit or limit >= _LAST_PAGE:
            return records
        if records[0].at - records[-1].at > _LOOK_BACK:
            return records
        limit *= 4
