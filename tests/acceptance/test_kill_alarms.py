"""A flood of alarms, and `kill -9` within it: none lost, each told under one key."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.acceptance.live import Api, SiteFolder
from tests.peers import LOOPBACK, Broker, Say, count, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.peer, pytest.mark.timeout(900)]

SENSORS = [f"tank-{number}" for number in range(30)]
SWINGS = count(16, 150)
"""How often each level crosses its limit, up or down."""

RATE = 60.0
LAST = 42.0


@dataclass(slots=True)
class Receiver:
    """A stranger's webhook: it counts what it has taken, by idempotency key."""

    port: int
    keys: Counter[str] = field(default_factory=Counter)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Receiver]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                receiver.keys[self.headers["idempotency-key"]] += 1
                self.send_response(204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        receiver = cls(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def site(broker: Broker, receiver: Receiver) -> dict[str, Any]:
    return {
        "links": {
            "sensors": {
                "driver": "mqtt",
                "host": broker.host,
                "port": broker.port,
                "client_id": "isogate-flood",
            }
        },
        "devices": {name: {"link": "sensors", "profile": "tank"} for name in SENSORS},
        "profiles": {
            "tank": {
                "driver": "mqtt",
                "title": "Tank",
                "grade": "derived",
                "source": "tests/acceptance/test_kill_alarms.py",
                "topics": {
                    "state": {"topic": "flood/{device}", "identity": ["$.n"], "ignore": ["$.n"]}
                },
                "points": {"level": {"unit": "%"}},
                "alarms": {"level": {"high": {"limit": 90, "priority": "high"}}},
            }
        },
        "notify": {
            "webhooks": {
                "ops": {"url": f"http://{LOOPBACK}:{receiver.port}/", "secret": "env:HOOK"}
            },
            "routes": [{"tell": ["ops"], "priorities": ["high"]}],
        },
        "alarms": {"link": "off", "offline": "off"},
    }


@contextmanager
def flood(broker: Broker) -> Iterator[None]:
    """Levels that swing over the limit and back, each tank in turn, with QoS 1; then they end."""

    def send() -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="flood", clean_session=False)
        client.connect(broker.host, broker.port)
        client.loop_start()
        for number in range((SWINGS + 1) * len(SENSORS)):
            time.sleep(1 / RATE)
            tank, turn = SENSORS[number % len(SENSORS)], number // len(SENSORS)
            level = LAST if turn == SWINGS else 95 if turn % 2 else 50
            body = json.dumps({"n": number, "level": level})
            client.publish(f"flood/{tank}", body, qos=1).wait_for_publish(60)
        client.loop_stop()
        client.disconnect()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def expected(events: list[dict[str, Any]]) -> set[str]:
    """The keys that the stored levels themselves call for: a beginning for each rise, an end."""
    keys: set[str] = set()
    for tank in SENSORS:
        high, times = False, 0
        for event in events:
            if (event["device"], event["code"]) != (tank, "level"):
                continue
            is_high = event["value"] > 90
            times += is_high and not high
            if is_high is not high and times:
                word = "open" if is_high else "over"
                keys.add(f"alarm:{tank}/level/high:{times}:{word}:0")
            high = is_high
    return keys


def drained(api: Api) -> bool:
    """Whether the last level of each tank is stored."""
    latest = {item["device"]: item for item in api.get("/latest") if item["code"] == "level"}
    return all(latest.get(tank, {}).get("value") == LAST for tank in SENSORS)


def test_a_flood_that_is_killed_loses_no_alarm_and_tells_each_once(
    tmp_path: Path, broker: Broker, say: Say
) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance, kills = random.Random(seed), count(4, 30)
    env = {"HOOK": "s3cret"}
    with Receiver.running() as receiver:
        folder = SiteFolder.write(tmp_path / "site", site(broker, receiver))
        with Api.of(folder.data) as api:
            with folder.gateway(env) as process:
                folder.wait_ready(api, process, within=30)
                wait_until(lambda: api.links_up("sensors"), within=30, what="the broker")
            with flood(broker):
                for _ in range(kills):
                    with folder.gateway(env) as process:
                        folder.wait_ready(api, process, within=30)
                        time.sleep(chance.uniform(0.3, 2.0))
                        process.kill()
                        process.wait()
            with folder.gateway(env) as process:
                folder.wait_ready(api, process, within=30)
                judge(api, receiver, kills, say)


def judge(api: Api, receiver: Receiver, kills: int, say: Say) -> None:
    wait_until(lambda: drained(api), within=120, what="every level stored")
    wanted = expected(api.events())
    try:
        wait_until(lambda: wanted <= set(receiver.keys), within=120, what="everything told")
    except TimeoutError:
        lost = wanted - set(receiver.keys)
        pytest.fail(f"{len(lost)} never told: {sorted(lost)[:5]}")
    assert len(wanted) > 100, "the flood was a trickle"
    assert set(receiver.keys) == wanted, "told what never happened"
    twice = {key: times for key, times in receiver.keys.items() if times > 1}
    assert all(times == 2 for times in twice.values())
    assert len(twice) <= kills, "more than one open delivery at a kill"
    say(
        f"{len(wanted)} notices over {kills} kills: none lost, {len(twice)} sent again with the "
        "same key in the window between hand-over and note"
    )
