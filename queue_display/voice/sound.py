"""Sound as numbers: WAV read and written, joined, made louder; the chime. Pure."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 22050
"""Samples a second of what is sent to screens."""
_LOUDEST = 32767
_SAMPLE_BYTES = 2
_TONES = (659.0, 523.0, 784.0)
_TONE, _STEP, _FADE = 0.24, 0.28, 0.02
_LOWEST_RATE, _HIGHEST_RATE = 8000, 48000
_LONGEST = 60.0


class BadSound(ValueError):  # noqa: N818 - says what a sound is not
    """Bytes that are no WAV file which can be played: what is wrong with them."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """One channel of 16-bit samples, `rate` a second."""

    rate: int
    samples: NDArray[np.int16]

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def loudness(self) -> float:
        """Root mean square, 0 to 1."""
        if not len(self.samples):
            return 0.0
        return float(np.sqrt(np.mean(np.square(self.samples.astype(np.float64))))) / _LOUDEST


def read_wav(data: bytes) -> Sound:
    """PCM of 16 bits and one channel, 8 to 48 kHz, at most a minute; BadSound otherwise."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            samples = np.frombuffer(_whole(file.readframes(file.getnframes())), dtype="<i2")
    except (wave.Error, EOFError) as error:
        raise BadSound(f"no WAV file of PCM: {error}") from None
    if channels != 1:
        raise BadSound(f"{channels} channels, where one is needed")
    if width != _SAMPLE_BYTES:
        raise BadSound(f"samples of {width * 8} bits, where 16 are needed")
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise BadSound(f"{rate} samples a second, where 8000 to 48000 can be played")
    sound = Sound(rate, samples)
    if not 0 < sound.seconds <= _LONGEST:
        raise BadSound(f"{sound.seconds:.1f} s long, where up to {_LONGEST:.0f} s can be played")
    return sound


def _whole(frames: bytes) -> bytes:
    return frames[: len(frames) // _SAMPLE_BYTES * _SAMPLE_BYTES]


def wav(sound: Sound) -> bytes:
    """As a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_SAMPLE_BYTES)
        file.setframerate(sound.rate)
        file.writeframes(sound.samples.astype("<i2").tobytes())
    return buffer.getvalue()


def joined(sounds: Sequence[Sound], gap: float, rate: int = RATE) -> Sound:
    """One after another with `gap` seconds of silence between them."""
    silence = np.zeros(round(gap * rate), dtype=np.int16)
    pieces = []
    for each in sounds:
        pieces += [_at(each, rate).samples, silence]
    samples = np.concatenate(pieces[:-1]) if pieces else np.zeros(0, dtype=np.int16)
    return Sound(rate, samples)


def _at(sound: Sound, rate: int) -> Sound:
    """The same with another number of samples a second."""
    if sound.rate == rate or not len(sound.samples):
        return sound
    count = round(sound.seconds * rate)
    there = np.arange(count) * (sound.rate / rate)
    mixed = np.interp(there, np.arange(len(sound.samples)), sound.samples.astype(np.float64))
    return Sound(rate, np.round(mixed).astype(np.int16))


def turned(sound: Sound, volume: float) -> Sound:
    """With a volume from 0 to 1."""
    return Sound(sound.rate, np.round(sound.samples.astype(np.float64) * volume).astype(np.int16))


@cache
def chime(rate: int = RATE) -> Sound:
    """Three tones, 0.8 s."""
    samples = np.zeros(round(rate * (_STEP * (len(_TONES) - 1) + _TONE)))
    count, fade = round(rate * _TONE), round(rate * _FADE)
    edge = np.ones(count)
    edge[:fade] = np.linspace(0, 1, fade)
    edge[-fade:] = np.linspace(1, 0, fade)
    for place, tone in enumerate(_TONES):
        begin = round(rate * _STEP * place)
        wave_ = np.sin(2 * np.pi * tone * np.arange(count) / rate) * edge * 0.5
        samples[begin : begin + count] += wave_[: len(samples) - begin]
    return Sound(rate, np.round(samples * _LOUDEST).astype(np.int16))
