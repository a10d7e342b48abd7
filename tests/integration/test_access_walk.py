"""Every route, by every method, called by everybody, against the page that says who may."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api import Application
from gateway.room import Access, Permission
from gateway.security import Security
from gateway.security.account import Account
from gateway.security.roles import Role
from gateway.security.secret import form_token
from gateway.testing.access import FILE, document, lines, opened
from gateway.web import Guard, OverSocket, SocketGuard
from gateway.web.caller import OVER_SOCKET
from tests.accounts import PASSWORD
from tests.peers import full_run

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SOCKET = "WebSocket"
ADMITTED = 299
_ROW = re.compile(
    r"^\| `(?P<path>/[^`]*)` \| (?P<method>[A-Za-z]+) \| `(?P<rule>[^`]+)` \|(?P<may>.*)\|$"
)
_PARAMETER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Documented:
    """What the page says of a method of a path."""

    rule: str
    roles: frozenset[str]


def documented() -> dict[tuple[str, str], Documented]:
    text = FILE.read_text("utf-8")
    found = {}
    for row in map(_ROW.match, text.splitlines()):
        if row is not None:
            cells = [cell.strip() for cell in row["may"].split("|")]
            assert len(cells) == len(Role)
            may = frozenset(str(role) for role, cell in zip(Role, cells, strict=True) if cell)
            found[row["path"], row["method"]] = Documented(row["rule"], may)
    return found


@dataclass(frozen=True)
class Caller:
    """Somebody, with the headers by which they show it."""

    name: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    permissions: frozenset[str] | None = None

    def expected(self, said: Documented | None) -> int:
        """The answer that the page promises."""
        if said is None:
            return 405
        if said.rule == Access.PUBLIC:
            return ADMITTED
        if self.name == "anonymous":
            return 403 if said.rule == Access.OWNER else 401
        return ADMITTED if self._may(said) else 403

    def _may(self, said: Documented) -> bool:
        if said.rule == Access.SIGNED_IN:
            return True
        return (
            self.name in said.roles if self.permissions is None else said.rule in self.permissions
        )


async def callers(security: Security) -> list[Caller]:
    """Nobody, a person of each role, a token with each permission and one with all of them."""
    everybody = [Caller("anonymous")]
    for role in Role:
        link = await security.staff.create(OVER_SOCKET, role, "", [role])
        account = await security.own.set_up(link, PASSWORD, PASSWORD)
        if account.needs_totp:
            account = await security.books.accounts.change(role, _with_totp)
        secret = await security.sign_in.admit(account, "127.0.0.1", "")
        cookie = (b"cookie", f"isogate={secret}".encode())
        token = (b"x-csrf-token", form_token(secret).encode())
        everybody.append(Caller(role, (cookie, token)))
    grants = {each.value: [each] for each in Permission if not each.value.endswith(".manage")}
    everything = [each for (each,) in grants.values()]
    if not full_run():
        grants = {name: grants[name] for name in ("site.read", "results.read")}
    grants["everything"] = everything
    for name, permissions in grants.items():
        secret = await security.issue.give(OVER_SOCKET, f"token-{name}", permissions)
        bearer = (b"authorization", f"Bearer {secret}".encode())
        held = frozenset(str(each) for each in permissions)
        everybody.append(Caller(f"token {name}", (bearer,), held))
    return everybody


def _with_totp(account: Account) -> Account:
    return replace(account, totp="JBSWY3DPEHPK3PXP")


@asynccontextmanager
async def walkable(folder: Path) -> AsyncIterator[tuple[Application, Security]]:
    """The whole application, whose guards stand and whose handlers only say that they were met."""
    async with opened(folder) as (app, security):
        for route in app.routes:
            guard = route.app  # type: ignore[attr-defined]
            assert isinstance(guard, Guard | SocketGuard), f"{route!r} is not guarded"
            guard._app = _met
        yield app, security


async def _met(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": ADMITTED, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def status(app: ASGIApp, method: str, path: str, caller: Caller) -> int:
    answers: list[int] = []

    socket = method == SOCKET

    async def receive() -> Message:
        if socket:
            return {"type": "websocket.connect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            answers.append(message["status"])
        elif message["type"] == "websocket.accept":
            answers.append(ADMITTED)

    scope: Scope = {
        "type": "websocket" if socket else "http",
        "extensions": {"websocket.http.response": {}},
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        **({} if socket else {"method": method}),
        "scheme": "ws" if socket else "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *caller.headers],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8080),
    }
    await app(scope, receive, send)
    (answer,) = answers
    return answer


def example(path: str) -> str:
    """An address that fits a path."""
    return _PARAMETER.sub("x", path).replace("…", "x")


def answering(app: Application, method: str, path: str) -> str | None:
    """The path of the route that answers, as the listing has it; None if none does."""
    for route in app.routes:
        if isinstance(route, Route):
            found, _ = route.matches({"type": "http", "method": method, "path": path})
            if found is Match.FULL:
                return route.path
        elif isinstance(route, Mount) and path.startswith(f"{route.path}/"):
            return f"{route.path}/…"
    return None


async def test_everybody_gets_the_documented_answer_everywhere(tmp_path: Path) -> None:
    page = documented()
    seen: Counter[int] = Counter()
    async with walkable(tmp_path) as (app, security):
        assert FILE.read_text("utf-8") == document(lines(app.routes)), (
            "run `python -m gateway.testing.access`, and look at what changed"
        )
        everybody = await callers(security)
        for path in (path for path, method in page if method == SOCKET):
            for caller in everybody:
                got = await status(app, SOCKET, example(path), caller)
                assert got == caller.expected(page[path, SOCKET]), f"{caller.name}: {path}: {got}"
        owner = OverSocket(app)
        for path, method in page:
            got = await status(owner, method, example(path), Caller("owner"))
            assert got == ADMITTED, f"over the Unix socket: {method} {path}: {got}"
        paths = sorted({example(path) for path, method in page if method != SOCKET})
        for path in paths:
            for method in METHODS:
                template = answering(app, method, path)
                files = template is not None and template.endswith("…")
                asked = "GET" if method == "HEAD" or files else method
                said = page[template, asked] if template is not None else None
                for caller in everybody:
                    got = await status(app, method, path, caller)
                    wanted = caller.expected(said)
                    assert got == wanted, f"{caller.name}: {method} {path}: {got}, not {wanted}"
                    seen[got] += 1
    assert len(paths) > 80
    assert all(seen[code] > 100 for code in (ADMITTED, 401, 403, 405)), seen
