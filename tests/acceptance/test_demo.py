"""`isogate demo`: from one command to values that lead to their bytes, and a clean end."""

from __future__ import annotations

import json
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.peers import free_port, require_peer, running, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet, pytest.mark.peer]

DEVICES = 23
READY_WITHIN = 60
VALUES_WITHIN = 10
END_WITHIN = 8


@dataclass(frozen=True, slots=True)
class Demo:
    process: subprocess.Popen[bytes]
    data: Path
    facts: dict[str, Any]
    log: Path

    @property
    def url(self) -> str:
        return str(self.facts["url"])


@contextmanager
def launched(home: Path, *options: str) -> Iterator[Callable[[], Demo]]:
    """A demo that starts; the call waits until it has said that it is ready."""
    require_peer("mosquitto")
    data, log = home / "data", home / "demo.log"
    file = data / "demo.json"
    home.mkdir(exist_ok=True)
    with running([*ISOGATE, "demo", "--data", data, *options], log=log) as process:

        def ready() -> Demo:
            wait_until(
                lambda: file.exists() or process.poll() is not None,
                within=READY_WITHIN,
                what="demo.json",
            )
            assert process.poll() is None, log.read_text()
            return Demo(process, data, json.loads(file.read_text()), log)

        yield ready


@contextmanager
def demo(home: Path, *options: str) -> Iterator[Demo]:
    """A demo that has said that it is ready."""
    with launched(home, *options) as ready:
        yield ready()


def places(started: Demo) -> set[object]:
    """The ports, lines and files of a demo."""
    command = (*ISOGATE, "simulate", "list", "--json", "--data", str(started.data))
    told = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    return {started.url, *(each["port"] for each in json.loads(told).values())}


def interrupt(started: Demo) -> int:
    """Ctrl-C as a terminal sends it: to the whole foreground process group."""
    started.process.send_signal(signal.SIGINT)
    return started.process.wait(END_WITHIN)


def has_bytes(event: dict[str, Any]) -> bool:
    """A record of the wire, the file of a DICOM object, or what was read from such a file."""
    said = event.get("payload") or {}
    return bool(event["raw_id"] or said.get("sha256") or said.get("blob"))


def is_our_own(event: dict[str, Any]) -> bool:
    """What the gateway says by itself: of itself, of devices that came or went, of acts.

    The queue says who was called. The room of plans says as well what became of sessions, and who
    may not be called; the node, what it decided of work items.
    """
    rooms = {"gateway", "queue", "tps", "dicom"}
    done_here = event["kind"] in {"action", "appointment"} and event["device"] in rooms
    return done_here or event["kind"] in {"system", "availability"}


def devices_with_values(api: Api) -> set[str]:
    return {item["device"] for item in api.get("/latest") if item["value"] is not None}


def test_every_device_has_a_value_and_every_event_its_bytes(tmp_path: Path) -> None:
    port = free_port()
    with (
        demo(tmp_path, "--port", str(port)) as started,
        Api.at(started.url, started.facts["token"]) as api,
    ):
        assert started.url == f"http://127.0.0.1:{port}/"
        devices = {device["id"] for device in api.get("/devices")}
        assert len(devices) >= DEVICES
        wait_until(
            lambda: devices <= devices_with_values(api),
            within=VALUES_WITHIN,
            what="a value of every device",
        )
        events = api.events()
        assert devices <= {event["device"] for event in events}
        assert [event for event in events if not (has_bytes(event) or is_our_own(event))] == []
        messages = {event["raw_id"] for event in events if event["raw_id"]}
        assert all(api.message(raw_id) for raw_id in messages)
        assert all(api.message(item["raw_id"]) for item in api.get("/latest") if item["raw_id"])
        assert interrupt(started) == 0


def test_it_ends_cleanly_and_leaves_nothing_running(tmp_path: Path) -> None:
    with demo(tmp_path) as started:
        ready = started.data / "demo.json"
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert interrupt(started) == 0
        assert not ready.exists()
        assert list(started.data.glob("*.sock")) == []
        assert "Traceback" not in started.log.read_text()
        left = subprocess.run(
            ["pgrep", "-f", "--", str(started.data)], capture_output=True, check=False
        )
        assert left.stdout == b""


def test_it_has_a_machine_of_each_level_of_enforcement(tmp_path: Path) -> None:
    with demo(tmp_path) as started, Api.of(started.data) as api:
        answer = api.client.get("/sessions?lang=en", headers={"accept": "text/html"})
        shown = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
        assert "LA1 enforced LA2 gated LA3 observed" in shown
        assert interrupt(started) == 0


def test_two_demos_do_not_share_a_data_directory(tmp_path: Path) -> None:
    with demo(tmp_path) as started:
        second = subprocess.run(
            [*ISOGATE, "demo", "--data", started.data], capture_output=True, check=False, timeout=60
        )
        assert second.returncode == 5
        assert b"another gateway runs on" in second.stderr
        assert (started.data / "demo.json").exists()


def test_two_demos_that_start_at_once_have_ports_of_their_own(tmp_path: Path) -> None:
    with launched(tmp_path / "one") as one, launched(tmp_path / "other") as other:
        both = [ready() for ready in (one, other)]
        first, second = map(places, both)
        assert len(first) == len(second) > 10
        assert not first & second
        assert [interrupt(each) for each in both] == [0, 0]


def test_the_command_line_reaches_it_and_a_backup_comes_back(tmp_path: Path) -> None:
    with demo(tmp_path) as started:

        def isogate(*words: str) -> str:
            done = subprocess.run(
                [*ISOGATE, *words, "--data", started.data],
                capture_output=True,
                check=True,
                text=True,
                timeout=30,
            )
            return done.stdout

        assert len(json.loads(isogate("device", "list", "--json"))) >= DEVICES
        for words in (("device", "list"), ("device", "latest"), ("events",), ("simulate", "list")):
            assert max(map(len, isogate(*words).splitlines())) <= 80
        assert re.fullmatch(
            r"[0-9:.]{12} (in |out) ([0-9a-f]{2} )+ .*<[A-Z0-9]{2,3}>.*", tail(started)
        )
        isogate("simulate", "fault", "chiller", "silent", "seconds=60")
        chiller = "chiller-1"
        wait_until(
            lambda: (
                '"offline"' in isogate("device", "list", "--json")
                and chiller in isogate("device", "list")
            ),
            within=30,
            what="the silent chiller is offline",
        )
        isogate("simulate", "fault", "chiller", "none")
        isogate("reload")
        before = json.loads(isogate("events", "--json", "--limit", "200"))["items"]
        made = json.loads(isogate("backup", "now", "--to", str(tmp_path / "backup"), "--json"))
        assert (made["kind"], made["number"]) == ("full", 1)
        assert interrupt(started) == 0
    folder = SiteFolder.write(tmp_path / "restored", {})
    ring = f"file:{started.data / 'keys' / 'ring.json'}"
    restoring = ("restore", folder.data, "--from", tmp_path / "backup", "--keys", ring)
    subprocess.run([*ISOGATE, *restoring], check=True, timeout=60)
    (folder.data / "keys").mkdir(exist_ok=True)
    shutil.copy(started.data / "keys" / "audit.key", folder.data / "keys")
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=30)
        kept = api.events()
        assert kept[: len(before)] == before
        assert all(api.message(event["raw_id"]) for event in before if event["raw_id"])
        refused = subprocess.run(
            [*ISOGATE, *restoring], capture_output=True, check=False, timeout=60
        )
        assert refused.returncode == 5
        assert b"a gateway runs on" in refused.stderr


def tail(started: Demo) -> str:
    """The first line of the raw tail, which Ctrl-C then ends as it should."""
    words = ("device", "tail", "meter-1", "--raw", "--data", started.data)
    with subprocess.Popen([*ISOGATE, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().rstrip("\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(END_WITHIN) == 0
    return line


def move(link: dict[str, Any], place: int | str) -> None:
    """Let a link of devices.yaml lead to a simulator's port, line or file."""
    if "url" in link:
        link["url"] = f"http://127.0.0.1:{place}/v1.1"
    elif "path" in link:
        link["path"] = place
    else:
        link.get("transport", link)["port"] = place


def test_without_mosquitto_the_stand_in_serves_every_sensor(tmp_path: Path) -> None:
    site = yaml.safe_load((Path(__file__).parents[2] / "devices.yaml").read_text())
    control = [sys.executable, "-m", "simulators.hospital", "--with-parent"]
    with subprocess.Popen(control, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as simulators:
        assert simulators.stdout is not None
        ready = json.loads(simulators.stdout.readline())
        ports = ready["ports"] | ready["lines"]
        del site["listeners"], site["dicom"]
        site["broker"] |= {"program": "iotcore", "port": ports["sensors"]}
        for name, link in site["links"].items():
            move(link, ports[name])
        folder = SiteFolder.write(tmp_path / "site", site)
        with folder.gateway() as process, Api.of(folder.data) as api:
            folder.wait_ready(api, process, within=30)
            sensors = {each["id"] for each in api.get("/devices") if each["link"] == "sensors"}
            assert len(sensors) == 8
            wait_until(
                lambda: sensors <= devices_with_values(api),
                within=VALUES_WITHIN,
                what="a value of every sensor",
            )
        simulators.terminate()
