"""Results, and a laboratory that has folded them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.lab import LabDesk
from gateway.lab.listing import LISTING_SYSTEM
from gateway.model import (
    Coding,
    DeviceEvent,
    Instant,
    Kind,
    RawId,
    Source,
    Status,
    Subject,
    Value,
)
from gateway.profile import LOINC
from gateway.testing import known_ring

NOON = Instant(1_795_435_200_000_000)


def result(
    seq: int,
    text: str = "5.10",
    *,
    device: str = "chemistry-1",
    code: str = "2345-7",
    specimen: str = "S1",
    issuer: str = "",
    status: Status = Status.FINAL,
    flags: tuple[str, ...] = (),
    raw: int | None = None,
) -> DeviceEvent:
    """A stored result; its bytes came in the order of `seq` unless `raw` says otherwise."""
    named = bool(specimen or issuer)
    return DeviceEvent(
        id=seq.to_bytes(16, "big"),
        site="xiehe-rt",
        source=Source(device, "astm", "1"),
        kind=Kind.RESULT,
        code=Coding(LOINC, code),
        value=Value(text, float(text)),
        unit="mmol/L",
        received_at=Instant(NOON + seq),
        observed_at=Instant(NOON + seq),
        status=status,
        raw_id=RawId(seq if raw is None else raw),
        subject=Subject(specimen=specimen, issuer=issuer) if named else None,
        flags=flags,
        range_text="3.9 - 6.1",
        seq=seq,
    )


async def listings_follow(events: Sequence[DeviceEvent]) -> None:
    """An `Emit`: all that follows are changes of the list of critical values."""
    assert {each.code.system for each in events} <= {LISTING_SYSTEM}


@asynccontextmanager
async def desk_with(path: Path, *events: DeviceEvent) -> AsyncIterator[LabDesk]:
    """A laboratory that has been given `events` at once."""
    async with LabDesk.open(path / "lab.sqlite", known_ring()) as desk:
        if events:
            await desk.apply(events, listings_follow)
        yield desk
