"""A hospital information system that registers patients and books appointments (HL7 2.4)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_NAMES = ("孙^丽", "马^超", "朱^红", "胡^军", "郭^艳", "何^平")
_ROOMS = ("LINAC1^直线加速器1室", "LINAC2^直线加速器2室")


@dataclass(slots=True)
class HospitalOffice:
    """Composes ADT^A04, SIU^S12 and now and then ADT^A08, one after the other."""

    seed: int = 1
    control_id: int = 0
    _dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def restart(self) -> None:
        """It keeps counting: a server's control ids do not begin anew."""

    def message(self, clock: datetime) -> str:
        """The next message."""
        self.control_id += 1
        kinds = ("ADT^A04", "SIU^S12", "ADT^A08")
        kind = kinds[self.control_id % len(kinds)]
        at = f"{clock:%Y%m%d%H%M%S}"
        header = (
            f"MSH|^~\\&|HIS|HOSPITAL|ISOGATE|RT|{at}||{kind}|HIS{self.control_id:08}|P|2.4"
            "||||||UNICODE UTF-8"
        )
        body = self._appointment(clock) if kind.startswith("SIU") else [f"EVN||{at}"]
        return "\r".join([header, *body, self._patient()]) + "\r"

    def _patient(self) -> str:
        number = self._dice.randrange(100_000)
        name = self._dice.choice(_NAMES)
        return f"PID|1||{number:08}^^^HIS&2.16.840.1.1&ISO^MR||{name}||19650412|F"

    def _appointment(self, clock: datetime) -> list[str]:
        start = clock + timedelta(days=1, minutes=15 * self._dice.randrange(30))
        end = start + timedelta(minutes=15)
        room = self._dice.choice(_ROOMS)
        times = f"^^15^{start:%Y%m%d%H%M}^{end:%Y%m%d%H%M}"
        ids = f"A{self.control_id}|F{self.control_id}"
        return [
            f"SCH|{ids}|||||RT^放射治疗|NORMAL|15|min|{times}||||||||||||||Booked",
            f"AIL|1||{room}|||{start:%Y%m%d%H%M}|||15|min",
        ]
