"""A day of a radiotherapy clinic, made by chance from a seed: who is booked, comes, and takes how

long. Times are minutes since the clinic opens. Durations are log-logistic, as times of service in
clinics commonly are; each is drawn by itself about the median of its technique, times a factor by
which its machine is slower or faster on that day.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂华"
_PINYIN = {
    "王": "Wang", "李": "Li", "张": "Zhang", "刘": "Liu", "陈": "Chen", "杨": "Yang", "黄": "Huang",
    "赵": "Zhao", "吴": "Wu", "周": "Zhou", "徐": "Xu", "孙": "Sun", "马": "Ma", "朱": "Zhu",
    "胡": "Hu", "郭": "Guo", "何": "He", "林": "Lin", "罗": "Luo", "高": "Gao",
}  # fmt: skip
_GIVEN_PINYIN = {
    "伟": "wei", "芳": "fang", "娜": "na", "敏": "min", "静": "jing", "丽": "li", "强": "qiang",
    "磊": "lei", "军": "jun", "洋": "yang", "勇": "yong", "艳": "yan", "杰": "jie", "娟": "juan",
    "涛": "tao", "明": "ming", "超": "chao", "秀": "xiu", "英": "ying", "霞": "xia", "平": "ping",
    "刚": "gang", "桂": "gui", "华": "hua",
}  # fmt: skip

Duration = Callable[[random.Random, float], float]
"""Draws minutes about a median."""


@dataclass(frozen=True, slots=True)
class Technique:
    """What a treatment is by: its `share` of the patients, and the median of its beam-on room time

    in minutes; of a first fraction, `first` times that. Of it the beam takes about `beam`, as its
    plan has it: what varies is to set up, to image and to correct.
    """

    name: str
    share: float
    median: float
    beam: float
    first: float = 1.6


TECHNIQUES = (
    Technique("VMAT", 0.45, 9.0, 2.5),
    Technique("IMRT", 0.25, 13.0, 6.0),
    Technique("3D-CRT", 0.2, 8.0, 2.5),
    Technique("SBRT", 0.1, 24.0, 8.0),
)
_BEAM_VARIES = 0.1
_MOSTLY = 0.8
"""The most of a treatment that its beam takes."""


def log_logistic(shape: float = 5.0) -> Duration:
    """The coefficient of variation is 0.37 at a shape of 5, and grows as the shape falls."""

    def draw(chance: random.Random, median: float) -> float:
        share = chance.random() * 0.998 + 0.001
        return float(median * (share / (1 - share)) ** (1 / shape))

    return draw


def gamma(variation: float = 0.5, factor: float = 1.15) -> Duration:
    """Another shape, and `factor` times as long: what was learnt from the other is not true."""
    shape = 1 / variation**2
    median = shape * (1 - 1 / (9 * shape)) ** 3

    def draw(chance: random.Random, middle: float) -> float:
        return chance.gammavariate(shape, middle * factor / median)

    return draw


@dataclass(frozen=True, slots=True)
class Shape:
    """What days of a clinic have in common.

    `slot` is the minutes between two appointments of a machine. Patients come `lead` minutes before
    theirs, give or take `scatter` (one standard deviation). `drift` is the standard deviation of
    the logarithm of a machine's factor of the day.
    """

    machines: int = 5
    patients: int = 40
    slot: float = 15.0
    techniques: tuple[Technique, ...] = TECHNIQUES
    duration: Duration = field(default_factory=log_logistic)
    setup: float = 3.0
    first: float = 0.06
    lead: float = 18.0
    scatter: float = 14.0
    no_show: float = 0.04
    urgent: float = 0.01
    drift: float = 0.1
    breakdown: float = 0.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One patient's. `comes` is None for a no-show; `setup` is from the call until ready.

    The beam comes on `beam` minutes before the end of `treats`.
    """

    patient: str
    name: str
    pinyin: str
    machine: int
    technique: str
    first: bool
    booked: float
    comes: float | None
    setup: float
    treats: float
    beam: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Breakdown:
    machine: int
    at: float
    minutes: float


@dataclass(frozen=True, slots=True)
class Day:
    """Visits by machine and time booked."""

    visits: tuple[Visit, ...]
    breakdowns: tuple[Breakdown, ...] = ()


def day(seed: int, shape: Shape | None = None) -> Day:
    """The same seed and shape give the same day."""
    shape = shape or Shape()
    chance = random.Random(seed)
    visits: list[Visit] = []
    breakdowns: list[Breakdown] = []
    for machine in range(1, shape.machines + 1):
        factor = math.exp(chance.gauss(0, shape.drift))
        visits += _visits(chance, shape, seed, machine, factor)
        if chance.random() < shape.breakdown:
            at = chance.uniform(0.2, 0.7) * shape.patients * shape.slot
            breakdowns.append(Breakdown(machine, at, chance.uniform(15, 45)))
    return Day(tuple(visits), tuple(breakdowns))


def _visits(
    chance: random.Random, shape: Shape, seed: int, machine: int, factor: float
) -> Iterator[Visit]:
    shares = [each.share for each in shape.techniques]
    for place in range(shape.patients):
        first = chance.random() < shape.first
        course = chance if first else random.Random(f"{machine}/{place}")
        (technique,) = course.choices(shape.techniques, shares)
        median = technique.median * factor * (technique.first if first else 1.0)
        booked = place * shape.slot
        urgent = chance.random() < shape.urgent
        comes = booked - chance.gauss(shape.lead, shape.scatter)
        name = chance.choice(_FAMILIES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2))))
        missed = chance.random() < shape.no_show
        setup, treats = shape.duration(chance, shape.setup), shape.duration(chance, median)
        varies = random.Random(f"{seed}/{machine}/{place}/beam").gauss(0, _BEAM_VARIES)
        yield Visit(
            patient=f"{seed % 100:02}{machine}{place:03}" if first else f"9{machine}{place:03}",
            name=name,
            pinyin=_romanized(name),
            machine=machine,
            technique=technique.name,
            first=first,
            booked=booked,
            comes=None if missed else comes,
            setup=setup,
            treats=treats,
            beam=min(_MOSTLY * treats, technique.beam * math.exp(varies)),
            urgent=urgent,
        )


def _romanized(name: str) -> str:
    given = "".join(_GIVEN_PINYIN[each] for each in name[1:])
    return f"{_PINYIN[name[0]]} {given.capitalize()}"
