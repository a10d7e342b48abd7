"""Messages of a chemistry analyzer, as LIS2-A2 writes them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_TESTS = (
    ("GLU", "mmol/L", 5.4, 0.8, "3.9-6.1"),
    ("UREA", "mmol/L", 5.2, 1.2, "2.8-7.2"),
    ("CREA", "umol/L", 72.0, 15.0, "45-104"),
    ("UA", "umol/L", 310.0, 60.0, "155-428"),
    ("TP", "g/L", 71.0, 4.0, "65-85"),
    ("ALB", "g/L", 44.0, 3.0, "40-55"),
    ("TBIL", "umol/L", 11.0, 4.0, "3.4-20.5"),
    ("ALT", "U/L", 24.0, 9.0, "9-50"),
    ("AST", "U/L", 23.0, 7.0, "15-40"),
    ("ALP", "U/L", 78.0, 18.0, "45-125"),
    ("GGT", "U/L", 25.0, 10.0, "10-60"),
    ("CHOL", "mmol/L", 4.6, 0.8, "0-5.2"),
    ("TG", "mmol/L", 1.3, 0.4, "0-1.7"),
    ("NA", "mmol/L", 140.0, 2.0, "137-147"),
    ("K", "mmol/L", 4.1, 0.3, "3.5-5.3"),
    ("CL", "mmol/L", 103.0, 2.0, "99-110"),
    ("CA", "mmol/L", 2.3, 0.1, "2.11-2.52"),
)
_NAMES = ("王伟", "李娜", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽")


@dataclass(frozen=True)
class Sample:
    """One sample to be reported. `control` marks quality control."""

    number: str
    patient: str
    name: str
    control: bool = False


def sample(index: int, dice: random.Random) -> Sample:
    """The `index`-th sample of a day; every eleventh is a control."""
    if index % 11 == 10:  # noqa: PLR2004 - one control after ten patients
        return Sample(f"QC{1 + index // 11 % 2}", "", "", control=True)
    patient = dice.randrange(10_000, 99_999)
    return Sample(f"2611{index:06}", f"P{patient}", _NAMES[patient % len(_NAMES)])


def chemistry_message(
    subject: Sample, at: datetime, dice: random.Random, name: str = "chem-1"
) -> Sequence[str]:
    """The records of one sample's results, without their CR."""
    written = at.strftime("%Y%m%d%H%M%S")
    action = "Q" if subject.control else "N"
    head = [
        f"H|\\^&|||{name}^^2.1|||||host||P|LIS2-A2|{written}",
        f"P|1|{subject.patient}|||{subject.name}|||U",
        f"O|1|{subject.number}||^^^ALL|R||||||{action}||||Serum||||||||||F",
    ]
    results = [_result(number, test, written, dice) for number, test in enumerate(_TESTS, 1)]
    return [*head, *results, "L|1|N"]


def _result(
    number: int, test: tuple[str, str, float, float, str], at: str, dice: random.Random
) -> str:
    code, unit, mean, spread, limits = test
    low, high = (float(bound) for bound in limits.split("-"))
    value = max(0.0, dice.gauss(mean, spread))
    flag = "L" if value < low else "H" if value > high else "N"
    return f"R|{number}|^^^{code}|{value:>7.2f}|{unit}|{limits}|{flag}||F||op1||{at}|chem"
