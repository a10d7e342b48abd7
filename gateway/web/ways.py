"""Which addresses a caller may go to, by the rules of the routes that answer them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from starlette.routing import BaseRoute, Route

from gateway.room import Access, Permission, rule_of
from gateway.web.caller import Caller, Means


class Ways:
    """The routes of an application that a link leads to."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes: defaultdict[str, list[Route]] = defaultdict(list)
        for route in routes:
            if isinstance(route, Route) and "GET" in (route.methods or ()):
                self._routes[_beginning(route.path)].append(route)

    def closed(self, address: str, caller: Caller) -> bool:
        """Whether a link to an address would only tell its reader that they may not go there."""
        path = address.partition("?")[0].partition("#")[0]
        for route in self._routes.get(_beginning(path), ()):
            if route.path_regex.match(path):
                return not _open(route, caller)
        return False


def _beginning(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""


def _open(route: Route, caller: Caller) -> bool:
    rule = rule_of(route)
    if caller.means is Means.SOCKET:
        return True
    return caller.principal.may(rule) if isinstance(rule, Permission) else rule is not Access.OWNER
