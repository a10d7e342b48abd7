from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security.password import Overloaded, Passwords, weakness
from tests.accounts import CHEAP


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "123456789",
        "1234567890",
        "Password123!",
        "PASSWORD123",
        "qwertyuiop",
        "basketball1",
        "aaaaaaaaaaaa",
        "ababababababab",
        "li.wei is great",
        "x" * 129,
        "ｐａｓｓｗｏｒｄ１２３",
    ],
)
def test_short_common_repeated_and_personal_passwords_are_refused(password: str) -> None:
    assert weakness(password, "li.wei")


@pytest.mark.parametrize(
    "password", ["three blind mice", "正确的马电池订书钉好吗", "lower case only", "4711 0815 42"]
)
def test_length_counts_and_composition_does_not(password: str) -> None:
    assert weakness(password, "li.wei") is None


@given(st.text(max_size=200), st.text(max_size=40))
def test_any_text_is_judged(password: str, name: str) -> None:
    weakness(password, name)


async def test_a_password_matches_its_own_hash_whatever_keyboard_made_it() -> None:
    async with Passwords.open(CHEAP) as passwords:
        known = await passwords.hash("café au lait ①")
        assert "argon2id" in known
        assert await passwords.matches("cafe\u0301 au lait 1", known)
        assert not await passwords.matches("cafe au lait 1", known)
        assert known != await passwords.hash("café au lait ①")


async def test_nobodys_password_is_checked_and_never_right() -> None:
    async with Passwords.open(CHEAP) as passwords:
        assert not await passwords.matches("", "")
        assert not await passwords.matches("three blind mice", "")


async def test_a_flood_of_checks_is_turned_away_and_the_rest_are_answered() -> None:
    async with Passwords.open(CHEAP) as passwords:
        known = await passwords.hash("three blind mice")
        checks = (passwords.matches("three blind mice", known) for _ in range(40))
        outcomes = await asyncio.gather(*checks, return_exceptions=True)
        assert {type(each) for each in outcomes} == {bool, Overloaded}
        assert await passwords.matches("three blind mice", known)
