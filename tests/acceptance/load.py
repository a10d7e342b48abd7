"""Senders for acceptance tests: strangers who keep a log of what was acknowledged to them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.peers import LOOPBACK, Broker

DEVICES = ("counter-numbered", "counter-plain")
"""One whose messages carry an identity, one whose messages carry none."""


def site(broker: Broker, meters: int) -> dict[str, Any]:
    """Links and devices for this load: two counters over MQTT, six meters over Modbus."""
    return {
        "links": {
            "sensors": {
                "driver": "mqtt",
                "host": broker.host,
                "port": broker.port,
                "client_id": "isogate-trial",
            },
            "meters": {
                "driver": "modbus",
                "framing": "rtu",
                "transport": {"type": "tcp", "host": LOOPBACK, "port": meters},
            },
        },
        "devices": {
            **{device: {"link": "sensors", "profile": device} for device in DEVICES},
            **{
                f"meter-{unit}": {"link": "meters", "profile": "three-phase-meter", "unit": unit}
                for unit in range(1, 7)
            },
        },
        "profiles": {
            "counter-numbered": _profile(identity=["$.n"]),
            "counter-plain": _profile(identity=[]),
        },
    }


def _profile(identity: list[str]) -> dict[str, Any]:
    return {
        "driver": "mqtt",
        "title": "Counter",
        "grade": "derived",
        "source": "tests/acceptance/load.py",
        "topics": {"state": {"topic": "trial/{device}", "identity": identity}},
        "points": {"n": {"unit": "1"}},
    }


@dataclass(slots=True)
class Sender:
    """Publishes numbers with QoS 1; `acknowledged` is its own log of PUBACKs, by device."""

    broker: Broker
    rate: float
    acknowledged: dict[str, set[int]] = field(default_factory=lambda: {it: set() for it in DEVICES})
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send within the block; leaving waits until everything sent is acknowledged."""
        thread = threading.Thread(target=self._send, name="sender")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _send(self) -> None:
        waiting: dict[int, tuple[str, int]] = {}
        early: set[int] = set()

        def on_publish(_c: object, _u: object, mid: int, _r: object, _p: object) -> None:
            with lock:
                if mid in waiting:
                    device, number = waiting.pop(mid)
                    self.acknowledged[device].add(number)
                else:
                    early.add(mid)

        lock = threading.Lock()
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="sender", clean_session=False)
        client.max_inflight_messages_set(500)
        client.on_publish = on_publish
        client.connect(self.broker.host, self.broker.port)
        client.loop_start()
        number = 0
        while not self._stop.wait(1 / self.rate):
            for device in DEVICES:
                number += 1
                body = json.dumps({"n": number})
                info = client.publish(f"trial/{device}", body, qos=1)
                with lock:
                    if info.mid in early:
                        early.discard(info.mid)
                        self.acknowledged[device].add(number)
                    else:
                        waiting[info.mid] = (device, number)
        deadline = time.monotonic() + 20
        while waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        client.loop_stop()
        client.disconnect()
