"""What is said of a call, as tables: numbers, names, ways, in each language."""

from __future__ import annotations

from datetime import time

import pytest

from gateway.model import PersonName, Script, Sex
from gateway.patients.masking import initials, masked
from queue_display.terms import words
from queue_display.voice.options import VoiceOptions
from queue_display.voice.script import Called, Tongue, needed, said
from queue_display.voice.surnames import READINGS

ROOM = words("1号机房", "Room 1")


def _zh(name: str, sex: Sex | None, *, full_mask: bool = True) -> str:
    call = Called("A105", name, ROOM, sex, full_mask=full_mask)
    return said(call, Tongue.MANDARIN).text(pinyin=True)


@pytest.mark.parametrize(
    ("whole", "sex", "heard"),
    [
        ("张小三", Sex.MALE, "张 先生"),
        ("张三", Sex.FEMALE, "张 女士"),
        ("张小三", None, "张 某 三"),
        ("张三", None, "张 某"),
        ("张小三", Sex.OTHER, "张 某 三"),
        ("张小三", Sex.UNKNOWN, "张 某 三"),
        ("欧阳文静", Sex.FEMALE, "欧阳 女士"),
        ("尉迟敬德", Sex.MALE, "yu4 chi2 先生"),
        ("长孙无忌", Sex.MALE, "zhang3 sun1 先生"),
        ("万俟卨", None, "mo4 qi2 某"),
        ("单雨", Sex.FEMALE, "shan4 女士"),
        ("仇英", Sex.MALE, "qiu2 先生"),
        ("查良镛", Sex.MALE, "zha1 先生"),
        ("曾国藩", Sex.MALE, "zeng1 先生"),
        ("解缙", None, "xie4 某"),
        ("区寄", Sex.MALE, "ou1 先生"),
        ("盖聂", Sex.MALE, "ge3 先生"),
        ("朴正欢", Sex.FEMALE, "piao2 女士"),
        ("翟让", Sex.MALE, "zhai2 先生"),
        ("牟其中", Sex.MALE, "牟 先生"),
        ("贾政", Sex.MALE, "jia3 先生"),
        ("乐正克", Sex.MALE, "yue4 zheng4 先生"),
        ("阿依古丽·买买提", Sex.FEMALE, "阿 某 买 某"),
    ],
)
def test_a_name_is_said_as_far_as_the_mask_shows_it(
    whole: str, sex: Sex | None, heard: str
) -> None:
    assert (
        _zh(masked(PersonName(Script.IDEOGRAPHIC, whole)), sex)
        == f"请 A 一 零 五 号，{heard}，到 1号机房"
    )


@pytest.mark.parametrize("shown", ["", "*", "J. S."])
def test_what_shows_no_surname_is_said_by_its_number(shown: str) -> None:
    assert _zh(shown, Sex.MALE) == "请 A 一 零 五 号，到 1号机房"


def test_a_first_character_alone_is_no_surname_to_put_a_title_after() -> None:
    shown = initials(PersonName(Script.IDEOGRAPHIC, "欧阳", "文静"))
    assert _zh(shown, Sex.FEMALE, full_mask=False) == "请 A 一 零 五 号，欧 某，到 1号机房"


@pytest.mark.parametrize(
    ("family", "heard"),
    [
        ("单", "shan4"),
        ("单于", "chan2"),
        ("尉", "wei4"),
        ("尉迟", "yu4"),
        ("长孙", "zhang3"),
        ("欧阳", "欧"),
        ("", "单"),
        ("张", "单"),
    ],
)
def test_a_first_character_is_read_as_in_the_surname_that_it_begins(
    family: str, heard: str
) -> None:
    """Where the surname isn't known, nor the one that is shown, it is the announcer's."""
    name = PersonName(Script.IDEOGRAPHIC, family if family not in ("", "张") else "单", "婷婷")
    call = Called("B2", initials(name), ROOM, Sex.MALE, full_mask=False, surname=family)
    found = said(call, Tongue.MANDARIN)
    assert f"，{heard} 某，" in found.text(pinyin=True)
    (word,) = [each for each in found.words if each.name and each.text == initials(name)[0]]
    assert len(word.like) == 1


@pytest.mark.parametrize(
    ("name", "place", "heard"),
    [
        ("张*三", ROOM, "number A one zero five, please go to Room 1"),
        ("J. S.", ROOM, "number A one zero five, J S, please go to Room 1"),
        ("", words("机房", "机房"), "number A one zero five, please look at the screen"),
    ],
)
def test_english_says_no_chinese(name: str, place: dict[str, str], heard: str) -> None:
    assert said(Called("A105", name, place, Sex.MALE), Tongue.ENGLISH).text() == heard


def test_a_voice_without_pinyin_gets_characters_of_the_same_sound() -> None:
    assert said(Called("B2", "单*", ROOM, Sex.MALE), Tongue.MANDARIN).text() == (
        "请B二号，善先生，到1号机房"
    )


def test_readings_of_mandarin_are_not_put_on_cantonese() -> None:
    call = Called("B2", "单*", ROOM, Sex.MALE)
    assert "单 先生" in said(call, Tongue.CANTONESE).text(pinyin=True)


def test_every_reading_has_a_tone_for_each_character() -> None:
    for surname, reading in READINGS.items():
        assert len(reading.pinyin.split()) == len(surname) == len(reading.like)
        assert all(each[-1] in "1234" for each in reading.pinyin.split())


def test_all_that_is_said_but_names_is_among_the_needed_recordings() -> None:
    for tongue in Tongue:
        wanted = needed(tongue, ["A"], [ROOM])
        sentence = said(Called("A0123456789", "张*", ROOM, Sex.MALE), tongue)
        heard = {each.text for each in sentence.words if not each.name and each.text != "，"}
        assert heard == set(wanted)


@pytest.mark.parametrize(
    ("clock", "quiet"),
    [
        ("20:59", False),
        ("21:00", True),
        ("03:00", True),
        ("06:59", True),
        ("07:00", False),
        ("12:29", False),
        ("12:30", True),
        ("13:00", False),
    ],
)
def test_quiet_hours_may_go_over_midnight(clock: str, quiet: bool) -> None:  # noqa: FBT001
    voice = VoiceOptions(by=("espeak",), quiet=("21:00-07:00", "12:30-13:00"))
    assert voice.is_quiet(time.fromisoformat(clock)) is quiet
