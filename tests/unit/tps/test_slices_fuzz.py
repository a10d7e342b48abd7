"""Damaged doses and structure sets are drawn, or it is said why not; nothing else happens."""

from __future__ import annotations

import logging
import random
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from simulators.rt import STATIC, Course, dose, encoded, plan, structure_set
from tests.peers import Say, count
from tps_bridge.draw.histogram import graphs
from tps_bridge.draw.slice import slice_of
from tps_bridge.plan import DoseReference
from tps_bridge.rt import Malformed, decode
from tps_bridge.slices import NotDrawn, read_grid, read_histograms, read_outlines, scale_of

_EXPLICIT = "1.2.840.10008.1.2.1"
_TARGET = DoseReference(1, "TARGET", "PTV", prescribed=10.0)


@pytest.fixture
def quiet() -> Iterator[None]:
    log = logging.getLogger("pydicom")
    log.disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    log.disabled = False


@pytest.mark.usefixtures("quiet")
def test_changed_objects_are_drawn_or_said_not_to_be(say: Say) -> None:
    seed = random.randrange(1 << 32)
    say(f"seed {seed}")
    rng = random.Random(seed)
    course = Course(points=3, pairs=2)
    given = dose(plan(STATIC, course), course, PixelData=b"")
    sources = encoded(given), encoded(structure_set(course))
    drawn = 0
    for _ in range(count(300, 10_000)):
        data = [_changed(each, rng) if rng.random() < 0.6 else each for each in sources]
        try:
            _draw(data[0], data[1], rng)
        except (NotDrawn, Malformed):
            continue
        drawn += 1
    assert drawn > 0


def _draw(dose_data: bytes, structures: bytes, rng: random.Random) -> None:
    """As the page does it, with other values."""
    item = decode(dose_data, _EXPLICIT)
    graphs(read_histograms(item), {})
    grid = read_grid(item)
    rois = read_outlines(decode(structures, _EXPLICIT, contours=True)).rois
    values = np.full((grid.y.count, grid.x.count), rng.uniform(0, 12))
    values[0, 0] = 9.0
    scale = scale_of(grid, [_TARGET], 12.0)
    assert scale is not None
    chosen = frozenset(each.number for each in rois)
    made = slice_of(grid, grid.upwards[0], values, scale, rois=rois, chosen=chosen)
    assert np.isfinite([made.box.width, made.box.height, made.z]).all()
    assert made.box.width > 0
    assert made.box.height > 0


def _changed(data: bytes, rng: random.Random) -> bytes:
    """Some bytes other ones, a piece gone or twice, or the end cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at : at + 4] = rng.randbytes(4)
            case 2:
                del changed[at : at + rng.randrange(1, 40)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(1, 40)]
            case 4:
                changed[at] = rng.choice(b"0123456789.-eE\\ ")
            case _:
                del changed[at + 20 :]
    return bytes(changed)
