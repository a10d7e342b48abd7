"""What of devices.yaml is about announcements."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from queue_display.voice.script import Tongue

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _are_hours(text: str) -> str:
    if not _HOURS.fullmatch(text):
        raise ValueError("write hours as 21:00-07:00")
    return text


Hours = Annotated[str, AfterValidator(_are_hours)]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EspeakOptions(_Options):
    """eSpeak NG, of the extra `voice`, at so many words a minute."""

    kind: Literal["espeak"]
    pace: int = Field(default=150, ge=80, le=300)
    seconds: float = Field(default=10, gt=0, le=60)


class ClipsOptions(_Options):
    """The hospital's own recordings, joined: `folder` has a `clips.yaml` that names their files.

    Its form is `{zh-CN: {请: please.wav, …}, en: {…}}`; the files are WAV, PCM of 16 bits, one
    channel, all of one language with the same number of samples a second.
    """

    kind: Literal["clips"]
    folder: Path
    gap: float = Field(default=0.05, ge=0, le=1, description="seconds between two recordings")


class CommandOptions(_Options):
    """A voice of one's own: a program that is given a text and writes a WAV file to its output.

    `{language}` in an argument becomes zh-CN, en or yue. `pinyin`: it takes pinyin with tones as
    digits (shan4) among characters; otherwise characters of the same sound are used.
    """

    kind: Literal["command"]
    command: tuple[str, ...] = Field(min_length=1)
    languages: tuple[Tongue, ...] = (Tongue.MANDARIN,)
    pinyin: bool = False
    seconds: float = Field(default=10, gt=0, le=60)


AnnouncerOptions: TypeAlias = Annotated[
    EspeakOptions | ClipsOptions | CommandOptions, Field(discriminator="kind")
]


class VoiceOptions(_Options):
    """How a zone is spoken to.

    `by` are announcers, in this order: the next one speaks where one can't. `names`: the patient's
    name is said as the screen shows it, with 先生 or 女士; without, the number alone. In the hours
    of `quiet` nothing sounds. `volume` is from 0 to 1.
    """

    by: tuple[str, ...] = Field(min_length=1)
    languages: tuple[Tongue, ...] = Field(default=(Tongue.MANDARIN, Tongue.ENGLISH), min_length=1)
    names: bool = True
    chime: bool = True
    repeat: int = Field(default=2, ge=1, le=5)
    volume: float = Field(default=0.8, gt=0, le=1)
    quiet: tuple[Hours, ...] = ()

    def is_quiet(self, now: time) -> bool:
        """Whether nothing may sound at a time of day; hours may go over midnight."""
        minute = now.hour * 60 + now.minute
        for each in self.quiet:
            first, last = (int(part[:2]) * 60 + int(part[3:]) for part in each.split("-"))
            inside = first <= minute < last if first <= last else minute >= first or minute < last
            if inside:
                return True
        return False
