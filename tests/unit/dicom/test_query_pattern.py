"""Wild cards: as a simple reading of PS3.4 C.2.2.2.4 says, and without trying for ever."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dicom.query.matching import Malformed, match_of
from dicom.query.pattern import pattern_of


def fits(pattern: str, value: str) -> bool:
    """Character by character; slow."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return fits(pattern[1:], value) or bool(value and fits(pattern, value[1:]))
    return bool(value) and pattern[0] in ("?", value[0]) and fits(pattern[1:], value[1:])


@given(st.text("ab*?.\n", max_size=7), st.text("ab.\n", max_size=7))
@example("a*a", "a")
@example("ab*ba", "aba")
@example("*?", "")
@example("?*?", "ab")
def test_a_pattern_fits_what_the_simple_reading_fits(pattern: str, value: str) -> None:
    assert pattern_of(pattern).fits(value) is fits(pattern, value)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("vr", ["PN", "LT"])
def test_many_stars_take_no_time(vr: str) -> None:
    match = match_of(vr, "*a" * 30 + "*b")
    assert match is not None
    assert not match.test("a" * 10_000)
    assert match.test("a" * 10_000 + "b")


@pytest.mark.parametrize("wanted", ["?*" * 33, "*" + "a" * 256, "CT\\" * 100 + "M?"])
@pytest.mark.parametrize("vr", ["PN", "LO"])
def test_a_key_with_more_wild_cards_than_anybody_needs_is_refused(vr: str, wanted: str) -> None:
    with pytest.raises(Malformed, match="wild cards"):
        match_of(vr, wanted)


def test_a_long_key_without_wild_cards_is_taken() -> None:
    match = match_of("LT", "a" * 10_000)
    assert match is not None
    assert match.test("a" * 10_000)
