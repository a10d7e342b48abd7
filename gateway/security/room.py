"""The accounts as a room: its tables, its pages, and the gate that it gives to the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.room import (
    Area,
    Attention,
    Entry,
    Glance,
    Level,
    Permission,
    Principal,
    Room,
    RoomContext,
    Running,
    TableSet,
)
from gateway.security.control import Control
from gateway.security.options import AccountsOptions
from gateway.security.pages import routes
from gateway.security.roles import WORDS, Role
from gateway.security.security import Security
from gateway.security.telling import TELLS
from gateway.security.token import TokenKind

TABLES = TableSet(
    (
        "gateway.security.account",
        "gateway.security.session",
        "gateway.security.token",
        "gateway.security.invitation",
    ),
    "gateway.security.migrations",
)


@asynccontextmanager
async def _open(context: RoomContext) -> AsyncIterator[Running]:
    async with Security.open(context) as security:
        yield Running(
            services=(security, security.gate),
            jobs={"sweep": security.sweep},
            routes=lambda kit: [*routes(security, context.site, kit), *Control(security).routes()],
            glance=lambda who: _glance(security, who),
        )


async def _glance(security: Security, who: Principal) -> Glance:
    if not security.front.plain or not who.may(Permission.READ_SETTINGS):
        return Glance()
    what = {"en": "Pages without encryption", "zh-CN": "页面未加密"}
    return Glance(attention=(Attention(Level.MEDIUM, what, security.front.plain, ""),))


room = Room(
    name="accounts",
    open=_open,
    section=AccountsOptions,
    package="gateway.security",
    tables=TABLES,
    navigation=(
        Entry(
            "/settings/accounts",
            {"en": "Accounts", "zh-CN": "账户"},
            Permission.MANAGE_ACCOUNTS,
            900,
            Area.SETTINGS,
            "people",
        ),
        Entry(
            "/settings/tokens",
            {"en": "Tokens", "zh-CN": "令牌"},
            Permission.MANAGE_TOKENS,
            910,
            Area.SETTINGS,
            "key",
        ),
    ),
    tells=TELLS,
    words={
        "role": tuple(Role),
        "token": tuple(TokenKind),
        "permission": tuple(WORDS.values()),
    },
)
