from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.keys import event_id, id_of_token, occurrence_id, token_of

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
    assert event_id(happening, "GLU", 1).hex() == "63b6dc60969ece3c1f14cf30cbc343c3"


@given(st.binary(min_size=16, max_size=16), words, st.integers(0, 300))
def test_an_id_begins_as_its_occurrence_and_is_made_again_of_its_token(
    happening: bytes, code: str, ordinal: int
) -> None:
    identity = event_id(happening, code, ordinal)
    token = token_of(identity, happening)
    assert token is not None
    assert id_of_token(happening, token) == identity
    assert identity[:8] == happening[:8]


def test_an_id_of_another_occurrence_has_no_token() -> None:
    one, other = (occurrence_id("site", "device", each) for each in (b"1", b"2"))
    assert token_of(event_id(one, "GLU"), other) is None
