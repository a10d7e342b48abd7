"""Results as the pages show them: everything already in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from gateway.console.text.reader import Reader
from gateway.console.text.units import written
from gateway.lab import FlagLevel, Result, level_of
from gateway.model import ClockQuality
from gateway.normalizer.laboratory import AS_SENT
from gateway.web import GatewayView
from gateway.web.point import point_name

FLAGS = {
    "HH": "critically high",
    "LL": "critically low",
    "AA": "critically abnormal",
    "HU": "significantly high",
    "LU": "significantly low",
    "HX": "above the threshold",
    "LX": "below the threshold",
    "H": "high",
    "L": "low",
    "A": "abnormal",
    ">": "above the measuring range",
    "<": "below the measuring range",
    "N": "normal",
}
"""Codes of HL7 v2 table 0078 in words; another code is shown as the device sent it."""

LEVELS = {"abnormal": FlagLevel.ABNORMAL, "critical": FlagLevel.CRITICAL}
"""What the address of the results may ask for."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`word` is empty for a code that has none."""

    code: str
    word: str
    level: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One result. `sample_page` is empty where the device named no sample."""

    result: Result
    test: str
    text: str
    unit: str
    sent: str
    flags: tuple[Flag, ...]
    device: str
    known_device: bool
    sample_page: str

    @property
    def sample(self) -> str:
        """The sample as it stands on its tube: without the device and run date before it."""
        return self.result.specimen.removeprefix(self._run)

    @property
    def run_date(self) -> str:
        """The day that a sample number belongs to, if it starts again each day."""
        return self._run.removeprefix(f"{self.result.event.source.device}/").rstrip("/")

    @property
    def _run(self) -> str:
        own = re.match(
            rf"{re.escape(self.result.event.source.device)}/\d{{4}}-\d\d-\d\d/",
            self.result.specimen,
        )
        return own[0] if own else ""

    @property
    def level(self) -> str:
        return self.result.level.name.lower()

    @property
    def origin(self) -> str:
        """Address of the bytes that the result came from, or nothing."""
        event = self.result.event
        return f"/messages/{event.raw_id}?seq={event.seq}" if event.raw_id else ""

    @property
    def clock_doubtful(self) -> bool:
        return self.result.event.clock is ClockQuality.SUSPECT

    @property
    def withdrawn(self) -> bool:
        return self.result.event.status in ("cancelled", "entered-in-error")


def finding(result: Result, view: GatewayView, reader: Reader) -> Finding:
    event = result.event
    status = view.registry.get(event.source.device)
    value = event.value
    return Finding(
        result,
        reader.text(point_name(status, event.code.code)),
        f"{value.operator or ''}{value.text}" if value is not None else "",
        written(event.unit),
        _sent(result),
        tuple(_flags(event.flags)),
        reader.text(status.entry.name) if status is not None else event.source.device,
        status is not None,
        sample_page(event.source.device, result.specimen),
    )


def sample_page(owner: str, specimen: str) -> str:
    """Address of a sample's page; nothing for nobody's result."""
    return f"/samples/{quote(owner, safe='')}/{quote(specimen)}" if specimen else ""


def _flags(codes: tuple[str, ...]) -> Iterator[Flag]:
    for code in codes:
        yield Flag(code, FLAGS.get(code, ""), level_of((code,)).name.lower())


def _sent(result: Result) -> str:
    """Digits and unit before a conversion."""
    sent = (result.event.payload or {}).get(AS_SENT) or {}
    return " ".join(sent[key] for key in ("value", "unit") if key in sent)
