"""Those who call patients in: at each machine, by the gateway's interface for programs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from simulators.shift import at_work

FAULTS = ("silent",)
_EARLY = timedelta(minutes=3)
"""How long before an appointment its patient is called."""
_WALK, _BUSY = timedelta(seconds=20), timedelta(minutes=20)
"""From the call into the room; from there until it is seen to that a patient has gone."""
_BY_HAND = timedelta(minutes=6)
_LOOK = 3.0
"""Seconds between two looks at the queues."""
_IN, _GOING_ON = "called", "in-treatment"


@dataclass(frozen=True, slots=True)
class _Now:
    """A patient that is called or inside."""

    ticket: str
    state: str
    since: datetime


class Staff:
    """Calls who is next when the appointment has come, one at a time; `machines` end by themselves.

    The treatment machines say when a treatment begins and ends; at the other queues the staff
    says so. `papers` is the file from which it learns `url` and `token`; while there is none, it
    waits. `silent`: it calls nobody, so that somebody else can.
    """

    def __init__(self, papers: Path, machines: frozenset[str], look: float = _LOOK) -> None:
        self._papers, self._machines, self._look = papers, machines, look
        self._faults: set[str] = set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Staff]:
        """Work within the block."""
        async with at_work(self._run(), "staff"):
            yield self

    def fault(self, kind: str) -> None:
        self._faults.add(kind)

    def clear(self) -> None:
        self._faults.clear()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._look)
            try:
                papers = json.loads(self._papers.read_text())
            except (FileNotFoundError, ValueError):
                continue
            if self._faults:
                continue
            try:
                await self._round(papers)
            except httpx.HTTPError:
                continue

    async def _round(self, papers: Mapping[str, Any]) -> None:
        """See to every queue once; what is refused meanwhile is seen to in the next round."""
        headers = {"authorization": f"Bearer {papers['token']}"}
        async with httpx.AsyncClient(
            base_url=f"{papers['url']}api/v1/", headers=headers, trust_env=False
        ) as client:
            answer = await client.get("queue")
            answer.raise_for_status()
            for lane in answer.json()["queues"]:
                await self._see_to(client, lane, datetime.now(UTC))

    async def _see_to(
        self, client: httpx.AsyncClient, lane: Mapping[str, Any], now: datetime
    ) -> None:
        inside = [
            _Now(each["ticket"], each["state"], datetime.fromisoformat(each["since"]))
            for each in lane["running"]
        ]
        for patient in inside:
            verb = self._due(patient, lane["queue"], now - patient.since)
            if verb:
                await client.post(f"queue/tickets/{patient.ticket}/{verb}")
        first = next((each for each in lane["waiting"] if each["ticket"] == lane["next"]), None)
        if first is None or inside or lane["stopped"]:
            return
        booked = (await client.get(f"appointments/{first['appointment']}")).json()
        if datetime.fromisoformat(booked["start"]) - _EARLY <= now:
            await client.post(f"queue/of/{lane['queue']}/next")

    def _due(self, patient: _Now, queue: str, ago: timedelta) -> str:
        """What is to be said of a patient, `ago` after the last that was said; empty if nothing."""
        is_followed = queue in self._machines
        if patient.state == _IN:
            return "enter" if ago >= _WALK else ""
        if patient.state == _GOING_ON:
            return "finish" if ago >= (_BUSY if is_followed else _BY_HAND) else ""
        if is_followed:
            return "finish" if ago >= _BUSY else ""
        return "start" if ago >= _WALK else ""
