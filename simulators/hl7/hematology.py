"""A five-part hematology analyzer (HL7 2.3.1): samples, and its quality control now and then."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

_NAMES = ("王建国", "李秀英", "张伟", "刘洋", "陈静", "杨帆", "赵敏", "黄磊", "周杰", "吴霞")
_COMMENTS = ("标本轻度溶血", "建议涂片复检", "血小板聚集？")
_CONTROL_EVERY = 20
_COMMENT_SHARE = 0.2

_Count: TypeAlias = tuple[str, float, float, str, float, float, int]

_COUNTS: tuple[_Count, ...] = (
    ("6690-2^WBC^LN", 6.5, 1.6, "10*9/L", 4.0, 10.0, 2),
    ("704-7^BAS#^LN", 0.04, 0.02, "10*9/L", 0.0, 0.1, 2),
    ("706-2^BAS%^LN", 0.5, 0.2, "%", 0.0, 1.0, 1),
    ("751-8^NEU#^LN", 4.0, 1.1, "10*9/L", 2.0, 7.0, 2),
    ("770-8^NEU%^LN", 60.0, 7.0, "%", 50.0, 70.0, 1),
    ("711-2^EOS#^LN", 0.15, 0.08, "10*9/L", 0.02, 0.5, 2),
    ("713-8^EOS%^LN", 2.2, 1.0, "%", 0.5, 5.0, 1),
    ("731-0^LYM#^LN", 2.0, 0.5, "10*9/L", 0.8, 4.0, 2),
    ("736-9^LYM%^LN", 31.0, 6.0, "%", 20.0, 40.0, 1),
    ("742-7^MON#^LN", 0.45, 0.12, "10*9/L", 0.12, 1.2, 2),
    ("5905-5^MON%^LN", 6.8, 1.5, "%", 3.0, 12.0, 1),
    ("789-8^RBC^LN", 4.6, 0.4, "10*12/L", 3.5, 5.5, 2),
    ("718-7^HGB^LN", 138.0, 14.0, "g/L", 110.0, 160.0, 0),
    ("787-2^MCV^LN", 90.0, 5.0, "fL", 80.0, 100.0, 1),
    ("785-6^MCH^LN", 30.0, 1.8, "pg", 27.0, 34.0, 1),
    ("786-4^MCHC^LN", 335.0, 8.0, "g/L", 320.0, 360.0, 0),
    ("788-0^RDW-CV^LN", 13.0, 0.9, "%", 11.0, 16.0, 1),
    ("21000-5^RDW-SD^LN", 43.0, 3.0, "fL", 35.0, 56.0, 1),
    ("4544-3^HCT^LN", 41.0, 3.5, "%", 37.0, 54.0, 1),
    ("777-3^PLT^LN", 230.0, 55.0, "10*9/L", 100.0, 300.0, 0),
    ("32623-1^MPV^LN", 9.2, 0.9, "fL", 6.5, 12.0, 1),
    ("32207-3^PDW^LN", 15.5, 0.6, "", 9.0, 17.0, 1),
    ("10002^PCT^99MRC", 0.22, 0.05, "%", 0.108, 0.282, 3),
)


@dataclass(slots=True)
class HematologyAnalyzer:
    """Composes one message after the other. Its control ids begin at 1 with each `restart`."""

    seed: int = 1
    images: bool = True
    control_id: int = 0
    _samples: int = 0
    _dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def restart(self) -> None:
        """Switched off and on: it counts its messages from 1 again."""
        self.control_id = 0

    def message(self, clock: datetime) -> str:
        """The next message, at the analyzer's own time."""
        self.control_id += 1
        self._samples += 1
        if self._samples % _CONTROL_EVERY == 0:
            return self._control(clock)
        return self._sample(clock)

    def _sample(self, clock: datetime) -> str:
        number = f"B{self.seed:03}{self._samples:07}"
        name = self._dice.choice(_NAMES)
        sex = self._dice.choice(("Male", "Female"))
        lines = [
            self._header(clock, "P"),
            f"PID|1||P{self._dice.randrange(100_000):06}^^^^MR||{name}||19700101000000|{sex}",
            "PV1|1|Outpatient|放疗科^^",
            self._request(clock, number),
            *self._modes(),
            *self._results(),
        ]
        if self._dice.random() < _COMMENT_SHARE:
            lines.insert(-1, f"NTE|1||{self._dice.choice(_COMMENTS)}")
        return "\r".join([*lines, *self._pictures()]) + "\r"

    def _control(self, clock: datetime) -> str:
        lines = [
            self._header(clock, "Q"),
            "PID|1||LOT7301^^^^MR||||20270630000000|",
            self._request(clock, "QC-NORMAL"),
        ]
        return "\r".join([*lines, *self._results()]) + "\r"

    def _header(self, clock: datetime, processing: str) -> str:
        at = f"{clock:%Y%m%d%H%M%S}"
        return f"MSH|^~\\&|||||{at}||ORU^R01|{self.control_id}|{processing}|2.3.1||||||UNICODE"

    def _request(self, clock: datetime, number: str) -> str:
        at = f"{clock:%Y%m%d%H%M%S}"
        return f"OBR|1||{number}|00001^Automated Count^99MRC|||{at}|||||||||||||||||HM||||||||admin"

    def _modes(self) -> list[str]:
        return [
            "OBX|1|IS|08001^Take Mode^99MRC||O||||||F",
            "OBX|2|IS|08002^Blood Mode^99MRC||W||||||F",
            "OBX|3|IS|08003^Test Mode^99MRC||CBC+DIFF||||||F",
        ]

    def _results(self) -> list[str]:
        return [_result(at, self._dice, count) for at, count in enumerate(_COUNTS, 4)]

    def _pictures(self) -> list[str]:
        if not self.images:
            return []
        curve = bytes(int(255 * self._dice.random()) for _ in range(256))
        text = base64.b64encode(curve).decode()
        kind = "^Application^Octer-stream^Base64^"
        return [f"OBX|27|ED|15000^WBC Histogram. Binary^99MRC||{kind}{text}||||||F"]


def _result(at: int, dice: random.Random, count: _Count) -> str:
    code, mean, spread, unit, low, high, digits = count
    value = max(0.0, dice.gauss(mean, spread))
    flag = "L~N" if value < low else "H~N" if value > high else "N"
    limits = f"{low:.{digits}f}-{high:.{digits}f}"
    return f"OBX|{at}|NM|{code}||{value:.{digits}f}|{unit}|{limits}|{flag}|||F"
