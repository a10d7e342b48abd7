from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.room import Outcome
from gateway.seal import DEFAULT, Keyring, suite_named
from gateway.security import Security
from gateway.security.roles import Role
from gateway.security.sign_in import WRONG, Attempt, NotSignedIn
from gateway.security.totp import code_at
from gateway.web.caller import OVER_SOCKET
from tests.accounts import PASSWORD, STEP, House, house


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as opened:
        yield opened


def attempt(
    name: str, password: str = PASSWORD, code: str = "", address: str = "192.0.2.7"
) -> Attempt:
    return Attempt(name, password, code, address, "a browser")


async def refused(security: Security, tried: Attempt) -> NotSignedIn:
    with pytest.raises(NotSignedIn) as caught:
        await security.sign_in(tried)
    return caught.value


async def test_the_right_password_opens_a_session(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    account, secret = await home.security.sign_in(attempt(" Wang "))
    assert account.name == "wang"
    session = home.security.books.sessions.find(secret)
    assert session is not None
    assert (session.account, session.address) == ("wang", "192.0.2.7")
    assert home.audit.entries[-1].action == "session.open"
    assert home.audit.entries[-1].who.id == "person:wang"
    assert home.audit.entries[-1].address == "192.0.2.7"


async def test_whatever_is_wrong_the_answer_is_the_same(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    await home.person(Role.ADMINISTRATOR, name="boss")
    locked = await home.person(Role.THERAPIST, name="gone")
    await home.security.staff.lock(OVER_SOCKET, locked.name, "left")
    tries = [
        attempt("nobody"),
        attempt("wang", "wrong password"),
        attempt("boss"),
        attempt("boss", code="000000"),
        attempt("gone"),
        attempt(""),
        attempt("x" * 200, "y" * 200),
    ]
    answers = [await refused(home.security, each) for each in tries]
    assert {(each.status, str(each)) for each in answers} == {(401, WRONG)}


class Counting:
    """Counts the hashes that are computed."""

    def __init__(self, security: Security, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        hashes = security.books.passwords._hash
        verify = hashes.verify

        def counted(password: str, known: str) -> bool:
            self.count += 1
            return bool(verify(password, known))

        monkeypatch.setattr(hashes, "verify", counted)


@pytest.mark.parametrize("name", ["wang", "nobody", "unset", "locked"])
async def test_every_attempt_costs_exactly_one_hash(
    home: House, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await home.person(Role.THERAPIST, name="wang")
    await home.security.staff.create(OVER_SOCKET, "unset", "", [Role.THERAPIST])
    await home.person(Role.THERAPIST, name="locked")
    await home.security.staff.lock(OVER_SOCKET, "locked", "left")
    counting = Counting(home.security, monkeypatch)
    await refused(home.security, attempt(name, "wrong password"))
    assert counting.count == 1


async def test_brute_force_is_locked_and_costs_no_hash(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.person(Role.THERAPIST, name="wang")
    answers = [await refused(home.security, attempt("wang", f"guess {n}")) for n in range(5)]
    assert [each.status for each in answers] == [401] * 5
    counting = Counting(home.security, monkeypatch)
    for n in range(100):
        assert (await refused(home.security, attempt("wang", f"more {n}"))).status == 429
    assert (await refused(home.security, attempt("wang"))).headers["retry-after"] == "2"
    assert counting.count == 0
    home.clock.advance(2)
    await home.security.sign_in(attempt("wang"))


async def test_a_name_that_nobody_has_is_locked_alike(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    for name in ("wang", "nobody"):
        for n in range(21):
            await refused(home.security, attempt(name, f"guess {n}", address=f"192.0.2.{100 + n}"))
    ours, nobodys = [await refused(home.security, attempt(n)) for n in ("wang", "nobody")]
    assert (ours.status, ours.wait) == (nobodys.status, nobodys.wait) == (429, 2)


async def test_an_address_that_tries_many_names_is_locked(home: House) -> None:
    await home.person(Role.THERAPIST, name="wang")
    for n in range(31):
        await refused(home.security, attempt(f"name{n}", address="192.0.2.7"))
    assert (await refused(home.security, attempt("wang", address="192.0.2.7"))).status == 429
    await home.security.sign_in(attempt("wang", address="192.0.2.8"))


async def test_one_ipv6_customer_is_one_address(home: House) -> None:
    for n in range(31):
        await refused(home.security, attempt(f"name{n}", address=f"2001:db8::{n:x}"))
    late = await refused(home.security, attempt("name", address="2001:db8::ffff:1"))
    assert late.status == 429
    other = await refused(home.security, attempt("name", address="2001:db8:0:1::1"))
    assert other.status == 401


async def test_what_an_unknown_person_typed_is_not_kept(home: House) -> None:
    await refused(home.security, attempt("my password, in the wrong field"))
    entry = home.audit.entries[-1]
    assert (entry.who.id, entry.outcome, entry.detail) == (
        "nobody",
        Outcome.REFUSED,
        "no such account",
    )
    assert "my password" not in repr(entry)


async def test_a_one_time_code_works_once(home: House) -> None:
    boss = await home.person(Role.ADMINISTRATOR, name="boss")
    code = home.code(boss)
    await home.security.sign_in(attempt("boss", code=f" {code[:3]} {code[3:]} "))
    assert (await refused(home.security, attempt("boss", code=code))).status == 401
    home.clock.advance(30)
    await home.security.sign_in(attempt("boss", code=home.code(boss)))


async def test_one_code_in_two_hands_lets_one_of_them_in(home: House) -> None:
    boss = await home.person(Role.ADMINISTRATOR, name="boss")
    tried = attempt("boss", code=home.code(boss))
    both = await asyncio.gather(
        home.security.sign_in(tried), home.security.sign_in(tried), return_exceptions=True
    )
    assert sorted(isinstance(each, NotSignedIn) for each in both) == [False, True]


@pytest.mark.parametrize(("late", "served"), [(-1, True), (1, True), (-2, False), (2, False)])
async def test_a_clock_may_be_half_a_minute_wrong(home: House, late: int, *, served: bool) -> None:
    boss = await home.person(Role.ADMINISTRATOR, name="boss")
    home.clock.advance(300)
    code = home.code(boss)
    home.clock.advance(-late * STEP / 1e6)
    if served:
        await home.security.sign_in(attempt("boss", code=code))
    else:
        await refused(home.security, attempt("boss", code=code))


async def test_a_code_is_that_of_the_moment_of_asking_however_long_passwords_wait(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await home.person(Role.ADMINISTRATOR, name="boss", totp=False)
    passwords, own = home.security.books.passwords, home.security.own
    matches = passwords.matches

    async def slowly(password: str, known: str) -> bool:
        home.clock.advance(2 * STEP / 1e6)
        return await matches(password, known)

    monkeypatch.setattr(passwords, "matches", slowly)
    secret = own.enrolment("s")
    code = code_at(secret, home.clock.now())
    await own.enrol(boss, code, PASSWORD, session="s", address="")
    await home.security.sign_in(attempt("boss", code=code_at(secret, home.clock.now())))


async def test_a_recovery_code_stands_in_once(home: House) -> None:
    await home.person(Role.ADMINISTRATOR, name="boss", totp=False)
    own, account = home.security.own, home.security.books.accounts.get("boss")
    assert account is not None
    secret = own.enrolment("s")
    codes = await own.enrol(
        account, code_at(secret, home.clock.now()), PASSWORD, session="s", address=""
    )
    assert len(set(codes)) == 10
    await home.security.sign_in(attempt("boss", code=codes[3].lower().replace("-", " ")))
    await refused(home.security, attempt("boss", code=codes[3]))
    await home.security.sign_in(attempt("boss", code=codes[4]))


async def test_a_lock_beats_a_sign_in_that_is_under_way(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.person(Role.THERAPIST, name="wang")
    passwords = home.security.books.passwords
    matches = passwords.matches

    async def locked_meanwhile(password: str, known: str) -> bool:
        right = await matches(password, known)
        await home.security.staff.lock(OVER_SOCKET, "wang", "left")
        return right

    monkeypatch.setattr(passwords, "matches", locked_meanwhile)
    assert (await refused(home.security, attempt("wang"))).status == 401
    assert home.security.books.sessions.of("wang") == []


@asynccontextmanager
async def _again(data: Path) -> AsyncIterator[House]:
    async with house(data) as opened:
        yield opened


async def test_accounts_outlive_the_process_and_secrets_are_not_on_disk(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        boss = await home.person(Role.ADMINISTRATOR, name="boss")
        _, secret = await home.security.sign_in(attempt("boss", code=home.code(boss)))
        token = await home.security.issue.give(OVER_SOCKET, "ris", ["site.read"])
    written = _everything(tmp_path)
    for hidden in (PASSWORD, boss.totp, secret, token):
        assert hidden.encode() not in written
    async with _again(tmp_path) as home:
        assert home.security.books.accounts.get("boss") == boss_after(boss, home)
        assert home.security.books.sessions.find(secret) is not None
        assert home.security.books.tokens.find(token) is not None


def boss_after(boss: Any, home: House) -> Any:
    found = home.security.books.accounts.get("boss")
    assert found is not None
    assert (found.totp, found.roles, found.recovery) == (boss.totp, boss.roles, boss.recovery)
    return found


async def test_without_the_keys_of_the_site_a_recovery_code_still_helps(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        boss = await home.person(Role.ADMINISTRATOR, name="boss", totp=False)
        secret = home.security.own.enrolment("s")
        code = code_at(secret, home.clock.now())
        codes = await home.security.own.enrol(boss, code, PASSWORD, session="s", address="")
    fresh = Keyring.fresh(suite_named(DEFAULT), "2026-11-23T00:00:00Z")
    async with house(tmp_path, ring=fresh) as home:
        home.clock.advance(30)
        right_before = code_at(secret, home.clock.now())
        await refused(home.security, attempt("boss", code=right_before))
        await home.security.sign_in(attempt("boss", code=codes[0]))


def _everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_second_factors_outlive_the_key_that_sealed_them(tmp_path: Path) -> None:
    ring = Keyring.fresh(suite_named(DEFAULT), "")
    async with house(tmp_path, ring=ring) as home:
        await home.person(Role.ADMINISTRATOR, name="wang")
        accounts = home.security.books.accounts
        before = accounts.get("wang")
        assert await accounts.keys() == {1}
        ring.adopt(ring.rotated(suite_named("sm4-gcm"), ""))
        await accounts.reseal(lambda *_: None)
        assert await accounts.keys() == {2}
        ring.adopt(ring.without(1))
    async with house(tmp_path, ring=ring) as home:
        after = home.security.books.accounts.get("wang")
        assert before is not None
        assert after is not None
        assert after.totp == before.totp
