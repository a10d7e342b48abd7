"""What a handler says of its answer, for the audit: whom and what it was about."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import HTTPConnection

from gateway.model import Subject
from gateway.room.access import Permission

_ABOUT = "isogate.about"


@dataclass(slots=True)
class About:
    """Filled while a request is answered. `reveals` names what the answer takes to see."""

    subject: Subject | None = None
    objects: dict[str, str] = field(default_factory=dict)
    reveals: Permission | None = None


def about(
    request: HTTPConnection,
    *,
    subject: Subject | None = None,
    reveals: Permission | None = None,
    **objects: str,
) -> None:
    """Say for the audit what an answer is about: a subject, and other things by kind.

    Things that are empty are left out.

    Answers of a route whose permission reveals patients are audited anyway; `reveals` has that
    done, under that permission, for one whose own does not say so.
    """
    told = about_of(request.scope)
    told.subject = subject or told.subject
    told.objects.update((kind, thing) for kind, thing in objects.items() if thing)
    told.reveals = told.reveals or reveals


def about_of(scope: MutableMapping[str, Any]) -> About:
    """What was said so far; shared by all copies of a scope that were made after the first call."""
    told = scope.get(_ABOUT)
    if not isinstance(told, About):
        told = scope[_ABOUT] = About()
    return told
