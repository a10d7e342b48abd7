"""The hospital's own recordings: a folder with `clips.yaml`, read and checked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from queue_display.voice.script import PAUSE, Said, Tongue
from queue_display.voice.sound import BadSound, Sound, joined, read_wav

MANIFEST = "clips.yaml"


@dataclass(frozen=True, slots=True)
class Clips:
    """The recordings of a folder by language and word."""

    words: Mapping[Tongue, Mapping[str, Sound]]

    def missing(self, tongue: Tongue, wanted: Iterable[str]) -> list[str]:
        """Which of these words are not recorded."""
        return [each for each in wanted if each not in self.words.get(tongue, {})]

    def said(self, sentence: Said, gap: float) -> Sound | None:
        """The sentence, without the name if it is not recorded; None if another word is not."""
        own = self.words.get(sentence.tongue, {})
        words = [each for each in sentence.words if each != PAUSE]
        if any(each.name and each.text not in own for each in words):
            words = [each for each in words if not each.name]
        if any(each.text not in own for each in words):
            return None
        sounds = [own[each.text] for each in words]
        return joined(sounds, gap, sounds[0].rate)


def read_clips(folder: Path) -> tuple[Clips, list[str]]:
    """The recordings of a folder, and every fault of it: the file, the word, what is wrong."""
    place = folder / MANIFEST
    try:
        manifest = yaml.safe_load(place.read_text("utf-8"))
    except OSError as error:
        return Clips({}), [f"{place}: {error.strerror}"]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return Clips({}), [f"{place}: no YAML in UTF-8: {' '.join(str(error).split())}"]
    if not isinstance(manifest, dict):
        return Clips({}), [f"{place}: write languages with their words, as zh-CN: {{请: a.wav}}"]
    faults: list[str] = []
    words: dict[Tongue, dict[str, Sound]] = {}
    for language, listed in manifest.items():
        if language not in set(Tongue) or not isinstance(listed, dict):
            faults.append(f"{place}: {language} is none of {', '.join(Tongue)} with its words")
            continue
        tongue = Tongue(language)
        words[tongue] = dict(_recordings(folder, listed, f"{place}: {language}", faults))
    return Clips(words), faults


def _recordings(
    folder: Path, listed: Mapping[object, object], place: str, faults: list[str]
) -> Iterable[tuple[str, Sound]]:
    rate = 0
    for word, name in listed.items():
        where = f"{place}, {word}: {name}"
        try:
            sound = read_wav((folder / str(name)).read_bytes())
        except OSError as error:
            faults.append(f"{where}: {error.strerror}")
            continue
        except BadSound as error:
            faults.append(f"{where}: {error}")
            continue
        rate = rate or sound.rate
        if sound.rate != rate:
            faults.append(f"{where}: {sound.rate} samples a second, where the first has {rate}")
            continue
        yield str(word), sound
