"""Passwords: which are accepted, and how they are kept."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from gateway.room import Fault

SHORTEST = 10
LONGEST = 128
_FEWEST_DISTINCT = 5
_NAME_COUNTS_FROM = 4
_JUDGED = 40
"""Characters that are looked at: what comes after them makes a password no weaker."""
_GUESSED_SLOWLY = 3
"""More than 10^8 guesses (zxcvbn's score of 3)."""
_AT_ONCE = 2
_WAITING = 16

T = TypeVar("T")


class Overloaded(Exception):  # noqa: N818 - a state, and the caller says it in its own words
    """More sign-ins wait than can be checked soon."""


class Passwords:
    """Hashes and checks with Argon2id, a few at a time in threads; the loop never waits for one."""

    def __init__(self, hasher: Argon2Hasher, threads: ThreadPoolExecutor) -> None:
        self._hash = PasswordHash((hasher,))
        self._threads = threads
        self._waiting = 0
        self._nobodys = threads.submit(self._hash.hash, secrets.token_urlsafe())

    @classmethod
    @asynccontextmanager
    async def open(cls, hasher: Argon2Hasher | None = None) -> AsyncIterator[Passwords]:
        """`hasher` has the library's parameters (RFC 9106, second choice) unless given."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="password") as threads:
            yield cls(hasher or Argon2Hasher(), threads)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hash.hash(_normal(password)))

    async def matches(self, password: str, known: str) -> bool:
        """Whether a password is the one of a hash. No hash costs the same time, and is False."""
        right = await self._run(
            lambda: self._hash.verify(_normal(password), known or self._nobodys.result())
        )
        return right and bool(known)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING:
            raise Overloaded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def weakness(password: str, name: str) -> Fault | None:
    """Why a password is not accepted for the account `name`, or None if it is.

    Length and guessability count, composition does not (NIST SP 800-63B 5.1.1.2).
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists are read where a password is chosen

    plain = _normal(password).casefold()
    if len(plain) < SHORTEST:
        return Fault("Choose at least 10 characters: a few words are easy to remember.")
    if len(password) > LONGEST:
        return Fault("Choose at most 128 characters.")
    if len(set(plain)) < _FEWEST_DISTINCT:
        return Fault("This repeats a few characters only: choose a few words.")
    if len(name) >= _NAME_COUNTS_FROM and name.casefold() in plain:
        return Fault("Leave the name of the account out of its password.")
    if zxcvbn(plain[:_JUDGED], user_inputs=[name, "isogate"])["score"] < _GUESSED_SLOWLY:
        return Fault("This is among the passwords that attackers try first: choose a few words.")
    return None


def _normal(password: str) -> str:
    """The same characters whichever keyboard or input method made them."""
    return unicodedata.normalize("NFKC", password)
