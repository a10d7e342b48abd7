"""`/api/v1/accounts` and `/tokens`: what the command line does."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.model import Instant
from gateway.room import Permission, access
from gateway.security.account import Account
from gateway.security.invalid import Invalid
from gateway.security.security import Security
from gateway.security.token import Token, TokenKind
from gateway.web import caller_of, json_response, rfc3339

_PREFIX = "/api/v1"

B = TypeVar("B", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewAccount(_Body):
    name: str
    display: str = ""
    roles: list[str]
    departments: list[str] = []


class NewToken(_Body):
    name: str
    permissions: list[str]
    kind: TokenKind = TokenKind.API
    departments: list[str] = []
    scope: str = ""
    days: int | None = None


class Why(_Body):
    why: str = ""


class Control:
    def __init__(self, security: Security) -> None:
        self._security, self._staff, self._issue = security, security.staff, security.issue

    def routes(self) -> list[BaseRoute]:
        one = f"{_PREFIX}/accounts/{{name}}"
        return [
            Route(f"{_PREFIX}/accounts", self.accounts, methods=["GET"]),
            Route(f"{_PREFIX}/accounts", self.create, methods=["POST"]),
            Route(f"{one}/lock", self.lock, methods=["POST"]),
            Route(f"{one}/unlock", self.unlock, methods=["POST"]),
            Route(f"{one}/reset-totp", self.reset_totp, methods=["POST"]),
            Route(f"{one}/set-up-link", self.link, methods=["POST"]),
            Route(f"{_PREFIX}/set-up-link", self.first_link, methods=["POST"]),
            Route(f"{_PREFIX}/tokens", self.tokens, methods=["GET"]),
            Route(f"{_PREFIX}/tokens", self.give, methods=["POST"]),
            Route(f"{_PREFIX}/tokens/{{name}}/revoke", self.revoke, methods=["POST"]),
        ]

    @access(Permission.MANAGE_ACCOUNTS)
    async def accounts(self, _request: Request) -> Response:
        return json_response([account_item(each) for each in self._security.books.accounts.all()])

    @access(Permission.MANAGE_ACCOUNTS)
    async def create(self, request: Request) -> Response:
        body = await _read(request, NewAccount)
        code = await self._staff.create(
            caller_of(request), body.name, body.display, body.roles, body.departments
        )
        return json_response(self._link(body.name, code), 201)

    @access(Permission.MANAGE_ACCOUNTS)
    async def lock(self, request: Request) -> Response:
        name, body = request.path_params["name"], await _read(request, Why)
        await self._staff.lock(caller_of(request), name, body.why)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def unlock(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._staff.unlock(caller_of(request), name)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def reset_totp(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._staff.reset_totp(caller_of(request), name)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def link(self, request: Request) -> Response:
        name = request.path_params["name"]
        code = await self._staff.invite(caller_of(request), name)
        return json_response(self._link(name, code))

    @access(Permission.MANAGE_ACCOUNTS)
    async def first_link(self, request: Request) -> Response:
        """The link of the first administrator, as long as there is none."""
        return json_response(self._link("", await self._staff.invite(caller_of(request), "")))

    @access(Permission.MANAGE_TOKENS)
    async def tokens(self, _request: Request) -> Response:
        now = self._security.books.clock.now()
        return json_response([token_item(each, now) for each in self._security.books.tokens.all()])

    @access(Permission.MANAGE_TOKENS)
    async def give(self, request: Request) -> Response:
        body = await _read(request, NewToken)
        secret = await self._issue.give(
            caller_of(request),
            body.name,
            body.permissions,
            kind=body.kind,
            departments=body.departments,
            scope=body.scope,
            days=body.days,
        )
        return json_response({"name": body.name, "token": secret}, 201)

    @access(Permission.MANAGE_TOKENS)
    async def revoke(self, request: Request) -> Response:
        name = request.path_params["name"]
        await self._issue.revoke(caller_of(request), name)
        return json_response(token_item(self._issue.known(name), self._security.books.clock.now()))

    def _link(self, name: str, code: str) -> dict[str, str]:
        return {"name": name, "code": code, "link": self._security.front.link(code)}

    def _account(self, name: str) -> Response:
        return json_response(account_item(self._staff.known(name)))


def account_item(account: Account) -> dict[str, Any]:
    """An account without anything secret."""
    return {
        "name": account.name,
        "display": account.display,
        "roles": sorted(account.roles),
        "departments": sorted(account.departments),
        "second_factor": bool(account.totp),
        "set_up": bool(account.password or account.external),
        "locked": account.locked or None,
        "created_at": rfc3339(account.created_at),
        "signed_in_at": _time(account.signed_in_at),
    }


def token_item(token: Token, now: Instant) -> dict[str, Any]:
    """A token without its secret."""
    return {
        "name": token.name,
        "kind": token.kind,
        "permissions": sorted(token.permissions),
        "departments": sorted(token.departments),
        "scope": token.scope,
        "valid": token.lasts(now),
        "made_by": token.made_by,
        "made_at": rfc3339(token.made_at),
        "expires_at": _time(token.expires_at),
        "revoked_at": _time(token.revoked_at),
        "used_at": _time(token.used_at),
    }


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else rfc3339(instant)


async def _read(request: Request, kind: type[B]) -> B:
    try:
        return kind.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        fault = error.errors()[0]
        raise Invalid(
            str(fault["loc"][0]) if fault["loc"] else "body",
            "{where}: {fault}.",
            where=".".join(str(part) for part in fault["loc"]) or "body",
            fault=fault["msg"],
        ) from None
