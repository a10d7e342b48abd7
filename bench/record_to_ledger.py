"""From the moment a machine sends a treatment record until its plan's page shows the fraction.

The gateway runs as `isogate run` starts it, with the DICOM node and the room of plans. The record
is stored, read, compared and put on the ledger; the page is asked for again and again. The peer is
the same page asked for while nothing comes: what a reader waits for anyhow.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pydicom.dataset import Dataset

from bench.case import Case, Options
from simulators.rt import ARC, Course, Machine, Part, approved, encoded, plan, record, store
from tests.acceptance.live import Api, SiteFolder
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, wait_until

_GOAL_MS = 300.0
_WITHIN = 30.0
_FIRST = datetime(2025, 6, 2, 9, 0)  # noqa: DTZ001 - DICOM times have no zone


async def run(options: Options) -> Sequence[Case]:
    """Fractions of one course, one after the other."""
    return await asyncio.to_thread(_run, 2 if options.smoke else 60)


def _run(fractions: int) -> Sequence[Case]:
    made = approved(plan(ARC, Course(points=60, pairs=60, fractions=fractions)))
    records = [_given(made, number) for number in range(1, fractions + 1)]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        site = SiteFolder.write(Path(folder) / "site", _site(port))
        with Api.of(site.data) as api, site.gateway() as process:
            site.wait_ready(api, process, within=60)
            store([made], LOOPBACK, port, OURS)
            path = f"/plans/{made.SOPInstanceUID}?lang=en"
            wait_until(lambda: _says(api, path, 0, fractions), within=_WITHIN, what="the plan")
            bare = [_timed(api, path) for _ in range(fractions)]
            took = [
                _until(partial(_says, api, path, number, fractions), port, each)
                for number, each in enumerate(records, 1)
            ]
    size = f"records of {len(encoded(records[0])) / 1000:.0f} kB, one at a time"
    return [
        Case(
            name="record_to_ledger",
            case="p99 from C-STORE to the updated page",
            ours=_p99(took),
            unit="ms",
            better="lower",
            goal=_GOAL_MS,
            size=size,
        ),
        Case(
            name="record_to_ledger",
            case="median, beside the page alone",
            ours=statistics.median(took),
            unit="ms",
            better="lower",
            peer=statistics.median(bare),
            peer_name="the page, while nothing comes",
            size=size,
            peer_ack="none",
        ),
    ]


def _site(port: int) -> dict[str, object]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
        },
        "tps": {},
    }


def _given(made: Dataset, number: int) -> Dataset:
    at = _FIRST + timedelta(days=number)
    return record(made, number, [Part(1), Part(2)], at=at, machine=Machine(angle=0.1, leaf=0.2))


def _until(shown: Callable[[], bool], port: int, given: Dataset) -> float:
    """Milliseconds from before the record is sent until the page counts it."""
    begun = time.perf_counter()
    (status,) = store([given], LOOPBACK, port, OURS, "LINAC1")
    assert status == 0
    while not shown():
        assert time.perf_counter() - begun < _WITHIN, "the page does not show the record"
    return (time.perf_counter() - begun) * 1000


def _says(api: Api, path: str, number: int, fractions: int) -> bool:
    answer = api.client.get(path, headers={"accept": "text/html"})
    return f"{number} of {fractions} fractions given" in answer.text


def _timed(api: Api, path: str) -> float:
    begun = time.perf_counter()
    api.client.get(path, headers={"accept": "text/html"}).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def _p99(values: Sequence[float]) -> float:
    return (
        statistics.quantiles(values, n=100, method="inclusive")[98]
        if len(values) > 1
        else values[0]
    )
