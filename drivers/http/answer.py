"""What a caller is told: an acknowledgement, or a problem in words (RFC 9457). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from drivers.http.profile import Accepted

_PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and a body of a type."""

    status: int
    content_type: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that is not taken, and what its caller is told."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


def acknowledgement(accepted: Accepted) -> Answer:
    """What the profile says that this service expects."""
    return Answer(accepted.status, accepted.content_type, accepted.body.encode())


def problem(
    status: HTTPStatus, detail: str, advice: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """What is wrong and what to do about it."""
    told = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status,
        "detail": detail,
        "advice": advice,
    }
    body = json.dumps(told, ensure_ascii=False).encode()
    return Answer(status, _PROBLEM, body, headers or {})
