"""The demo's accounts: made at its first start, with random secrets that a file keeps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gateway.cli.ready_file import write_private
from gateway.errors import ConfigError

if TYPE_CHECKING:
    from gateway.security import Security

KEPT = "demo-accounts.json"
_TOKEN = "demo"  # noqa: S105 - its name
_STEP = 30_000_000


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One person of the demo. `totp_secret` is empty where the password alone signs in."""

    name: str
    password: str
    roles: list[str]
    totp_secret: str = ""


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """Who can sign in, and the token of a program that may do whatever a token can."""

    operator: DemoAccount
    administrator: DemoAccount
    auditor: DemoAccount
    token: str = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def furnish(security: Security, data: Path) -> DemoAccounts:
    """The accounts of a demo; those of its first start, as long as its data are there."""
    kept = read(data)
    if kept is not None and security.books.accounts.get(kept.administrator.name):
        return kept
    if security.books.accounts.all():
        raise ConfigError(
            f"{data} has accounts that are not the demo's, and {data / KEPT} is gone: "
            "name another directory with --data"
        )
    made = await _make(security)
    write_private(data / KEPT, made.as_json())
    return made


def read(data: Path) -> DemoAccounts | None:
    """What the file in a demo's data directory keeps; None if there is none."""
    try:
        kept = orjson.loads((data / KEPT).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return DemoAccounts(
        DemoAccount(**kept["operator"]),
        DemoAccount(**kept["administrator"]),
        DemoAccount(**kept["auditor"]),
        kept["token"],
    )


def code_now(account: DemoAccount) -> str:
    """The one-time code of this moment."""
    from gateway.model import SystemClock
    from gateway.security.totp import code_at

    return code_at(account.totp_secret, SystemClock().now())


async def _make(security: Security) -> DemoAccounts:
    from gateway.security.issue import GRANTABLE
    from gateway.security.roles import OPERATORS, Role
    from gateway.web.caller import OVER_SOCKET

    return DemoAccounts(
        await _person(security, "operator", sorted(OPERATORS)),
        await _person(security, "admin", [Role.ADMINISTRATOR]),
        await _person(security, "auditor", [Role.AUDITOR]),
        await security.issue.give(OVER_SOCKET, _TOKEN, GRANTABLE),
    )


async def _person(security: Security, name: str, roles: list[str]) -> DemoAccount:
    from gateway.model import Instant
    from gateway.security.secret import new_code
    from gateway.security.totp import code_at
    from gateway.web.caller import OVER_SOCKET

    password, own = new_code(4).lower(), security.own
    link = await security.staff.create(OVER_SOCKET, name, f"Demo {name}", roles)
    account = await own.set_up(link, password, password)
    if not account.needs_totp:
        return DemoAccount(name, password, [str(role) for role in roles])
    secret = own.enrolment(name)
    # With the code of the step before: that of this moment is left for signing in at once.
    before = Instant(security.books.clock.now() - _STEP)
    await own.enrol(account, code_at(secret, before), password, session=name, address="")
    return DemoAccount(name, password, [str(role) for role in roles], secret)
