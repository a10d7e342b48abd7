"""People who do not exist: names, numbers and birth dates by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_FAMILIES = (
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶",
    *("欧阳", "上官", "司马", "诸葛", "单", "仇", "查", "解", "区"),
)
_GIVEN = (
    *(
        "建国",
        "秀英",
        "志强",
        "桂兰",
        "玉梅",
        "海燕",
        "文博",
        "雪琴",
        "国栋",
        "美玲",
        "晓东",
        "丽华",
    ),
    *(
        "芳",
        "伟",
        "敏",
        "静",
        "磊",
        "洋",
        "艳",
        "勇",
        "军",
        "杰",
        "涛",
        "明",
        "霞",
        "平",
        "刚",
        "英",
    ),
    *(
        "思远",
        "子涵",
        "雨桐",
        "浩然",
        "春生",
        "淑珍",
        "兰英",
        "振华",
        "立新",
        "红梅",
        "永康",
        "秋菊",
    ),
)
_OTHERS = ("阿卜杜拉·买买提", "古丽·热合曼", "扎西·次仁", "SMITH^JOHN", "NGUYEN^THI MAI")
_OTHERS_SHARE = 0.05
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NOWHERE = "000000"
"""A region that no real identity number has."""


@dataclass(frozen=True, slots=True)
class Person:
    """`name` is an XPN (PID-5), `citizen` a number of the right form of a place that isn't."""

    mrn: str
    name: str
    born: date
    sex: str
    card: str
    citizen: str

    def pid(self, *, name: str = "", born: date | None = None, citizen: bool = True) -> str:
        """A PID segment; a name or birth date that differs from the true one can be given."""
        numbers = f"{self.mrn}^^^^MR~{self.card}^^^^JZK"
        known = self.citizen if citizen else ""
        fields = ["PID", "1", "", numbers, "", name or self.name, ""]
        fields += [f"{born or self.born:%Y%m%d}", self.sex]
        return "|".join([*fields, *[""] * 10, known]).rstrip("|")

    def short_pid(self) -> str:
        """As many systems send it beside an appointment."""
        return f"PID|1||{self.mrn}^^^^MR||{self.name}||{self.born:%Y%m%d}|{self.sex}"


def person(dice: random.Random, number: int) -> Person:
    """Somebody, by a dice of their own."""
    born = date(1935, 1, 1) + timedelta(days=dice.randrange(365 * 65))
    sex = dice.choice("男女")
    if dice.random() < _OTHERS_SHARE:
        name = dice.choice(_OTHERS)
    else:
        name = f"{dice.choice(_FAMILIES)}^{dice.choice(_GIVEN)}"
    return Person(
        f"{number:08}", name, born, sex, f"62{number:010}", _citizen(dice, born, male=sex == "男")
    )


def _citizen(dice: random.Random, born: date, *, male: bool) -> str:
    """An identity number (GB 11643): region, birth date, serial that is odd for men, check."""
    serial = dice.randrange(100) * 10 + dice.randrange(5) * 2 + male
    digits = f"{_NOWHERE}{born:%Y%m%d}{serial:03}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return digits + _CHECKS[total % 11]
