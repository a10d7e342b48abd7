"""Topic templates and filters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from drivers.mqtt.topics import (
    check_filter,
    check_template,
    check_topic,
    expand,
    fewest,
    matches,
    variables,
)

levels = st.sampled_from(["a", "b", "", "$SYS", "+", "x y"])
filters = st.lists(levels, min_size=1, max_size=4).flatmap(
    lambda parts: st.sampled_from(["/".join(parts), "/".join([*parts, "#"]), "#", "+"])
)
topics = st.lists(st.sampled_from(["a", "b", "", "$SYS", "x y"]), min_size=1, max_size=4).map(
    "/".join
)


@given(filters, topics)
def test_filters_match_as_the_standard_says(pattern: str, topic: str) -> None:
    assert matches(pattern, topic) == topic_matches_sub(pattern, topic)


@given(st.lists(filters, max_size=6), topics)
def test_fewer_filters_still_bring_every_message(patterns: list[str], topic: str) -> None:
    kept = fewest(patterns)
    assert any(matches(each, topic) for each in kept) == any(matches(p, topic) for p in patterns)


def test_a_filter_that_another_covers_is_left_out() -> None:
    assert fewest(["z/+", "z/t01", "z/t01/availability", "z/t01"]) == ("z/+", "z/t01/availability")
    assert fewest(["#", "$SYS/x", "a/b"]) == ("#", "$SYS/x")


def test_a_template_is_filled_in() -> None:
    assert variables("{base}/{device}/x") == {"base", "device"}
    assert expand("{base}/{device}/x", {"base": "a/b", "device": "t01"}) == "a/b/t01/x"


@pytest.mark.parametrize(
    ("values", "what"),
    [({}, "needs topic_vars: base"), ({"base": "+"}, "wildcard"), ({"base": "a#"}, "wildcard")],
)
def test_a_template_that_names_no_topic_is_refused(values: dict[str, str], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        expand("{base}/x", values)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "x" * 65_536, "{a"])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match=r"topic|empty"):
        check_topic(topic)


def test_a_template_is_checked_without_its_values() -> None:
    assert check_template("tele/{device}/SENSOR") == "tele/{device}/SENSOR"
    with pytest.raises(ValueError, match="stray brace"):
        check_template("tele/{Device}/SENSOR")


@pytest.mark.parametrize("pattern", ["a+", "a/#/b", "#a", "", "a/b+/c"])
def test_what_is_no_filter_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"filter|empty"):
        check_filter(pattern)


@pytest.mark.parametrize("pattern", ["#", "+", "a/+/b", "a/#", "+/+/#"])
def test_wildcards_may_fill_levels(pattern: str) -> None:
    assert check_filter(pattern) == pattern
