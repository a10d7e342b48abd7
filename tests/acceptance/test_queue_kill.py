"""`kill -9` of the gateway while a desk works: the queue is exactly as it was acknowledged."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.live import Api, SiteFolder
from tests.peers import count, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

ROUNDS = count(2, 12)
SITE: dict[str, Any] = {
    "schedule": {"resources": {"linac-1": {"name": "Linac 1"}}},
    "queue": {
        "queues": {"linac-1": {"name": "Linac 1", "resource": "linac-1", "at_once": 3}},
        "displays": {"hall": {"queues": ["linac-1"]}},
    },
}
AFTER = {"called": ("enter", "skip"), "in-room": ("start",), "in-treatment": ("finish",)}


class Desk(threading.Thread):
    """Lets people in and takes steps until it is cut off; remembers what was acknowledged.

    `doubtful` is the ticket whose step was under way then.
    """

    def __init__(self, api: Api, seed: int) -> None:
        super().__init__(name="desk")
        self._api, self._dice = api, random.Random(seed)
        self.states: dict[str, str] = {}
        self.doubtful = ""
        self.acknowledged = 0

    def run(self) -> None:
        try:
            while True:
                self._turn()
                self.doubtful = ""
                self.acknowledged += 1
        except httpx.TransportError:
            return

    def _turn(self) -> None:
        moving = [each for each in self.states if self.states[each] in AFTER]
        kind = self._dice.choice(["in", "next", "step"])
        if kind == "step" and moving:
            self.doubtful = self._dice.choice(moving)
            verb = self._dice.choice(AFTER[self.states[self.doubtful]])
            answer = self._post(f"/api/v1/queue/tickets/{self.doubtful}/{verb}")
        elif kind == "next" and len(moving) < 3 and "waiting" in self.states.values():
            self.doubtful = "any"
            answer = self._post("/api/v1/queue/of/linac-1/next")
        else:
            self.doubtful = "any"
            self._post("/queue/of/linac-1/walk-in", reason="busy day")
            self.states |= shown(self._api)
            return
        assert answer.status_code == 200, answer.text
        said = answer.json()
        self.states[said["ticket"]] = said["state"]

    def _post(self, path: str, **fields: str) -> httpx.Response:
        return self._api.client.post(path, data=fields)


def shown(api: Api) -> dict[str, str]:
    """The state of every ticket that is not over."""
    (lane,) = api.get("/queue")["queues"]
    entries = [*lane["running"], *lane["waiting"], *lane["aside"]]
    return {each["ticket"]: each["state"] for each in entries}


def test_the_queue_is_as_it_was_acknowledged_after_every_kill(tmp_path: Path) -> None:
    folder = SiteFolder.write(tmp_path, SITE)
    states: dict[str, str] = {}
    for number in range(ROUNDS):
        with Api.of(folder.data) as api:
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=90)
                _compare(states, "", shown(api))
                desk = Desk(api, number)
                desk.states |= shown(api)
                desk.start()
                wait_until(lambda: desk.acknowledged >= 12, within=60, what="steps")  # noqa: B023
                process.kill()
                process.wait()
            desk.join(timeout=30)
            states, doubtful = desk.states, desk.doubtful
        with Api.of(folder.data) as api, folder.gateway() as process:
            folder.wait_ready(api, process, within=90)
            found = shown(api)
            _compare(states, doubtful, found)
            labels = [
                each["label"] for lane in api.get("/queue")["queues"] for each in lane["waiting"]
            ]
            assert len(labels) == len(set(labels))
            states |= found


def _compare(states: dict[str, str], doubtful: str, found: dict[str, str]) -> None:
    """All that was acknowledged stands; what was under way at the kill was done or was not."""
    lost = {
        ticket: (state, found.get(ticket))
        for ticket, state in states.items()
        if found.get(ticket, "done") != state and ticket != doubtful
    }
    if doubtful == "any":
        assert len(lost) <= 1
        assert all(pair == ("waiting", "called") for pair in lost.values())
    else:
        assert lost == {}
    assert len(set(found) - set(states)) <= (doubtful == "any")
