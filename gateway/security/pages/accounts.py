"""`/settings/accounts`: who may sign in, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room import PageKit, Permission, access, texts
from gateway.security.account import Account
from gateway.security.invalid import Invalid
from gateway.security.invitation import LASTS_HOURS
from gateway.security.roles import Role
from gateway.security.security import Security
from gateway.web import Caller, Refusal, caller_of

HERE = "/settings/accounts"

_LOCKED, _UNLOCKED, _RESET, _SIGNED_OUT = texts(
    "The account is locked, and whoever was signed in with it no longer is.",
    "The account can be used again.",
    "The second factor is taken away.",
    "Signed out everywhere.",
)


class AccountPages:
    def __init__(self, security: Security, kit: PageKit) -> None:
        self._security, self._staff, self._kit = security, security.staff, kit

    def routes(self) -> list[BaseRoute]:
        one = HERE + "/{name}"
        return [
            Route(HERE, self.page, methods=["GET"]),
            Route(HERE, self.create, methods=["POST"]),
            Route(one, self.account, methods=["GET"]),
            Route(one, self.change, methods=["POST"]),
            Route(one + "/{act}", self.act, methods=["POST"]),
        ]

    @access(Permission.MANAGE_ACCOUNTS)
    async def page(self, request: Request) -> Response:
        return self._list(request)

    @access(Permission.MANAGE_ACCOUNTS)
    async def create(self, request: Request) -> Response:
        fields = await self._kit.form(request)
        try:
            code = await self._staff.create(
                caller_of(request),
                fields.get("name", ""),
                fields.get("display", ""),
                ticked_roles(fields),
                departments(fields),
            )
        except Invalid as invalid:
            return self._list(request, fields, invalid)
        return self._link(request, fields.get("name", "").strip(), code)

    @access(Permission.MANAGE_ACCOUNTS)
    async def account(self, request: Request) -> Response:
        return self._one(request, self._named(request))

    @access(Permission.MANAGE_ACCOUNTS)
    async def change(self, request: Request) -> Response:
        account, fields = self._named(request), await self._kit.form(request)
        try:
            await self._staff.change(
                caller_of(request),
                account.name,
                display=fields.get("display", ""),
                roles=ticked_roles(fields),
                departments=departments(fields),
            )
        except Invalid as invalid:
            return self._one(request, account, fields, invalid)
        return self._kit.done(request, f"{HERE}/{account.name}", "The account is changed.")

    @access(Permission.MANAGE_ACCOUNTS)
    async def act(self, request: Request) -> Response:
        """`lock`, `unlock`, `reset-totp`, `sign-out` or `link`."""
        account, fields = self._named(request), await self._kit.form(request)
        name, caller = account.name, caller_of(request)
        try:
            if request.path_params["act"] == "link":
                return self._link(request, name, await self._staff.invite(caller, name))
            done = await self._do(request.path_params["act"], caller, name, fields)
        except Invalid as invalid:
            return self._one(request, account, fields, invalid)
        return self._kit.done(request, f"{HERE}/{name}", done)

    async def _do(self, act: str, caller: Caller, name: str, fields: Mapping[str, str]) -> str:
        match act:
            case "lock":
                await self._staff.lock(caller, name, fields.get("why", ""))
                return _LOCKED
            case "unlock":
                await self._staff.unlock(caller, name)
                return _UNLOCKED
            case "reset-totp":
                await self._staff.reset_totp(caller, name)
                return _RESET
            case "sign-out":
                await self._staff.sign_out(caller, name)
                return _SIGNED_OUT
            case _:
                raise Refusal(
                    404,
                    "Nothing here",
                    "An account has no {act}.",
                    "Start again from the overview.",
                    act=act,
                )

    def _named(self, request: Request) -> Account:
        return self._staff.known(request.path_params["name"])

    def _list(
        self,
        request: Request,
        fields: Mapping[str, str] | None = None,
        invalid: Invalid | None = None,
    ) -> Response:
        return self._kit.page(
            request,
            "accounts/accounts.html",
            status=invalid.status if invalid else 200,
            accounts=self._security.books.accounts.all(),
            roles=list(Role),
            fields=fields or {},
            invalid=invalid,
        )

    def _one(
        self,
        request: Request,
        account: Account,
        fields: Mapping[str, str] | None = None,
        invalid: Invalid | None = None,
    ) -> Response:
        return self._kit.page(
            request,
            "accounts/one.html",
            status=invalid.status if invalid else 200,
            account=account,
            sessions=self._security.books.sessions.of(account.name),
            roles=list(Role),
            fields=_as_fields(account) if fields is None else fields,
            invalid=invalid,
        )

    def _link(self, request: Request, name: str, code: str) -> Response:
        """Shown this once, to be handed to its person."""
        address = str(request.url.replace(path="/set-up", query="", fragment=code))
        return self._kit.page(
            request, "accounts/link.html", name=name, code=code, address=address, hours=LASTS_HOURS
        )


def ticked_roles(fields: Mapping[str, str]) -> list[str]:
    return [role for role in Role if f"role-{role}" in fields]


def departments(fields: Mapping[str, str]) -> list[str]:
    """Departments as they are written in one field."""
    return fields.get("departments", "").replace(",", " ").split()


def _as_fields(account: Account) -> dict[str, str]:
    ticked = {f"role-{role}": "yes" for role in account.roles}
    return {
        "display": account.display,
        "departments": " ".join(sorted(account.departments)),
        **ticked,
    }
