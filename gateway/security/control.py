"""`/api/v1/accounts` and `/tokens`: what the command line does."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.model import Instant
from gateway.room import Permission, access
from gateway.room.document import Body, Document, Moment
from gateway.room.route import PREFIX, answer, route
from gateway.security.account import Account
from gateway.security.roles import Role
from gateway.security.security import Security
from gateway.security.token import Token, TokenKind
from gateway.web import caller_of, rfc3339


class NewAccount(Body):
    name: str
    display: str = ""
    roles: list[str]
    departments: tuple[str, ...] = ()


class NewToken(Body):
    name: str
    permissions: list[str]
    kind: TokenKind = TokenKind.API
    departments: tuple[str, ...] = ()
    scope: str = ""
    days: int | None = None


class Why(Body):
    why: str = ""


_NOTHING = Why()


class AccountItem(Document):
    """An account without anything secret; `locked` is why nobody can sign in with it."""

    name: str
    display: str
    roles: list[Role]
    departments: list[str]
    second_factor: bool
    set_up: bool
    locked: str | None
    created_at: Moment
    signed_in_at: Moment | None


class TokenItem(Document):
    """A token without its secret."""

    name: str
    kind: TokenKind
    permissions: list[Permission]
    departments: list[str]
    scope: str
    valid: bool
    made_by: str
    made_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    used_at: Moment | None


class SetUpLink(Document):
    """Where a person chooses a password, once."""

    name: str
    code: str
    link: str


class TokenSecret(Document):
    """The secret of a token, which is shown this once."""

    name: str
    token: str


class Control:
    def __init__(self, security: Security) -> None:
        self._security, self._staff, self._issue = security, security.staff, security.issue

    def routes(self) -> list[BaseRoute]:
        accounts, tokens, post = f"{PREFIX}/accounts", f"{PREFIX}/tokens", "POST"
        one = f"{accounts}/{{name}}"
        return [
            route(accounts, self.accounts, list[AccountItem]),
            route(accounts, self.create, SetUpLink, method=post, status=201),
            route(f"{one}/lock", self.lock, AccountItem, method=post, refusals=(404,)),
            route(f"{one}/unlock", self.unlock, AccountItem, method=post, refusals=(404,)),
            route(f"{one}/reset-totp", self.reset_totp, AccountItem, method=post, refusals=(404,)),
            route(f"{one}/set-up-link", self.link, SetUpLink, method=post, refusals=(404,)),
            route(f"{PREFIX}/set-up-link", self.first_link, SetUpLink, method=post),
            route(tokens, self.tokens, list[TokenItem]),
            route(tokens, self.give, TokenSecret, method=post, status=201),
            route(
                f"{tokens}/{{name}}/revoke", self.revoke, TokenItem, method=post, refusals=(404,)
            ),
        ]

    @access(Permission.MANAGE_ACCOUNTS)
    async def accounts(self) -> Response:
        """Every account."""
        return answer([account_item(each) for each in self._security.books.accounts.all()])

    @access(Permission.MANAGE_ACCOUNTS)
    async def create(self, request: Request, body: NewAccount) -> Response:
        """Make an account; its person chooses the password at the link."""
        code = await self._staff.create(
            caller_of(request), body.name, body.display, body.roles, body.departments
        )
        return answer(self._link(body.name, code), 201)

    @access(Permission.MANAGE_ACCOUNTS)
    async def lock(self, request: Request, name: str, body: Why = _NOTHING) -> Response:
        """Nobody can sign in with it from now on."""
        await self._staff.lock(caller_of(request), name, body.why)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def unlock(self, request: Request, name: str) -> Response:
        """It can be used again."""
        await self._staff.unlock(caller_of(request), name)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def reset_totp(self, request: Request, name: str) -> Response:
        """Its person sets up a new second factor."""
        await self._staff.reset_totp(caller_of(request), name)
        return self._account(name)

    @access(Permission.MANAGE_ACCOUNTS)
    async def link(self, request: Request, name: str) -> Response:
        """A new link to choose a password; it voids the one before."""
        return answer(self._link(name, await self._staff.invite(caller_of(request), name)))

    @access(Permission.MANAGE_ACCOUNTS)
    async def first_link(self, request: Request) -> Response:
        """The link of the first administrator, as long as there is none."""
        return answer(self._link("", await self._staff.invite(caller_of(request), "")))

    @access(Permission.MANAGE_TOKENS)
    async def tokens(self) -> Response:
        """Every token, also those that are over."""
        now = self._security.books.clock.now()
        return answer([token_item(each, now) for each in self._security.books.tokens.all()])

    @access(Permission.MANAGE_TOKENS)
    async def give(self, request: Request, body: NewToken) -> Response:
        """Make a token; without `days` it does not expire."""
        secret = await self._issue.give(
            caller_of(request),
            body.name,
            body.permissions,
            kind=body.kind,
            departments=body.departments,
            scope=body.scope,
            days=body.days,
        )
        return answer(TokenSecret(name=body.name, token=secret), 201)

    @access(Permission.MANAGE_TOKENS)
    async def revoke(self, request: Request, name: str) -> Response:
        """It is refused from now on."""
        await self._issue.revoke(caller_of(request), name)
        return answer(token_item(self._issue.known(name), self._security.books.clock.now()))

    def _link(self, name: str, code: str) -> SetUpLink:
        return SetUpLink(name=name, code=code, link=self._security.front.link(code))

    def _account(self, name: str) -> Response:
        return answer(account_item(self._staff.known(name)))


def account_item(account: Account) -> AccountItem:
    """An account as JSON."""
    return AccountItem(
        name=account.name,
        display=account.display,
        roles=sorted(account.roles),
        departments=sorted(account.departments),
        second_factor=bool(account.totp),
        set_up=bool(account.password or account.external),
        locked=account.locked or None,
        created_at=rfc3339(account.created_at),
        signed_in_at=_time(account.signed_in_at),
    )


def token_item(token: Token, now: Instant) -> TokenItem:
    """A token as JSON."""
    return TokenItem(
        name=token.name,
        kind=token.kind,
        permissions=sorted(token.permissions),
        departments=sorted(token.departments),
        scope=token.scope,
        valid=token.lasts(now),
        made_by=token.made_by,
        made_at=rfc3339(token.made_at),
        expires_at=_time(token.expires_at),
        revoked_at=_time(token.revoked_at),
        used_at=_time(token.used_at),
    )


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else rfc3339(instant)
