"""Rows of patients, appointments and orders: what they say, and when nothing is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.driver import DeviceEntry, LinkEntry, LinkOptions
from gateway.errors import ProtocolViolation
from gateway.model import Instant, Publication
from gateway.rows import (
    Fetched,
    Position,
    RowDevice,
    RowProfile,
    check_rows,
    fetched,
    follow,
    interpret_page,
)
from gateway.rows.hospital import stated
from gateway.rows.row import Row
from gateway.testing import MemoryPorts

MORNING = "2026-11-23 08:00:00"
BOOKED = {"number": "no", "patient": {"number": "who"}, "start": {"column": "begin"}}


def profile(**section: Any) -> RowProfile:
    return RowProfile.model_validate(
        {
            "profile": "rows",
            "driver": "rows",
            "title": "Rows",
            "grade": "derived",
            "source": "these tests",
            "columns": {"time": "at", "key": "no"},
            **section,
        }
    )


def device(model: RowProfile, issuer: str = "HIS", zone: str = "Asia/Shanghai") -> DeviceEntry:
    options = RowDevice(overlap=60, patient_issuer=issuer, deep_every=1)
    return DeviceEntry("view", "View", "link", model, options, 1.0, zone=zone)


def said(entry: DeviceEntry, **values: object) -> dict[str, Any]:
    profile = entry.profile
    assert isinstance(profile, RowProfile)
    row = fetched(profile, {"at": MORNING, "no": "1", "who": "M1", **values})
    assert isinstance(row, Row)
    return dict(stated(entry, row).payload or {})


@pytest.mark.parametrize(
    ("section", "values", "why"),
    [
        (BOOKED, {"begin": "soon"}, "begin: 'soon' is no time"),
        (BOOKED, {"begin": "2026-11-24 09:00+08:00"}, "begin: .* is no time"),
        ({**BOOKED, "minutes": "m"}, {"m": "0"}, "m: '0' is no number of minutes"),
        ({**BOOKED, "minutes": "m"}, {"m": "nan"}, "m: 'nan' is no number of minutes"),
        ({**BOOKED, "minutes": "m"}, {"m": "2000"}, "m: '2000' is no number of minutes"),
        ({"number": "number"}, {"number": " "}, "number is empty"),
    ],
)
def test_a_row_that_lacks_what_it_must_say_is_refused(
    section: dict[str, Any], values: dict[str, object], why: str
) -> None:
    with pytest.raises(ProtocolViolation, match=why):
        said(device(profile(appointment=section)), **values)


def test_a_number_that_nobody_gave_out_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="nobody says who gave the patient's number out"):
        said(device(profile(appointment=BOOKED), issuer=""), begin="2026-11-24 09:00")


@pytest.mark.parametrize("begin", ["2026-10-25 02:30", "2026-03-29 02:30"])
def test_a_start_that_comes_twice_or_never_is_refused(begin: str) -> None:
    with pytest.raises(ProtocolViolation, match="comes twice or never in Europe/Berlin"):
        said(device(profile(appointment=BOOKED), zone="Europe/Berlin"), begin=begin)


@pytest.mark.parametrize(
    ("section", "values", "start", "day"),
    [
        (BOOKED, {"begin": "2026-11-24 00:30"}, "2026-11-23T16:30", "2026-11-24"),
        (BOOKED, {"begin": "2026-11-24"}, "", "2026-11-24"),
        (BOOKED, {"begin": "20261124"}, "", "2026-11-24"),
        (BOOKED, {"begin": None}, "", ""),
        (
            {**BOOKED, "start": {"column": "begin", "form": "epoch-s"}},
            {"begin": 1_795_449_600},
            "2026-11-23T16:00",
            "2026-11-24",
        ),
        (
            {**BOOKED, "start": {"column": "begin", "pattern": "%d.%m.%Y"}},
            {"begin": "24.11.2026"},
            "",
            "2026-11-24",
        ),
        (
            {**BOOKED, "start": None, "day": {"column": "day"}, "clock": "clock"},
            {"day": "2026-11-24T00:00:00", "clock": "09:15:00"},
            "2026-11-24T01:15",
            "2026-11-24",
        ),
    ],
)
def test_a_start_is_exact_or_a_day_of_the_site_and_never_guessed(
    section: dict[str, Any], values: dict[str, object], start: str, day: str
) -> None:
    found = said(device(profile(appointment=section)), **values)
    instant = int(datetime.fromisoformat(f"{start}+00:00").timestamp() * 1e6) if start else None
    assert (found.get("start"), found.get("day", "")) == (instant, day)


def test_a_word_that_nobody_explained_is_noted_and_changes_no_status() -> None:
    section = {**BOOKED, "status": "state", "statuses": {"已约": "booked"}}
    entry = device(profile(appointment=section))
    assert said(entry, state="已约")["status"] == "booked"
    found = said(entry, state="作废")
    assert "status" not in found
    assert found["notes"] == ["status '作废' is not explained in the profile"]


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ({"patient": {"number": "no"}, "order": {"number": "no"}}, "a row is one thing"),
        ({"patient": {"number": "no"}, "points": {"K": {}}}, "a row that is one patient has none"),
        (
            {"patient": {"number": "no"}, "columns": {"time": "at", "key": "no", "unit": "u"}},
            "columns.unit: only a row of results has it",
        ),
        ({"appointment": {"number": "no", "clock": "c"}}, "a time of day needs its `day`"),
        (
            {"appointment": {**BOOKED, "day": {"column": "d"}}},
            "either `start`, or `day` and `clock`",
        ),
        ({}, "points"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        profile(**section)


@pytest.mark.parametrize(
    ("section", "issuer", "told"),
    [
        ({"appointment": BOOKED}, "", 1),
        ({"appointment": BOOKED}, "HIS", 0),
        ({"appointment": {"number": "no"}}, "", 0),
        ({"patient": {"number": "no"}}, "", 1),
        ({"patient": {"number": "no", "issuer": "HIS"}}, "", 0),
        ({"patient": {"number": "no", "issuer_at": "campus"}}, "", 0),
        ({"order": {"number": "no", "patient": {"number": "who"}}}, "", 1),
    ],
)
def test_a_source_whose_numbers_nobody_gave_out_is_found_before_it_is_read(
    section: dict[str, Any], issuer: str, told: int
) -> None:
    entry = device(profile(**section), issuer)
    found = list(check_rows([LinkEntry("link", "rows", LinkOptions(), None, (entry,))]))
    assert [(each.device, each.key) for each in found] == [("view", "patient_issuer")] * told


@dataclass(slots=True)
class View:
    """Rows that others write and delete."""

    model: RowProfile
    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    broken: bool = False

    def book(self, number: str, begin: str, at: str = MORNING) -> None:
        self.rows[number] = {"at": at, "no": number, "who": f"M{number}", "begin": begin}

    async def now(self) -> Instant | None:
        return None

    async def pages(
        self, _device: DeviceEntry, start: Position
    ) -> AsyncGenerator[Sequence[Fetched], None]:
        since = start.at - timedelta(seconds=1)
        rows = [fetched(self.model, row) for row in self.rows.values()]
        yield [row for row in rows if not isinstance(row, Row) or row.at >= since]


NOW = Instant(1_795_392_000_000_000)
"""2026-11-23 08:00 in Shanghai."""
CANCELS = profile(appointment={**BOOKED, "vanished": "cancelled"})


async def polls(ports: MemoryPorts, view: View, count: int) -> None:
    task = asyncio.create_task(follow(ports, (device(view.model),), view))
    awaited = ports.waiting + count
    for _ in range(count - 1):
        ports.turn()
    await ports.until(lambda: ports.waiting >= awaited or task.done())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def statuses(publications: Sequence[Publication]) -> list[tuple[str, str]]:
    return [
        (str(payload["filler"]), str(payload.get("status")))
        for each in publications
        for reading in each.readings
        if (payload := reading.payload)
    ]


def at(moment: Instant) -> MemoryPorts:
    ports = MemoryPorts()
    ports.clock.advance((moment - ports.clock.now()) / 1e6)
    return ports


async def test_a_row_that_vanished_cancels_nothing_unless_that_is_declared() -> None:
    ports, view = at(NOW), View(profile(appointment=BOOKED))
    for number in "123":
        view.book(number, "2026-11-24 09:00")
    await polls(ports, view, 1)
    del view.rows["2"]
    await polls(ports, view, 5)
    assert statuses(ports.publications) == [(number, "booked") for number in "123"]


async def test_where_it_is_declared_a_row_that_two_whole_polls_miss_is_cancelled() -> None:
    ports, view = at(NOW), View(CANCELS)
    for number in "123":
        view.book(number, "2026-11-24 09:00")
    await polls(ports, view, 1)
    lost = view.rows.pop("2")
    await polls(ports, view, 1)
    assert len(ports.publications) == 3
    await polls(ports, view, 3)
    assert statuses(ports.publications)[3:] == [("2", "cancelled")]
    view.rows["2"] = lost
    await polls(ports, view, 2)
    (again,) = ports.publications[4].readings
    assert statuses(ports.publications)[4:] == [("2", "booked")]
    assert again.observed_at is None, "it stands now, whatever the time in the row"
    link = LinkEntry("link", "rows", LinkOptions(), None, (device(CANCELS),))
    assert [
        each
        for record in ports.records
        for each in interpret_page(link, ports.records, record.raw_id)
    ] == ports.publications


async def test_an_appointment_whose_time_has_come_is_not_cancelled_by_leaving_the_view() -> None:
    ports, view = at(NOW), View(CANCELS)
    view.book("1", "2026-11-23 07:00")
    view.book("2", "2026-11-24 07:00")
    await polls(ports, view, 1)
    del view.rows["1"]
    await polls(ports, view, 4)
    assert statuses(ports.publications) == [("1", "booked"), ("2", "booked")]


async def test_a_view_that_lost_most_of_its_rows_cancels_nothing_and_says_so() -> None:
    ports, view = at(NOW), View(CANCELS)
    for number in range(6):
        view.book(str(number), "2026-11-24 09:00")
    await polls(ports, view, 1)
    kept, view.rows = view.rows, {}
    await polls(ports, view, 3)
    assert len(ports.publications) == 6
    assert "6 of 6 rows vanished at once" in ports.availabilities[-1][2]
    view.rows = kept
    await polls(ports, view, 2)
    assert len(ports.publications) == 6
    assert ports.availabilities[-1][1] is True


async def test_the_only_row_is_not_cancelled_because_it_is_gone() -> None:
    ports, view = at(NOW), View(CANCELS)
    view.book("1", "2026-11-24 09:00")
    await polls(ports, view, 1)
    del view.rows["1"]
    await polls(ports, view, 4)
    assert statuses(ports.publications) == [("1", "booked")]
    assert "1 of 1 rows vanished at once" in ports.availabilities[-1][2]


async def test_a_row_that_says_not_even_which_it_is_may_be_the_missing_one() -> None:
    ports, view = at(NOW), View(CANCELS)
    for number in "123":
        view.book(number, "2026-11-24 09:00")
    await polls(ports, view, 1)
    view.rows["2"]["no"] = ""
    await polls(ports, view, 4)
    assert len(ports.publications) == 3
    del view.rows["2"]
    await polls(ports, view, 3)
    assert statuses(ports.publications)[3:] == [("2", "cancelled")]


async def test_a_row_that_can_not_be_read_any_more_has_not_vanished() -> None:
    ports, view = at(NOW), View(CANCELS)
    for number in "123":
        view.book(number, "2026-11-24 09:00")
    await polls(ports, view, 1)
    view.rows["2"]["begin"] = "soon"
    await polls(ports, view, 4)
    assert len(ports.publications) == 3
    assert [each.detail for each in ports.quarantine_list] == ["begin: 'soon' is no time"]


async def test_a_row_that_is_written_again_as_it_was_says_nothing_new() -> None:
    ports, view = at(NOW), View(profile(appointment=BOOKED))
    view.book("1", "2026-11-24 09:00")
    await polls(ports, view, 1)
    view.book("1", "2026-11-24 09:00", "2026-11-23 08:05:00")
    await polls(ports, view, 2)
    view.book("1", "2026-11-24 09:30", "2026-11-23 07:59:00")
    await polls(ports, view, 1)
    first, second = ports.publications
    (told,) = second.readings
    assert first.readings[0].observed_at == NOW
    assert told.observed_at is None, "the source's clock may step back: it stands so now"


def test_a_refused_row_is_read_again_once_its_profile_is_mended() -> None:
    view = View(profile(appointment=BOOKED))
    view.book("1", "24.11.2026 09:00")
    ports = at(NOW)
    asyncio.run(polls(ports, view, 1))
    (refused,) = ports.quarantine_list
    german = {**BOOKED, "start": {"column": "begin", "pattern": "%d.%m.%Y %H:%M"}}
    mended = replace(device(view.model), profile=profile(appointment=german))
    link = LinkEntry("link", "rows", LinkOptions(), None, (mended,))
    (told,) = interpret_page(link, ports.records, refused.raw_id)
    payload = told.readings[0].payload
    assert payload is not None
    assert payload["day"] == "2026-11-24"
