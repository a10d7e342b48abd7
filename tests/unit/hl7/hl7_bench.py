"""What the tests of this driver share: devices, links and messages."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from drivers.hl7 import driver_type
from drivers.hl7.hospital import hospital_points
from drivers.hl7.interpret import Reader, Understood
from drivers.hl7.profile import Hl7Device, Hl7Link, Hl7Profile
from drivers.hl7.refusal import Refusal
from gateway import DeviceEntry, LinkEntry, Reading
from simulators.hl7 import Sent

HEADER = "MSH|^~\\&|LAB|A1|||20261123160436||ORU^R01|7|P|2.3.1||||||UNICODE"
PATIENT = "PID|1||P1^^^HIS^MR||王建国"
REQUEST = "OBR|1||S1|00001^Count|||20261123151657"
RESULT = "OBX|1|NM|WBC||5.2|10*9/L|4.0-10.0|N|||F"
MESSAGE = f"{HEADER}\r{PATIENT}\r{REQUEST}\r{RESULT}" + "\r"

SHANGHAI = ZoneInfo("Asia/Shanghai")

POINTS: dict[str, Any] = {
    "WBC": {"unit": "10*9/L"},
    "NIT": {"states": {"P": "positive", "N": "negative"}},
    "NOTE": {},
    "PIC": {"kind": "object"},
    **hospital_points(),
}


def profile(**options: Any) -> Hl7Profile:
    """A profile with a few points of every sort."""
    common = {"profile": "test", "driver": "hl7", "title": "T", "grade": "derived", "source": "s"}
    return Hl7Profile.model_validate({**common, "points": POINTS, **options})


def built_in(name: str, **options: Any) -> Hl7Profile:
    """A profile of the box."""
    text = (driver_type.home / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return Hl7Profile.model_validate({**yaml.safe_load(text), **options})


def device(name: str = "a1", model: Hl7Profile | None = None, **options: Any) -> DeviceEntry:
    entry = Hl7Device.model_validate(options)
    return DeviceEntry(name, name, "link", model or profile(), entry, 1.0, zone="Asia/Shanghai")


def link(*devices: DeviceEntry, transport: Any = None, **options: Any) -> LinkEntry:
    return LinkEntry(
        "link", "hl7", Hl7Link.model_validate(options), transport, devices or (device(),)
    )


def changed(**replacements: str) -> str:
    """The message with a segment replaced: `changed(OBX="OBX|1|…")`; an empty one is left out."""
    lines = [replacements.get(line[:3], line) for line in MESSAGE.split("\r")]
    return "\r".join(line for line in lines if line) + "\r"


def understood(text: str, **options: Any) -> Understood:
    return Reader([device(model=profile(**options))]).understand(text.encode())


def readings(text: str, **options: Any) -> tuple[Reading, ...]:
    found = understood(text, **options)
    assert found.refusal is None, found.refusal
    return found.readings


def refusal(text: str, **options: Any) -> Refusal:
    found = understood(text, **options).refusal
    assert found is not None
    return found


class Answers(list[Sent]):
    """What a simulated device was answered; one can wait for more of it."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def note(self, sent: Sent) -> None:
        self.append(sent)
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self) < count:
                self._more.clear()
                await self._more.wait()
