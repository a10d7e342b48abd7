"""A hospital system calls the whole engine: what it was acknowledged is on the pages, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gateway.app.serve import ServeOptions, open_gateway
from gateway.model import Instant
from gateway.patients import PatientBook
from gateway.schedule import ScheduleBook
from simulators.his import Department
from simulators.hl7 import hl7_analyzer
from tests.peers import free_port
from tests.unit.hl7.hl7_bench import Answers

MESSAGES = 120


def site(port: int) -> dict[str, Any]:
    return {
        "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
        "links": {"his": {"driver": "hl7", "transport": {"type": "tcp-listen", "port": port}}},
        "devices": {"his": {"name": "HIS", "link": "his", "profile": "his-adt-siu"}},
    }


async def test_a_day_that_is_sent_twice_makes_the_same_people_and_bookings(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "devices.yaml").write_text(yaml.safe_dump(site(port)))
    options = ServeOptions(tmp_path / "devices.yaml", tmp_path / "data")
    seen = []
    for _ in range(2):
        log = Answers()
        async with open_gateway(options) as gateway:
            async with hl7_analyzer(
                port=port,
                role="client",
                composer=Department(),
                charset="gb18030",
                interval=0,
                log=log.note,
            ):
                await log.until(MESSAGES)
            people, book = gateway.subscriber(PatientBook), gateway.subscriber(ScheduleBook)
            last = gateway.store.last_seq
            await people.reached(last)
            await book.reached(last)
            registered = {each.id for each in await people.find("", 1000)}
            booked = await book.ask(lambda tables: tables.read.open_from(Instant(0), "", 1000))
            assert {each.code for each in log} == {"AA"}
            assert registered
            assert booked
            seen.append((registered, {row.id for row in booked}))
    first, again = seen
    assert first[0] <= again[0]
    assert first[1] <= again[1]
