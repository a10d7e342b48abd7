"""docs/reference/access.md: every route with its rule, and who may call it.

`python -m gateway.testing.access` writes the file anew, from a gateway with all rooms open.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from gateway.api import Application, open_app
from gateway.app.serve import ServeOptions, open_gateway
from gateway.config import discover_rooms
from gateway.console import Console
from gateway.room import Access, Permission, rule_of
from gateway.security import Security
from gateway.security.roles import PERMISSIONS, Role
from gateway.testing.gate import Recognizing
from gateway.web import Caller

FILE = Path("docs/reference/access.md")

CLOSED = frozenset({"broker"})
"""Rooms that are not opened: they need another program and have no routes."""

_SECTIONS: Mapping[str, object] = {
    "accounts": {
        "limits": {
            "per_second": 1e6,
            "burst": 1_000_000,
            "anonymous_per_second": 1e6,
            "anonymous_burst": 1_000_000,
        },
        "oidc": {
            "issuer": "https://login.example",
            "client_id": "isogate",
            "roles": {"staff": "therapist"},
        },
    },
    "dicom": {
        "titles": {"WALK": {"allow": "anyone", "services": ["ups", "commitment"]}},
        "listeners": [{"host": "127.0.0.1", "port": 0}],
        "peers": {"pacs": {"title": "PACS", "host": "127.0.0.1", "port": 1}},
        "watch": {"skip": ["pacs"]},
        "web": {"peers": {"archive": {"url": "http://127.0.0.1:1/"}}},
    },
    "papers": {"folder": "papers"},
    "queue": {
        "queues": {"linac-1": {"name": "Linac 1", "resource": "linac-1"}},
        "displays": {"hall": {"queues": ["linac-1"]}},
    },
    "schedule": {"resources": {"linac-1": {"name": "Linac 1"}}},
    "time": {"servers": ["127.0.0.1"]},
}
"""What rooms need to open that do not open with an empty section, and peers that never answer."""

_SHORT = {
    Role.THERAPIST: "Th",
    Role.PHYSICIST: "Ph",
    Role.ONCOLOGIST: "On",
    Role.LABORATORY: "La",
    Role.FACILITIES: "Fa",
    Role.ENGINEER: "En",
    Role.AUDITOR: "Au",
    Role.ADMINISTRATOR: "Ad",
}
_YES, _NO = "●", ""
_SOCKET = "WebSocket"

_HEAD = """\
# Who may do what

Made by `python -m gateway.testing.access` from the code; a test calls every route as everybody and
compares the answers with this page.

Whoever is not signed in gets 401 (on a page: the sign-in), whoever may not gets 403, and another
method than those named gets 405. A **token** may call a route if it was given the permission that
stands as its rule. The gateway's **owner**, by the Unix socket `control.sock`, may call all.

| rule | open to |
|---|---|
| `public` | everybody |
| `signed-in` | every person, token and display |
| `owner` | the Unix socket alone |
| a permission | roles with a ● in its column, and tokens that have it |

An account or token that is limited to departments finds only what is of these: see
[whose is what](../how-to/accounts.md). What is not is answered as if it did not exist (404).

"""


@dataclass(frozen=True, slots=True)
class Line:
    """A method of a path, and the rule of what answers it."""

    path: str
    method: str
    rule: Access | Permission

    def roles(self) -> list[Role]:
        """Who may, of the roles of persons."""
        if isinstance(self.rule, Permission):
            return [role for role in Role if self.rule in PERMISSIONS[role]]
        return [] if self.rule is Access.OWNER else list(Role)


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[tuple[Application, Security]]:
    """A gateway with every room open, which does not listen anywhere; its gate is the real one."""
    (data / "devices.yaml").write_bytes(orjson.dumps(whole_site()))
    options = ServeOptions(data / "devices.yaml", data / "data")
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(open_gateway(options))
        shut = discover_rooms().keys() - gateway.rooms.running.keys() - CLOSED
        if shut:
            raise AssertionError(f"add sections for these rooms: {', '.join(sorted(shut))}")
        security = gateway.rooms.neighbour(Security)
        console = Console(gateway)
        pages = [*console.routes(), *gateway.rooms.routes(console.kit)]
        gate = _Unaudited(security)
        app = await stack.enter_async_context(
            open_app(gateway, pages, console.error_page, gate=gate)
        )
        yield app, security


def whole_site() -> dict[str, object]:
    """A devices.yaml (JSON is YAML) that opens every room."""
    rooms = discover_rooms()
    sections = {
        name: _SECTIONS.get(name, {})
        for name, room in rooms.items()
        if room.section is not None and name not in CLOSED
    }
    site = {"id": "walk", "name": "Walk", "time_zone": "UTC", "locale": "en"}
    return {"site": site, **sections}


class _Unaudited(Recognizing):
    """The real gate, but for the audit: thousands of refusals would each wait for the disk."""

    def __init__(self, security: Security) -> None:
        super().__init__()
        self._gate = security.gate

    def caller(
        self, headers: Mapping[bytes, bytes], address: str, *, secure: bool, active: bool
    ) -> Caller:
        return self._gate.caller(headers, address, secure=secure, active=active)


def lines(routes: Iterable[BaseRoute]) -> list[Line]:
    """What every route answers, by path."""
    return sorted(_lines(routes), key=lambda line: (line.path, line.method))


def _lines(routes: Iterable[BaseRoute]) -> Iterator[Line]:
    for route in routes:
        rule = rule_of(route)
        if rule is None:
            raise AssertionError(f"{route!r} has no rule")
        match route:
            case Route():
                yield from (Line(route.path, each, rule) for each in route.methods or ())
            case WebSocketRoute():
                yield Line(route.path, _SOCKET, rule)
            case Mount():
                yield Line(f"{route.path}/…", "GET", rule)
            case _:
                raise AssertionError(f"{route!r} is of a kind that is not guarded")


def document(every: Sequence[Line]) -> str:
    """The page as it should stand."""
    return _HEAD + _roles() + _permissions() + _routes(every)


def _roles() -> str:
    head = "## Roles\n| short | role |\n|---|---|\n"
    return head + "".join(f"| {_SHORT[role]} | {role} |\n" for role in Role) + "\n"


def _permissions() -> str:
    rows = (
        f"| `{permission}` | "
        + " | ".join(_YES if permission in PERMISSIONS[role] else _NO for role in Role)
        + f" | {_YES if permission.reveals_patients else _NO} |\n"
        for permission in Permission
    )
    head = f"{_header('permission')} each use audited |\n{_rule(2)}"
    return f"## Permissions\n{head}{''.join(rows)}\n"


def _routes(every: Sequence[Line]) -> str:
    rows = (
        f"| `{line.path}` | {line.method} | `{line.rule}` | "
        + " | ".join(_YES if role in line.roles() else _NO for role in Role)
        + " |\n"
        for line in every
        if line.method != "HEAD"
    )
    return f"## Routes\n{_header('path | method | rule')}\n{_rule(3)}{''.join(rows)}"


def _header(first: str) -> str:
    return f"| {first} | " + " | ".join(_SHORT[role] for role in Role) + " |"


def _rule(columns: int) -> str:
    return "|" + "---|" * (columns + len(Role)) + "\n"


async def _document() -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder)) as (app, _):
            return document(lines(app.routes))


if __name__ == "__main__":
    FILE.write_text(asyncio.run(_document()), "utf-8")
