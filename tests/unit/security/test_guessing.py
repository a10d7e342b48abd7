"""Whoever guesses is slow, from however many addresses, and keeps nobody from where they work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.security.roles import Role
from gateway.security.sign_in import Attempt, NotSignedIn
from gateway.web.caller import OVER_SOCKET
from tests.accounts import PASSWORD, House, house

DAY = 86_400
WARD = "10.1.1.5"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as opened:
        yield opened


async def tried(home: House, name: str, password: str, address: str) -> NotSignedIn | None:
    """What was answered; None if it let somebody in."""
    try:
        await home.security.sign_in(Attempt(name, password, "", address, "a browser"))
    except NotSignedIn as refused:
        return refused
    return None


async def guesses_of_a_day(home: House, who: Callable[[int], tuple[str, str]]) -> int:
    """How many passwords are checked within a day of somebody who tries as soon as they may.

    `who` gives name and address of the next guess.
    """
    count, end = 0, home.clock.now() + DAY * 1_000_000
    while home.clock.now() < end:
        refused = await tried(home, *_guess(count, who))
        assert refused is not None
        if refused.status == 429:
            home.clock.advance(refused.wait)
        else:
            count += 1
    return count


def _guess(count: int, who: Callable[[int], tuple[str, str]]) -> tuple[str, str, str]:
    name, address = who(count)
    return name, f"guess {count}", address


async def test_one_address_guesses_about_a_hundred_times_a_day_at_a_name(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    assert await guesses_of_a_day(home, lambda _: ("wang", "192.0.2.7")) <= 110


async def test_a_thousand_addresses_together_guess_little_more(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    many = await guesses_of_a_day(home, lambda n: ("wang", f"192.0.{n % 1000 // 250}.{n % 250}"))
    assert many <= 320


async def test_one_address_that_tries_every_name_is_as_slow(home: House) -> None:
    assert await guesses_of_a_day(home, lambda n: (f"name{n}", "192.0.2.7")) <= 140


async def test_what_is_asked_at_once_is_not_free(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    answers = await asyncio.gather(*(tried(home, "wang", f"{n}", "192.0.2.7") for n in range(12)))
    assert [each.status for each in answers if each].count(401) == 5


async def test_typing_wrong_now_and_then_closes_no_ward(home: House) -> None:
    people = [await home.person(Role.THERAPIST) for _ in range(8)]
    for day in range(60):
        one, other = people[day % 8].name, people[(day + 1) % 8].name
        refused = await tried(home, one, "typo", WARD)
        assert refused is not None
        assert refused.status == 401
        assert await tried(home, other, PASSWORD, WARD) is None
        home.clock.advance(DAY / 2)


async def test_who_signs_in_after_all_takes_their_own_failures_back(home: House) -> None:
    people = [await home.person(Role.THERAPIST) for _ in range(20)]
    for one in people:
        for _ in range(3):
            assert await tried(home, one.name, "typo", WARD) is not None
        assert await tried(home, one.name, PASSWORD, WARD) is None


async def test_a_success_takes_back_no_failures_of_others(home: House) -> None:
    one = await home.person(Role.THERAPIST)
    for n in range(31):
        assert await tried(home, f"name{n}", "guess", WARD) is not None
        if n < 30:
            assert await tried(home, one.name, PASSWORD, WARD) is None
    refused = await tried(home, one.name, PASSWORD, WARD)
    assert refused is not None
    assert refused.status == 429


async def _shut(home: House, name: str) -> None:
    """Somebody from many places keeps a name closed."""
    for n in range(60):
        refused = await tried(home, name, "guess", f"192.0.2.{n}")
        assert refused is not None
        if refused.status == 429:
            home.clock.advance(refused.wait)
    refused = await tried(home, name, "guess", "192.0.2.99")
    assert refused is not None
    assert refused.wait == 0 or refused.status == 429


async def test_a_stranger_keeps_nobody_out_of_where_they_work(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    assert await tried(home, "wang", PASSWORD, WARD) is None
    await _shut(home, "wang")
    elsewhere = await tried(home, "wang", PASSWORD, "10.1.1.77")
    assert elsewhere is not None
    assert (elsewhere.status, elsewhere.wait <= 300) == (429, True)
    assert await tried(home, "wang", PASSWORD, WARD) is None
    assert (await tried(home, "wang", PASSWORD, "10.1.1.77")) is not None, "still closed elsewhere"
    await home.security.staff.unlock(OVER_SOCKET, "wang")
    assert await tried(home, "wang", PASSWORD, "10.1.1.77") is None


async def test_where_people_work_is_known_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.person(Role.THERAPIST, name="wang")
        assert await tried(home, "wang", PASSWORD, WARD) is None
    async with house(tmp_path) as home:
        await _shut(home, "wang")
        assert await tried(home, "wang", PASSWORD, WARD) is None


async def test_guessing_from_where_a_person_works_is_slow_too(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    assert await tried(home, "wang", PASSWORD, WARD) is None
    assert await guesses_of_a_day(home, lambda _: ("wang", WARD)) <= 110
