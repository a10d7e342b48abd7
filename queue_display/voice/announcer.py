"""Who speaks: eSpeak NG, the hospital's own recordings, or a program of the site's choice."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from queue_display.terms import Words, words
from queue_display.voice.clips import Clips, read_clips
from queue_display.voice.options import (
    AnnouncerOptions,
    ClipsOptions,
    CommandOptions,
    EspeakOptions,
)
from queue_display.voice.outside import Speechless, sound_of
from queue_display.voice.script import Said, Tongue
from queue_display.voice.sound import Sound

_PROCESS = Path(__file__).with_name("espeak_process.py")
_VOICES: Mapping[Tongue, str] = {
    Tongue.MANDARIN: "cmn",
    Tongue.ENGLISH: "en-us",
    Tongue.CANTONESE: "yue",
}
NO_EXTRA = words(
    "未安装可选组件：pip install isogate[voice]",
    "its extra is not installed: pip install isogate[voice]",
)


class Announcer(Protocol):
    """Makes a sentence into sound. `lacks` is what it can't speak without, None where it can."""

    @property
    def lacks(self) -> Words | None: ...

    async def speak(self, sentence: Said) -> Sound:
        """The sentence; Speechless if it can't be said now, or not in this language."""
        ...


@dataclass(frozen=True, slots=True)
class Espeak:
    """eSpeak NG in a process of its own, a new one for each sentence (0.1 s)."""

    options: EspeakOptions

    @property
    def lacks(self) -> Words | None:
        return NO_EXTRA if importlib.util.find_spec("espeakng_loader") is None else None

    async def speak(self, sentence: Said) -> Sound:
        if self.lacks is not None:
            raise Speechless(self.lacks["en"])
        command = [sys.executable, "-I", str(_PROCESS)]
        command += [_VOICES[sentence.tongue], str(self.options.pace)]
        text = sentence.text(pinyin=sentence.tongue is Tongue.MANDARIN)
        return await sound_of(command, text, self.options.seconds)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recordings of a folder, joined."""

    options: ClipsOptions
    clips: Clips
    lacks: Words | None = None

    async def speak(self, sentence: Said) -> Sound:
        sound = self.clips.said(sentence, self.options.gap)
        if sound is None:
            raise Speechless(f"{self.options.folder} has not all words in {sentence.tongue}")
        return sound


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is given the text."""

    options: CommandOptions
    lacks: Words | None = None

    async def speak(self, sentence: Said) -> Sound:
        if sentence.tongue not in self.options.languages:
            raise Speechless(f"{self.options.command[0]} does not speak {sentence.tongue}")
        command = [each.replace("{language}", sentence.tongue) for each in self.options.command]
        text = sentence.text(pinyin=self.options.pinyin and sentence.tongue is Tongue.MANDARIN)
        return await sound_of(command, text, self.options.seconds)


def _recorded(options: ClipsOptions) -> Announcer:
    """What can be played of a folder; `isogate check` says what can't."""
    clips, _ = read_clips(options.folder)
    return Recorded(options, clips)


def announcer(options: AnnouncerOptions) -> Announcer:
    """The announcer that options describe."""
    match options:
        case EspeakOptions():
            return Espeak(options)
        case ClipsOptions():
            return _recorded(options)
        case CommandOptions():
            return Command(options)
