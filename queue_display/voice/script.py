"""What is said of a call, word by word. Pure.

It is made from what the screens of the zone show, and knows no more of a patient than these, but
for the sex as the site knows it, which chooses between 先生 and 女士, and for the surname, which
chooses how the character that is shown of it is read. Nothing is guessed: without the sex, and of
names that have no surname, the mask is read out (张某三).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Script, Sex, script_of
from gateway.patients.masking import STAR
from queue_display.terms import Words
from queue_display.voice.surnames import READINGS, Reading, reading_of


class Tongue(StrEnum):
    """The languages of announcements."""

    MANDARIN = "zh-CN"
    ENGLISH = "en"
    CANTONESE = "yue"

    @property
    def chinese(self) -> bool:
        return self is not Tongue.ENGLISH


@dataclass(frozen=True, slots=True)
class Word:
    """What is said in one breath; a recording of it is called as its `text`.

    `reading` is how a surname is read; `name`: part of the patient's name, all of which is left
    out where a recording of one of its words is missing.
    """

    text: str
    reading: Reading | None = None
    name: bool = False

    @property
    def pinyin(self) -> str:
        """As characters, but for a surname with a reading of its own: pinyin with tones."""
        return self.reading.pinyin if self.reading is not None else self.text

    @property
    def like(self) -> str:
        """As characters that any voice reads aright."""
        return self.reading.like if self.reading is not None else self.text


PAUSE = Word("，")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in one language."""

    tongue: Tongue
    words: tuple[Word, ...]

    def text(self, *, pinyin: bool = False) -> str:
        """The sentence for a voice that takes pinyin with tones, or for one that does not."""
        written = (each.pinyin if pinyin else each.like for each in self.words)
        gap = "" if self.tongue.chinese and not pinyin else " "
        return re.sub(r" ?[，,] ?", "，" if self.tongue.chinese else ", ", gap.join(written))


@dataclass(frozen=True, slots=True)
class Called:
    """A call as its zone shows it; `name` is masked, and empty where the number alone is shown.

    `full_mask`: the mask keeps the whole surname, so that 先生 or 女士 may follow it. Where it does
    not, `surname` is the whole one: never said, it tells how its shown beginning is read.
    """

    label: str
    name: str
    place: Words
    sex: Sex | None = None
    full_mask: bool = True
    surname: str = ""


DIGITS: Mapping[Tongue, str] = {
    Tongue.MANDARIN: "零 一 二 三 四 五 六 七 八 九",
    Tongue.ENGLISH: "zero one two three four five six seven eight nine",
    Tongue.CANTONESE: "零 一 二 三 四 五 六 七 八 九",
}
TITLES = {Sex.MALE: "先生", Sex.FEMALE: "女士"}
_SOMEBODY = "某"


def said(call: Called, tongue: Tongue, readings: Mapping[str, Reading] = READINGS) -> Said:
    """A call in one language."""
    number = tuple(Word(each) for each in spelled(call.label, tongue))
    place = call.place.get("en" if tongue is Tongue.ENGLISH else "zh-CN", "")
    if tongue is Tongue.ENGLISH:
        name = _in_letters(call.name)
        return Said(tongue, (Word("number"), *number, PAUSE, *name, *_where_in_english(place)))
    name = in_chinese(call, readings if tongue is Tongue.MANDARIN else {})
    where = (Word("到"), Word(place)) if place else (Word("看屏幕"),)
    return Said(tongue, (Word("请"), *number, Word("号"), PAUSE, *name, *where))


def spelled(label: str, tongue: Tongue) -> Iterable[str]:
    """A number letter by letter and digit by digit."""
    digits = DIGITS[tongue].split()
    return (digits[int(each)] if each in "0123456789" else each for each in label)


def in_chinese(call: Called, readings: Mapping[str, Reading]) -> tuple[Word, ...]:
    """张先生; the whole mask where the sex or the surname is not known; nothing of letters."""
    mask = call.name.strip(STAR + " ")
    if not mask or script_of(mask) is not Script.IDEOGRAPHIC:
        return ()
    family, given = call.name.split(STAR, 1) if STAR in call.name else (call.name, "")
    whole = family if call.full_mask else call.surname
    surname = Word(family, reading_of(family, whole, readings), name=True)
    title = TITLES.get(call.sex) if call.sex is not None else None
    if title is not None and call.full_mask and family and "·" not in call.name:
        return (surname, Word(title, name=True), PAUSE)
    if "·" in call.name:
        parts = re.split(r"[·*]+", call.name)
        return (*(w for p in parts if p for w in (_named(p), _named(_SOMEBODY))), PAUSE)
    return (surname, _named(_SOMEBODY), *([_named(given)] if given else ()), PAUSE)


def _named(text: str) -> Word:
    return Word(text, name=True)


def _in_letters(name: str) -> tuple[Word, ...]:
    """Initials, letter by letter; a name in characters is not said in English."""
    letters = [each for each in name if each.isascii() and each.isalpha()]
    return (*(_named(each) for each in letters), PAUSE) if letters else ()


def _where_in_english(place: str) -> tuple[Word, ...]:
    """The way, or to the screen where it is written in Chinese alone."""
    if not place or script_of(place) is not Script.ALPHABETIC:
        return (Word("please look at the screen"),)
    return (Word("please go to"), Word(place))


def needed(tongue: Tongue, prefixes: Iterable[str], places: Iterable[Words]) -> list[str]:
    """The recordings without which a call can't be said; those of names may be missing."""
    own = {letter for prefix in prefixes for letter in prefix}
    found = [*DIGITS[tongue].split(), *sorted(own)]
    for place in places:
        call = Called("0", "", place)
        found += [each.text for each in said(call, tongue).words if each is not PAUSE]
    return list(dict.fromkeys(found))
