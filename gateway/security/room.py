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

        async def glance(who: Principal) -> Glance:
            return glance_of(security, who)

        yield Running(
            services=(security, security.gate),
            jobs={"sweep": security.sweep},
            routes=lambda kit: [*routes(security, context.site, kit), *Control(security).routes()],
            glance=glance,
        )


def glance_of(security: Security, who: Principal) -> Glance:
    """What the accounts add to somebody's overview."""
    found = []
    if security.front.plain and who.may(Permission.READ_SETTINGS):
        what = {"en": "Pages without encryption", "zh-CN": "页面未加密"}
        found.append(Attention(Level.MEDIUM, what, security.front.plain, ""))
    count = security.books.unwritten()
    if count and who.may(Permission.MANAGE_ACCOUNTS):
        what = {"en": "Accounts", "zh-CN": "账户"}
        why = {
            "en": f"Ended sessions and revoked tokens that are not on disk yet: {count}. They are"
            " refused, but valid again after a restart; it is tried again every few seconds.",
            "zh-CN": f"{count} 个已结束的会话或已吊销的令牌尚未写入磁盘：目前已被拒绝，"
            "但重启后会再次有效；系统每隔几秒重试。",
        }
        found.append(Attention(Level.HIGH, what, why, "/settings/tokens"))
    return Glance(attention=found)


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
