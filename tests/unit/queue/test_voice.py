"""Announcements as sound: measured, by eSpeak NG, joined from recordings, and by programs."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import yaml

from gateway.model import PersonName, Script, Sex
from gateway.room import Permission, Principal
from gateway.testing import Recognizing
from queue_display.board import board
from queue_display.options import QueueRoomOptions
from queue_display.terms import Verb, words
from queue_display.voice.announcer import Command, Espeak, announcer
from queue_display.voice.clips import MANIFEST, read_clips
from queue_display.voice.options import ClipsOptions, CommandOptions, EspeakOptions
from queue_display.voice.outside import Speechless
from queue_display.voice.script import Called, Tongue, needed, said
from queue_display.voice.sound import RATE, BadSound, Sound, chime, joined, read_wav, turned, wav
from queue_display.voice.surnames import READINGS
from tests.unit.queue.desk_case import SECTION, WANG, Department, department
from tests.unit.schedule.schedule_case import at

ROOM = words("1号机房", "Room 1")
CALL = Called("A105", "单*", ROOM, Sex.FEMALE)
SILENCE = 0.005
ESPEAK = Espeak(EspeakOptions(kind="espeak"))


def _tone(seconds: float, rate: int = 16000, pitch: float = 440) -> Sound:
    angle = 2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate
    return Sound(rate, np.round(np.sin(angle) * 12000).astype(np.int16))


def _record(folder: Path, tongues: Mapping[Tongue, list[str]], seconds: float = 0.25) -> None:
    """A folder of recordings: each word is a tone of its own."""
    manifest: dict[str, dict[str, str]] = {}
    for tongue, listed in tongues.items():
        for place, word in enumerate(listed):
            name = f"{tongue}-{place}.wav"
            (folder / name).write_bytes(wav(_tone(seconds, pitch=300 + 20 * place)))
            manifest.setdefault(tongue.value, {})[word] = name
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest, allow_unicode=True), "utf-8")


@pytest.mark.parametrize("tongue", list(Tongue))
async def test_espeak_says_a_call_at_the_pace_of_speech(tongue: Tongue) -> None:
    sound = await ESPEAK.speak(said(CALL, tongue))
    assert sound.rate == RATE
    assert 2 < sound.seconds < 8
    assert sound.loudness > 0.03
    assert np.abs(sound.samples).max() < 32768
    quarter = len(sound.samples) // 4
    for part in range(4):
        piece = Sound(RATE, sound.samples[part * quarter : (part + 1) * quarter])
        assert piece.loudness > SILENCE


async def test_espeak_reads_a_surname_as_one() -> None:
    """单 as Shàn is not 单 as dān, and is 善."""

    async def heard(name: str) -> bytes:
        sentence = said(Called("1", name, ROOM, Sex.MALE), Tongue.MANDARIN)
        return wav(await ESPEAK.speak(sentence))

    assert await heard("单*") == await heard("善*")
    assert await heard("单*") != await heard("丹*")


_PHONEMES = """
import ctypes, sys, espeakng_loader
library = ctypes.CDLL(espeakng_loader.get_library_path())
library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
library.espeak_SetVoiceByName(b"cmn")
library.espeak_TextToPhonemes.restype = ctypes.c_char_p
for line in sys.stdin.buffer.read().splitlines():
    text = ctypes.pointer(ctypes.c_char_p(line))
    place = ctypes.cast(text, ctypes.POINTER(ctypes.c_void_p))
    print(library.espeak_TextToPhonemes(place, 1, 0).decode())
"""
_COMMON = Path(__file__).with_name("common_surnames.txt").read_text("utf-8").split()


def _phonemes(texts: Iterable[str]) -> list[str]:
    """How eSpeak NG reads each text before 先生, as its own phonemes, without pauses and stress."""
    pytest.importorskip("espeakng_loader")
    lines = "\n".join(f"{each} 先生" for each in texts)
    done = subprocess.run(
        [sys.executable, "-c", _PHONEMES], input=lines.encode(), capture_output=True, check=True
    )
    return [re.sub(r"[_|' ]", "", line) for line in done.stdout.decode().splitlines()]


def test_espeak_reads_the_common_surnames_as_they_are_read() -> None:
    wanted = {each[0]: each[1:] for each in _COMMON}
    given = [READINGS[each].pinyin if each in READINGS else each for each in wanted]
    heard = dict(zip(wanted, _phonemes(given), strict=True))
    right = dict(zip(wanted, _phonemes(wanted.values()), strict=True))
    assert len(right) > 220
    assert {each: heard[each] for each in heard if heard[each] != right[each]} == {}


def test_characters_of_the_same_sound_have_it() -> None:
    """But for 那, as no other character is read Nā."""
    readings = {name: each for name, each in READINGS.items() if each.like != name}
    assert set(READINGS) - set(readings) == {"那"}
    like = _phonemes(each.like for each in readings.values())
    assert like == _phonemes(each.pinyin for each in readings.values())


async def test_recordings_are_joined_in_the_order_of_the_words(tmp_path: Path) -> None:
    listed = {each: needed(each, ["A"], [ROOM]) for each in (Tongue.MANDARIN, Tongue.ENGLISH)}
    _record(tmp_path, listed)
    clips = announcer(ClipsOptions(kind="clips", folder=tmp_path, gap=0.05))
    assert clips.lacks is None
    for tongue in listed:
        sentence = said(Called("A105", "", ROOM), tongue)
        count = sum(each.text != "，" for each in sentence.words)
        sound = await clips.speak(sentence)
        assert sound.seconds == pytest.approx(count * 0.25 + (count - 1) * 0.05, abs=0.001)
        assert sound.loudness > 0.2
    with pytest.raises(Speechless):
        await clips.speak(said(CALL, Tongue.CANTONESE))


async def test_a_name_that_is_not_recorded_whole_is_left_out_whole(tmp_path: Path) -> None:
    own = needed(Tongue.MANDARIN, ["A"], [ROOM])
    _record(tmp_path, {Tongue.MANDARIN: [*own, "女士"]})
    clips = announcer(ClipsOptions(kind="clips", folder=tmp_path, gap=0))
    without = await clips.speak(said(Called("A105", "", ROOM), Tongue.MANDARIN))
    assert (await clips.speak(said(CALL, Tongue.MANDARIN))).seconds == without.seconds
    _record(tmp_path, {Tongue.MANDARIN: [*own, "单", "女士"]})
    clips = announcer(ClipsOptions(kind="clips", folder=tmp_path, gap=0))
    named = await clips.speak(said(CALL, Tongue.MANDARIN))
    assert named.seconds == pytest.approx(without.seconds + 0.5)


def test_a_folder_of_recordings_is_checked_file_by_file(tmp_path: Path) -> None:
    _record(tmp_path, {Tongue.MANDARIN: ["请", "零", "一", "二", "三"]})
    (tmp_path / "zh-CN-1.wav").write_bytes(wav(_tone(0.2, rate=22050)))
    (tmp_path / "zh-CN-2.wav").write_bytes(b"RIFF")
    (tmp_path / "zh-CN-3.wav").unlink()
    stereo = bytearray(wav(_tone(0.2)))
    stereo[22:24] = (2).to_bytes(2, "little")
    (tmp_path / "zh-CN-4.wav").write_bytes(stereo)
    _, faults = read_clips(tmp_path)
    said_ = "\n".join(faults)
    assert "零: zh-CN-1.wav: 22050 samples a second, where the first has 16000" in said_
    assert "一: zh-CN-2.wav: no WAV file of PCM" in said_
    assert "二: zh-CN-3.wav: No such file" in said_
    assert "三: zh-CN-4.wav: 2 channels" in said_
    assert len(faults) == 4


def test_missing_words_and_unknown_announcers_are_mistakes_with_their_place(tmp_path: Path) -> None:
    _record(tmp_path, {Tongue.MANDARIN: [w for w in needed(Tongue.MANDARIN, ["A", "B"], [ROOM])
                                         if w != "七"]})  # fmt: skip
    section = _section({"own": {"kind": "clips", "folder": str(tmp_path)}}, by=["own", "nobody"])
    found = {(each.trail, each.message) for each in
             QueueRoomOptions.model_validate(section).faults([])
             if "voice" in each.trail or "announcers" in each.trail}  # fmt: skip
    trail = ("announcers", "own", "folder")
    assert (("displays", "hall-1", "voice", "by", 1), "no announcer is nobody") in found
    assert (trail, "zh-CN has no recording of 七, which linac-1 needs") in found
    assert (trail, "zh-CN has no recording of LA2, which linac-2 needs") in found


_PROGRAMS: Mapping[str, tuple[str, str]] = {
    "hangs": ("import time; time.sleep(60)", "took longer than 0.5 s"),
    "fails": ("import sys; sys.exit('no model')", "ended with 1: no model"),
    "crashes": ("import os; os.abort()", "ended with -6"),
    "babbles": ("print('hello')", "no WAV file of PCM"),
    "floods": ("import sys\nwhile True: sys.stdout.buffer.write(bytes(1 << 20))", "ended with -"),
}


@pytest.mark.parametrize("kind", list(_PROGRAMS))
async def test_what_a_voice_of_ones_own_does_wrong_stays_with_it(kind: str) -> None:
    program, told = _PROGRAMS[kind]
    seconds = 0.5 if kind == "hangs" else 20
    command = (sys.executable, "-c", program)
    voice = Command(CommandOptions(kind="command", command=command, seconds=seconds))
    with pytest.raises(Speechless, match=told):
        await voice.speak(said(CALL, Tongue.MANDARIN))


async def test_a_voice_of_ones_own_is_given_text_and_language(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(_tone(0.3)))
    heard = tmp_path / "heard"
    program = (
        "import pathlib, sys\n"
        "given = sys.argv[1].encode() + sys.stdin.buffer.read()\n"
        f"pathlib.Path({str(heard)!r}).write_bytes(given)\n"
        f"sys.stdout.buffer.write(pathlib.Path({str(tmp_path / 'a.wav')!r}).read_bytes())"
    )
    command = (sys.executable, "-c", program, "{language} ")
    voice = Command(CommandOptions(kind="command", command=command))
    assert (await voice.speak(said(CALL, Tongue.MANDARIN))).seconds == pytest.approx(0.3)
    assert heard.read_text("utf-8") == "zh-CN 请A一零五号，善女士，到1号机房"
    with pytest.raises(Speechless, match="does not speak en"):
        await voice.speak(said(CALL, Tongue.ENGLISH))


def test_sounds_of_two_rates_are_joined_and_turned_down() -> None:
    whole = joined([_tone(0.5), chime(), _tone(0.5, rate=8000)], 0.1)
    assert whole.seconds == pytest.approx(0.5 + chime().seconds + 0.5 + 0.2, abs=0.001)
    assert turned(whole, 0.5).loudness == pytest.approx(whole.loudness / 2, rel=0.01)
    assert read_wav(wav(whole)).seconds == whole.seconds
    with pytest.raises(BadSound, match="no WAV"):
        read_wav(b"RIFF\0\0\0\0WAVE")


def _section(announcers: Mapping[str, Any], *, by: list[str], **voice: Any) -> dict[str, Any]:
    section = deepcopy(dict(SECTION))
    section["announcers"] = dict(announcers)
    section["displays"]["hall-1"]["voice"] = {"by": by, **voice}
    return section


async def _says(office: Department) -> list[str]:
    """The name of the first sound that the hall is told to play."""
    stream = office.air.stream("hall-1")
    await anext(stream)
    await office.air.turn()
    heard: list[str] = []
    job = asyncio.create_task(office.jobs["voice-hall-1"]())
    try:
        async with asyncio.timeout(20):
            async for chunk in stream:
                frames = [each for each in chunk.split(b"\n\n") if each.startswith(b"event: say")]
                heard = [orjson.loads(each.split(b"data: ")[1])["sound"] for each in frames]
                if heard:
                    break
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await stream.aclose()
    return heard


async def test_screens_of_a_zone_are_told_to_play_what_they_alone_may_fetch(
    tmp_path: Path,
) -> None:
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"], repeat=1)
    rights = frozenset({Permission.WATCH_DISPLAYS, Permission.CHECK_IN})
    hall = Principal("display:hall", "hall", rights, scope="zone:hall-1")
    async with department(tmp_path, section, gate=Recognizing(hall)) as office:
        await office.books("1005", "08:00")
        await office.arrives("1005")
        await office.desk.call_next(WANG, "linac-1")
        (name,) = await _says(office)
        answer = await office.http.get(f"/display/hall-1/sound/{name}")
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["cache-control"] == "private, max-age=60"
        sound = read_wav(answer.content)
        assert 5 < sound.seconds < 15
        assert sound.loudness > 0.03
        assert (await office.http.get("/display/hall-1/sound/other")).status_code == 404
        assert (await office.http.get(f"/display/door-1/sound/{name}")).status_code == 404


@pytest.mark.parametrize("by", [["absent"], ["absent", "espeak"]])
async def test_where_a_voice_fails_the_next_speaks_and_at_last_the_chime(
    tmp_path: Path, by: list[str]
) -> None:
    announcers = {
        "absent": {"kind": "command", "command": ["/nowhere/voice"], "languages": ["zh-CN", "en"]},
        "espeak": {"kind": "espeak"},
    }
    section = _section(announcers, by=by, chime=False)
    async with department(tmp_path, section) as office:
        await office.books("1005", "08:00")
        await office.arrives("1005")
        await office.desk.call_next(WANG, "linac-1")
        (name,) = await _says(office)
        sound = read_wav((await office.http.get(f"/display/hall-1/sound/{name}")).content)
        assert sound.loudness > 0.03
        assert (sound.seconds == pytest.approx(chime().seconds)) is (by == ["absent"])


async def test_the_voice_knows_the_surname_that_a_display_shows_the_beginning_of(
    tmp_path: Path,
) -> None:
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"], languages=["zh-CN"])
    section["displays"]["hall-1"]["names"] = "initials"
    options = QueueRoomOptions.model_validate(section)
    async with department(tmp_path, section) as office:
        await office.books("1005", "08:00")
        await office.arrives("1005")
        await office.desk.call_next(WANG, "linac-1")
        scene = await office.desk.scene(WANG)
        lane = scene.lanes["linac-1"]
        (entry,) = lane.running
        assert entry.patient is not None
        names = (PersonName(Script.IDEOGRAPHIC, "单于", "婷婷"),)
        known = replace(entry, patient=replace(entry.patient, names=names))
        scene = replace(scene, lanes={"linac-1": replace(lane, running=(known,))})
        made = board(scene, "hall-1", options.displays["hall-1"], {})
        (line,) = office.air._speakers["hall-1"].script(made.calls[0])
    assert made.payload()["calls"][0]["name"] == "单*"
    assert "于" not in str(made.payload())
    assert "，chan2 某，" in line.text(pinyin=True)


async def _board(office: Department) -> dict[str, Any]:
    await office.air.turn()
    found: dict[str, Any] = (await office.air.snapshot("hall-1"))["board"]
    return found


async def test_quiet_hours_are_on_the_board_and_a_zone_without_voice_says_nothing_of_it(
    tmp_path: Path,
) -> None:
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"], quiet=["21:00-07:00"])
    async with department(tmp_path / "day", section) as office:
        assert (await _board(office))["voice"] == "on"
        assert "voice" not in (await office.air.snapshot("door-1"))["board"]
    async with department(tmp_path / "night", section, now=at("22:00")) as office:
        assert (await _board(office))["voice"] == "quiet"


async def test_a_call_that_is_over_is_not_said_any_more(tmp_path: Path) -> None:
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"], repeat=1)
    async with department(tmp_path, section) as office:
        for number in ("1001", "1002"):
            await office.books(number, "08:00")
            await office.arrives(number)
        first = await office.desk.call_next(WANG, "linac-1")
        await office.air.turn()
        await office.desk.take(WANG, first.id, Verb.ENTER)
        await office.air.turn()
        second = await office.desk.call_next(WANG, "linac-1")
        await office.air.turn()
        assert _waiting(office) == [second.label]
        await office.desk.take(WANG, second.id, Verb.RECALL)
        await office.desk.take(WANG, second.id, Verb.ENTER)
        await office.air.turn()
        assert _waiting(office) == []


async def test_a_call_that_was_old_when_the_gateway_started_is_not_said(tmp_path: Path) -> None:
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"], repeat=1)
    async with department(tmp_path, section) as office:
        await office.books("1001", "08:00")
        await office.arrives("1001")
        await office.desk.call_next(WANG, "linac-1")
        office.clock.advance(31)
        await office.air.turn()
        assert _waiting(office) == []


async def test_a_call_in_the_line_is_said_however_long_those_before_it_take(
    tmp_path: Path,
) -> None:
    section = _crowded({"espeak": {"kind": "espeak"}})
    async with department(tmp_path, section) as office:
        called = []
        for number in (1, 2, 3, 4, 5) * 2:
            await office.desk.walk_in(WANG, f"linac-{number}", None, "x")
            called.append((await office.desk.call_next(WANG, f"linac-{number}")).label)
            await office.air.turn()
        office.clock.advance(40)
        await office.air.turn()
        assert _waiting(office) == called
        await office.air.turn()
        assert _waiting(office) == []


async def test_a_call_that_stands_is_never_announced_again_because_others_came(
    tmp_path: Path,
) -> None:
    async with department(tmp_path, _crowded({"espeak": {"kind": "espeak"}})) as office:
        tickets = []
        for number in (1, 2, 3, 4, 5, 1):
            await office.desk.walk_in(WANG, f"linac-{number}", None, "x")
            tickets.append(await office.desk.call_next(WANG, f"linac-{number}"))
            office.clock.advance(1)
        board = await _board(office)
        newest_first = [each.label for each in reversed(tickets)]
        assert [each["label"] for each in board["calls"]] == newest_first
        assert len(_waiting(office)) == len(tickets)
        await office.desk.take(WANG, tickets[-1].id, Verb.ENTER)
        assert [each["label"] for each in (await _board(office))["calls"]] == newest_first[1:]
        assert _waiting(office) == []


def _crowded(announcers: Mapping[str, Any]) -> dict[str, Any]:
    """A hall of five machines."""
    queues = {f"linac-{n}": {"name": f"LA{n}", "resource": f"linac-{n}"} for n in range(1, 6)}
    hall = {"queues": list(queues), "voice": {"by": list(announcers), "repeat": 1}}
    return {"queues": queues, "displays": {"hall-1": hall}, "announcers": dict(announcers)}


def _waiting(office: Department) -> list[str]:
    """The calls that the hall's speaker would say next, as it takes them."""
    speaker = office.air._speakers["hall-1"]
    return [call.who.label for call in iter(speaker._next, None)]


async def test_the_page_of_displays_says_which_voice_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, package=None: None if name == "espeakng_loader" else found(name, package),
    )
    section = _section({"espeak": {"kind": "espeak"}}, by=["espeak"])
    async with department(tmp_path, section) as office:
        page = (await office.http.get("/display?lang=en")).text
        assert "The announcer espeak says nothing: its extra is not installed" in page
        assert "未安装可选组件" in (await office.http.get("/display?lang=zh-CN")).text
