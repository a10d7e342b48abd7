"""Attribute matching: what each kind of key lets pass, as PS3.4 C.2.2.2 says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.query.matching import Malformed, days_of, match_of, moment_of, moments_of
from dicom.storage.forms import day_of, folded, times_of

_dates = st.dates(date(1900, 1, 1), date(2100, 12, 31))
_moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - local
    lambda moment: moment.replace(microsecond=0)
)
_words = st.text(st.sampled_from("abcAB张伟 ^"), min_size=1, max_size=8)


def fits(vr: str, wanted: str, value: str, *, identifier: bool = False) -> bool:
    match = match_of(vr, wanted, identifier=identifier)
    return match is None or match.test(value)


@pytest.mark.parametrize("vr", ["PN", "LO", "UI", "DA", "TM", "CS", "IS"])
@pytest.mark.parametrize("wanted", ["", "  "])
def test_an_empty_key_lets_everything_pass(vr: str, wanted: str) -> None:
    assert match_of(vr, wanted) is None


def test_a_star_lets_everything_pass_where_wild_cards_are() -> None:
    assert match_of("PN", "*") is None
    with pytest.raises(Malformed):
        match_of("DA", "*")


@given(_dates, _dates, _dates)
def test_a_range_of_dates_is_that_of_the_calendar(first: date, last: date, day: date) -> None:
    wanted = f"{first:%Y%m%d}-{last:%Y%m%d}"
    assert fits("DA", wanted, f"{day:%Y%m%d}") == (first <= day <= last)
    assert fits("DA", f"{first:%Y%m%d}-", f"{day:%Y%m%d}") == (first <= day)
    assert fits("DA", f"-{last:%Y%m%d}", f"{day:%Y%m%d}") == (day <= last)
    assert fits("DA", f"{first:%Y%m%d}", f"{day:%Y%m%d}") == (first == day)


@given(_dates)
def test_an_old_date_with_points_is_the_same_date(day: date) -> None:
    assert fits("DA", f"{day:%Y%m%d}", f"{day:%Y.%m.%d}")
    assert not fits("DA", f"{day + timedelta(1):%Y%m%d}", f"{day:%Y.%m.%d}")


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("1015", "101500", True),
        ("1015", "101559.999", True),
        ("1015", "101600", False),
        ("10-12", "125959", True),
        ("-1015", "101559", True),
        ("1015-", "101459.999999", False),
        ("101500.5-", "101500.499999", False),
        ("10:15", "101500", True),
        ("1015", "", False),
        ("1015", "noon", False),
    ],
)
def test_a_time_is_as_precise_as_it_is_given(wanted: str, value: str, *, expected: bool) -> None:
    assert fits("TM", wanted, value) is expected


@given(_moments, _moments, _moments)
def test_date_and_time_together_are_one_range(
    first: datetime, last: datetime, moment: datetime
) -> None:
    both = moments_of(f"{first:%Y%m%d}-{last:%Y%m%d}", f"{first:%H%M%S}-{last:%H%M%S}")
    assert both.holds(moment_of(f"{moment:%Y%m%d}", f"{moment:%H%M%S}")) == (
        first <= moment <= last
    )


@pytest.mark.parametrize("text", ["2025", "20250601-20250602-", "-", "x", "20250601\\20250602"])
def test_what_is_no_date_is_refused_and_never_widened(text: str) -> None:
    with pytest.raises(Malformed):
        match_of("DA", text)


def test_a_list_of_uids_names_each() -> None:
    match = match_of("UI", "1.2\\1.3")
    assert match is not None
    assert match.exactly == ("1.2", "1.3")
    assert [match.test(uid) for uid in ("1.2", "1.3", "1.2.3", "")] == [True, True, False, False]


@given(st.text(st.sampled_from("ab*?"), min_size=1, max_size=6), st.text("ab", max_size=6))
def test_wild_cards_are_those_of_a_shell(pattern: str, value: str) -> None:
    expected = fnmatchcase(value, pattern) and (bool(value) or not pattern.strip("*"))
    assert fits("LO", pattern, value) == expected


@pytest.mark.parametrize("special", ["[ab]", "a.c", "a+", "(a)", "\t"])
def test_other_characters_stand_for_themselves(special: str) -> None:
    assert fits("SH", f"{special}?", f"{special}x")
    assert not fits("SH", f"{special}?", "ax")


def test_identifiers_are_compared_as_they_are_and_descriptions_by_their_characters() -> None:
    assert fits("LO", "A1", "Ａ１")
    assert not fits("LO", "A1", "Ａ１", identifier=True)
    assert not fits("LO", "a1", "A1")
    assert not fits("CS", "CT*", "MR")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("zhang^wei", "Zhang^Wei=张^伟"),
        ("ZHANG*", "Zhang^Wei=张^伟"),
        ("张*", "Zhang^Wei=张^伟"),
        ("=张^伟", "Zhang^Wei=张^伟"),
        ("*=张*", "Zhang^Wei=张^伟"),
        ("muller^jerome", "Müller^Jérôme"),
        ("MÜLLER*", "Muller^Jerome"),
        ("山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("やまだ*", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("Zhang^Wei^^", "Zhang^Wei"),
        ("Ｚｈａｎｇ^Wei", "Zhang^Wei"),
    ],
)
def test_a_name_is_found(wanted: str, name: str) -> None:
    assert fits("PN", wanted, name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("zhang", "Zhang^Wei=张^伟"),
        ("=李*", "Zhang^Wei=张^伟"),
        ("zhang*=李*", "Zhang^Wei=张^伟"),
        ("张^伟=", "Zhang^Wei"),
        ("かに", "がに"),
        ("*", ""),
    ],
)
def test_another_name_is_not(wanted: str, name: str) -> None:
    assert not fits("PN", wanted, name) or match_of("PN", wanted) is None


@given(_words)
def test_a_name_finds_itself_whatever_its_case(name: str) -> None:
    if folded(name).strip("*^"):
        assert fits("PN", name, name.upper())
        assert fits("PN", name.lower(), name)


@given(st.text(max_size=12))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(min_size=1, max_size=12), st.text(max_size=12))
def test_the_prefix_that_the_index_looks_for_misses_no_name(wanted: str, name: str) -> None:
    try:
        match = match_of("PN", wanted)
    except Malformed:
        return
    if match is not None and match.test(name):
        groups = [folded(group) for group in name.split("=")]
        prefixes = match.prefixes or ()
        assert all(any(group.startswith(prefix) for group in groups) for prefix in prefixes)


def test_days_and_times_that_are_none() -> None:
    assert (day_of("today"), times_of("10.5"), times_of("")) == ("", None, None)
    assert days_of("-20250601").first < "1900"


def test_numbers_are_compared_as_numbers() -> None:
    assert fits("IS", "1", "01")
    assert fits("IS", "1\\3", " 3")
    assert not fits("IS", "1", "2")
    assert not fits("IS", "1", "x")


@pytest.mark.parametrize(
    ("vr", "text"), [("IS", "one"), ("PN", "^"), ("PN", "=*="), ("TM", "noon"), ("TM", "10-x")]
)
def test_what_means_nothing_is_refused(vr: str, text: str) -> None:
    with pytest.raises(Malformed):
        match_of(vr, text)


@pytest.mark.parametrize("wanted", ["=张^伟=", "*=张*=*"])
def test_an_empty_group_asks_for_nothing(wanted: str) -> None:
    assert fits("PN", wanted, "Zhang^Wei=张^伟")
    assert not fits("PN", wanted, "Zhang^Wei")


def test_a_list_of_codes_is_any_of_them() -> None:
    assert fits("CS", "CT\\MR", "MR")
    assert fits("CS", "CT\\R*", "RTPLAN")
    assert not fits("CS", "CT\\MR", "US")
