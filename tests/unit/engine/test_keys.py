from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.keys import event_id, occurrence_id

words = st.text(st.characters(codec="utf-8"), max_size=8)
places = st.tuples(words, st.integers(0, 300))
happenings = st.tuples(words, words, st.binary(max_size=8))


@given(st.lists(places, unique=True, max_size=8))
def test_events_of_one_happening_never_share_an_id(told: list[tuple[str, int]]) -> None:
    happening = occurrence_id("site", "device", b"1")
    assert len({event_id(happening, code, ordinal) for code, ordinal in told}) == len(told)


@given(st.lists(happenings, unique=True, max_size=8))
def test_no_two_happenings_share_an_id(told: list[tuple[str, str, bytes]]) -> None:
    assert len({occurrence_id(*each) for each in told}) == len(told)


def test_an_id_is_the_same_in_every_run() -> None:
    happening = occurrence_id("site", "device", b"1")
    assert event_id(happening, "GLU", 1).hex() == "ef97856af2f1d2a334ba219cea854eb8"
