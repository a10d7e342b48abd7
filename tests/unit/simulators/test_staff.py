"""The simulated staff calls who is due, one at a time, and says what no machine says."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulators.http.answering import Faulty
from simulators.staff import Staff

_HERE = "/api/v1/queue"


def lane(queue: str, *running: dict[str, Any], waiting: str = "") -> dict[str, Any]:
    return {
        "queue": queue,
        "stopped": None,
        "next": waiting or None,
        "running": list(running),
        "waiting": [{"ticket": waiting, "appointment": waiting}] if waiting else [],
    }


def inside(ticket: str, state: str, minutes: float) -> dict[str, Any]:
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    return {"ticket": ticket, "state": state, "since": since.isoformat()}


async def said_of(tmp_path: Path, *lanes: dict[str, Any], start: float = 0) -> set[str]:
    """What the staff asks for within two looks at these queues."""
    asked: list[str] = []
    looked = asyncio.Event()

    def say(target: str, _body: str) -> str:
        if target == _HERE:
            if _HERE in asked:
                looked.set()
            asked.append(target)
            return json.dumps({"queues": lanes})
        if "/appointments/" in target:
            booked = datetime.now(UTC) + timedelta(minutes=start)
            return json.dumps({"start": booked.isoformat()})
        asked.append(target.removeprefix(_HERE))
        return "{}"

    async with Faulty(say).serving() as port:
        papers = tmp_path / "demo.json"
        papers.write_text(json.dumps({"url": f"http://127.0.0.1:{port}/", "token": "word"}))
        async with Staff(papers, frozenset({"linac"}), look=0.01).working(), asyncio.timeout(10):
            await looked.wait()
    return set(asked) - {_HERE}


async def test_who_is_due_is_called_where_nobody_is_inside(tmp_path: Path) -> None:
    called = await said_of(
        tmp_path,
        lane("linac", waiting="one"),
        lane("ct", inside("two", "called", 0), waiting="three"),
    )
    assert called == {"/of/linac/next"}


async def test_nobody_is_called_long_before_the_appointment(tmp_path: Path) -> None:
    assert await said_of(tmp_path, lane("linac", waiting="one"), start=10) == set()


@pytest.mark.parametrize(
    ("queue", "state", "minutes", "verb"),
    [
        ("ct", "called", 1, "enter"),
        ("ct", "in-room", 1, "start"),
        ("ct", "in-treatment", 7, "finish"),
        ("linac", "called", 1, "enter"),
        ("linac", "in-room", 1, ""),
        ("linac", "in-treatment", 7, ""),
        ("linac", "in-room", 21, "finish"),
        ("linac", "in-treatment", 21, "finish"),
    ],
)
async def test_what_a_machine_tells_is_left_to_it(
    tmp_path: Path, queue: str, state: str, minutes: float, verb: str
) -> None:
    said = await said_of(tmp_path, lane(queue, inside("one", state, minutes)))
    assert said == ({f"/tickets/one/{verb}"} if verb else set())
