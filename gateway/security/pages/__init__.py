"""The pages of accounts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from gateway.room import Access, PageKit, Site, access
from gateway.security.pages.accounts import AccountPages
from gateway.security.pages.door import DoorPages
from gateway.security.pages.elsewhere import ElsewherePages
from gateway.security.pages.mine import MyPages
from gateway.security.pages.set_up import SetUpPages
from gateway.security.pages.tokens import TokenPages
from gateway.security.security import Security

_STATIC = Path(__file__).parents[1] / "static"


def routes(security: Security, site: Site, kit: PageKit) -> Iterable[BaseRoute]:
    """All of them, and the little script that they need."""
    yield from DoorPages(security, kit).routes()
    yield from SetUpPages(security, kit).routes()
    yield from MyPages(security, site, kit).routes()
    yield from AccountPages(security, kit).routes()
    yield from TokenPages(security, kit).routes()
    if security.provider is not None:
        yield from ElsewherePages(security, security.provider, kit).routes()
    yield Mount("/accounts-static", access(Access.PUBLIC)(StaticFiles(directory=_STATIC)))
