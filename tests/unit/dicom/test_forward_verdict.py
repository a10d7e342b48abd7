"""What an answer means, and how long to wait after none."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.forward.pause import Pause
from dicom.forward.verdict import Fate, judge


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0x0000, Fate.STORED),
        (0x0001, Fate.AGAIN),
        (0x0107, Fate.STORED),
        (0xB000, Fate.STORED),
        (0xB006, Fate.STORED),
        (0xB007, Fate.STORED),
        (0xA700, Fate.AGAIN),
        (0xA7FF, Fate.AGAIN),
        (0x0110, Fate.AGAIN),
        (0x0213, Fate.AGAIN),
        (0xA900, Fate.NEVER),
        (0xC000, Fate.NEVER),
        (0xCFFF, Fate.NEVER),
        (0x0111, Fate.NEVER),
        (0x0122, Fate.NEVER),
        (0x0124, Fate.NEVER),
        (0x0117, Fate.NEVER),
        (0x0211, Fate.NEVER),
    ],
)
def test_each_class_of_status(status: int, fate: Fate) -> None:
    assert judge(status, "", doubt=False).fate is fate


def test_a_duplicate_of_what_may_have_been_sent_is_our_own() -> None:
    assert judge(0x0111, "", doubt=True).fate is Fate.STORED
    assert judge(0x0111, "", doubt=False).fate is Fate.NEVER


def test_the_words_name_the_status_and_what_the_peer_said() -> None:
    words = judge(0xA700, "disk full", doubt=False).words
    assert words == "it is out of resources: disk full (A700H)"
    assert judge(0x0199, "", doubt=False).words == "status 0199H"


@given(st.integers(0, 0xFFFF), st.booleans())
def test_every_status_has_a_verdict_and_every_refusal_has_words(
    status: int,
    doubt: bool,  # noqa: FBT001
) -> None:
    verdict = judge(status, "", doubt=doubt)
    assert verdict.words or status == 0


@given(st.floats(1, 1000), st.integers(0, 2**32), st.integers(1, 40))
def test_a_pause_grows_and_never_passes_its_bound(longest: float, seed: int, tries: int) -> None:
    pause = Pause(longest, rng=random.Random(seed))
    waits = [pause.seconds() for _ in range(tries)]
    expected = [min(2.0**step, longest) for step in range(tries)]
    for wait, full in zip(waits, expected, strict=True):
        assert 0.75 * full <= wait <= full
    pause.reset()
    assert pause.seconds() <= min(1.0, longest)
