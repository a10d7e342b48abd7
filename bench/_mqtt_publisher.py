"""A process that publishes sensor messages with QoS 1.

`python -m bench._mqtt_publisher PORT COUNT VALUES`
"""

from __future__ import annotations

import random
import sys
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

SENSORS = 8
TOPIC = "bench/{device}"

_START = datetime(2026, 11, 23, tzinfo=UTC)


def payload(number: int, values: int, dice: random.Random) -> bytes:
    """A temperature, or with three values also humidity and battery, and the sensor's clock."""
    at = (_START + timedelta(milliseconds=number)).isoformat(timespec="milliseconds")
    more = f'"humidity":{40 + dice.random():.1f},"battery":97,' if values == 3 else ""
    return f'{{"temperature":{20 + 5 * dice.random():.2f},{more}"last_seen":"{at}"}}'.encode()


def main(port: int, count: int, values: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, "bench-publisher")
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", port)
    client.loop_start()
    dice = random.Random(1)
    for number in range(count):
        topic = TOPIC.format(device=f"sensor-{number % SENSORS}")
        sent = client.publish(topic, payload(number, values, dice), qos=1)
        if number % 1000 == 999 or number == count - 1:
            sent.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
