"""Access rules: every route declares one, and no app is built with a route that has none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from starlette.routing import BaseRoute

_ATTRIBUTE = "access_rule"

Endpoint = TypeVar("Endpoint")


class Access(StrEnum):
    """Who may call a route.

    LOOPBACK: any program on this machine, by a loopback name. OWNER: only through the gateway's
    own Unix socket, which the file system opens to its owner alone.
    """

    LOOPBACK = "loopback"
    OWNER = "owner"


def access(rule: Access) -> Callable[[Endpoint], Endpoint]:
    """Declare the rule of an endpoint: a function, a method, or an ASGI application."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, rule)
        return endpoint

    return declare


def rule_of(route: BaseRoute) -> Access | None:
    """The rule that a route's endpoint declares, or None."""
    endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
    rule = getattr(endpoint, _ATTRIBUTE, None)
    return rule if isinstance(rule, Access) else None


def undeclared(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes without a rule."""
    return (route for route in routes if rule_of(route) is None)
