"""What such devices say, composed from their public formats."""

from __future__ import annotations

import random
from collections.abc import Iterator

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Weights of the seventeen digits, GB 11643-1999."""

_READ_TWICE = 0.1


def weights(chance: random.Random) -> Iterator[bytes]:
    """A person steps on a scale again and again: unstable values, then one that is stable."""
    while True:
        kilograms = chance.uniform(40, 110)
        for _ in range(chance.randrange(1, 4)):
            yield f"US,{kilograms + chance.uniform(-3, 3):+09.1f} kg\r\n".encode()
        yield f"ST,{kilograms:+09.1f} kg\r\n".encode()


def barcodes(chance: random.Random) -> Iterator[bytes]:
    """Tubes pass a reader; now and then one is read twice."""
    while True:
        code = f"]C0{chance.randrange(10**10):010d}\r\n".encode()
        yield from [code] * (2 if chance.random() < _READ_TWICE else 1)


def cards(chance: random.Random) -> Iterator[bytes]:
    """Identity numbers of nobody: the region 999999 does not exist."""
    while True:
        digits = f"999999{chance.randrange(1940, 2020)}0101{chance.randrange(1000):03d}"
        total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
        yield f"{digits}{'10X98765432'[total % 11]}\r\n".encode()
