"""Who may do what: permissions, principals, and the rule that every route declares."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute

ACTION_SYSTEM = "urn:isogate:action"
"""Code system of what people do; a code is `room.verb`."""

_ATTRIBUTE = "access_rule"
_BODY = "largest_body"
_ENDLESS = "endless_answer"
_STREAMED = "streamed_body"
_PRINCIPAL = "isogate.principal"

LARGEST_BODY = 1024 * 1024

Endpoint = TypeVar("Endpoint")


class Permission(StrEnum):
    """What a principal may do. Which role has which stands in `gateway.security`."""

    READ_SITE = "site.read"
    READ_EVENTS = "events.read"
    READ_WIRE = "wire.read"
    READ_QUARANTINE = "quarantine.read"
    RESOLVE_QUARANTINE = "quarantine.resolve"
    READ_RESULTS = "results.read"
    REPORT_RESULTS = "results.report"
    READ_PATIENTS = "patients.read"
    WRITE_PATIENTS = "patients.write"
    READ_SCHEDULE = "schedule.read"
    WRITE_SCHEDULE = "schedule.write"
    CALL_PATIENTS = "queue.call"
    CHECK_IN = "queue.check-in"
    WATCH_DISPLAYS = "displays.watch"
    READ_ALARMS = "alarms.read"
    ACKNOWLEDGE_ALARMS = "alarms.acknowledge"
    SHELVE_ALARMS = "alarms.shelve"
    READ_IMAGES = "images.read"
    SEND_IMAGES = "images.send"
    STORE_IMAGES = "images.store"
    READ_PLANS = "plans.read"
    NOTE_FRACTIONS = "plans.note"
    APPROVE_PLANS = "plans.approve"
    OVERRIDE_BLOCKS = "blocks.override"
    READ_SETTINGS = "settings.read"
    CONFIGURE = "settings.write"
    MANAGE_ACCOUNTS = "accounts.manage"
    MANAGE_TOKENS = "tokens.manage"
    RUN_BACKUP = "backup.run"
    READ_AUDIT = "audit.read"
    READ_METRICS = "metrics.read"

    @property
    def reveals_patients(self) -> bool:
        """Whether what it opens can identify a patient: each use is audited."""
        return self in _REVEALING


_REVEALING = frozenset(
    {
        Permission.READ_EVENTS,
        Permission.READ_WIRE,
        Permission.READ_QUARANTINE,
        Permission.READ_RESULTS,
        Permission.REPORT_RESULTS,
        Permission.READ_PATIENTS,
        Permission.READ_SCHEDULE,
        Permission.CALL_PATIENTS,
        Permission.READ_IMAGES,
        Permission.SEND_IMAGES,
        Permission.READ_PLANS,
        Permission.NOTE_FRACTIONS,
        Permission.APPROVE_PLANS,
        Permission.OVERRIDE_BLOCKS,
    }
)


class Access(StrEnum):
    """Rules that no permission expresses.

    PUBLIC: anybody, signed in or not. SIGNED_IN: whoever has an account. OWNER: only through the
    gateway's own Unix socket, which the file system opens to its owner alone.
    """

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    OWNER = "owner"


Rule: TypeAlias = Access | Permission


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a person, a token, a display, or the owner of the gateway's process.

    `id` is stable and goes into events and the audit (`person:wang`, `token:ris`, `owner`);
    `departments` limits what is shown, none means all of the site. `scope` is the one thing that a
    token is for (`zone:hall-1`, `link:meters`), or empty.
    """

    id: str
    name: str
    permissions: frozenset[Permission]
    departments: frozenset[str] = frozenset()
    scope: str = ""

    @property
    def is_person(self) -> bool:
        """Whether somebody signed in with an account."""
        return self.id.startswith("person:")

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


OWNER = Principal("owner", "owner", frozenset(Permission))
"""Whoever can open the gateway's Unix socket."""

NOBODY = Principal("nobody", "", frozenset())
"""A request that names nobody; only public routes answer it."""


def access(
    rule: Rule, *, body: int = LARGEST_BODY, streamed: bool = False, endless: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Declare the rule of an endpoint: a function, a method, or an ASGI application.

    `body` is the most bytes that a request may bring; more are refused before they are read. One
    that is `streamed` is handed on as it comes and never held; under a cookie it needs its form
    token in a header. `endless` answers of an ASGI application go on for hours, to thousands.
    """

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ATTRIBUTE, rule)
        setattr(endpoint, _BODY, body)
        setattr(endpoint, _STREAMED, streamed)
        setattr(endpoint, _ENDLESS, endless)
        return endpoint

    return declare


def declared(endpoint: object) -> Rule | None:
    """The rule that an endpoint declares, or None."""
    rule = getattr(endpoint, _ATTRIBUTE, None)
    return rule if isinstance(rule, Access | Permission) else None


def rule_of(route: BaseRoute) -> Rule | None:
    """The rule that a route's endpoint declares, or None: such a route is never served."""
    return declared(_endpoint(route))


def largest_body(route: BaseRoute) -> int:
    """The most bytes that a request to a route may bring."""
    size: int = getattr(_endpoint(route), _BODY, LARGEST_BODY)
    return size


def is_streamed(route: BaseRoute) -> bool:
    """Whether a route reads the body of a request as it comes."""
    return bool(getattr(_endpoint(route), _STREAMED, False))


def is_endless(route: BaseRoute) -> bool:
    """Whether a route's answers go on until its client leaves."""
    return bool(getattr(_endpoint(route), _ENDLESS, False))


def _endpoint(route: BaseRoute) -> object:
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


def principal(request: HTTPConnection) -> Principal:
    """Who makes a request, as the guard established."""
    who = request.scope.get(_PRINCIPAL, NOBODY)
    return who if isinstance(who, Principal) else NOBODY


def set_principal(scope: MutableMapping[str, Any], who: Principal) -> None:
    """Note who makes a request; for whoever establishes it, and for tests."""
    scope[_PRINCIPAL] = who
