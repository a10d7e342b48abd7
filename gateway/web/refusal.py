"""What a request is told when it gets nothing: what, why and what now (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from gateway.errors import IsogateError
from gateway.room.document import PROBLEM
from gateway.web.json import encode


class Refusal(IsogateError):  # noqa: N818 - it is an answer, and not always an error
    """A request that is not served. Texts are message ids; `facts` fills their placeholders.

    `title` says what happened, `why` the reason, `advice` what to do now. `go` is the page where
    a person is sent instead of being told; `headers` go with the answer.
    """

    def __init__(
        self,
        status: int,
        title: str,
        why: str,
        advice: str,
        *,
        go: str = "",
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(why.format(**facts))
        self.go = go
        self.headers = dict(headers or {})
        self.status = status
        self.title = title
        self.why = why
        self.advice = advice
        self.facts = facts


def problem(refusal: Refusal, instance: str = "", **more: Any) -> Response:
    """The refusal as problem details; `more` adds members."""
    body = {
        "type": "about:blank",
        "title": refusal.title.format(**refusal.facts),
        "status": refusal.status,
        "detail": refusal.why.format(**refusal.facts),
        "advice": refusal.advice.format(**refusal.facts),
        "instance": instance,
        **more,
    }
    headers = {"cache-control": "no-store", **refusal.headers}
    if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = "5"
    return Response(encode(body), refusal.status, headers, media_type=PROBLEM)


def unknown_device(device: str) -> Refusal:
    return Refusal(
        404,
        "Unknown device",
        "No device of this site has the id {device}.",
        "Look the id up in the list of devices, or add the device to devices.yaml and reload.",
        device=device,
    )


def unknown_link(link: str) -> Refusal:
    return Refusal(
        404,
        "Unknown link",
        "No link of this site has the id {link}.",
        "Look the id up under links in devices.yaml.",
        link=link,
    )


def unknown_message(raw_id: int) -> Refusal:
    return Refusal(
        404,
        "Unknown message",
        "The journal has no bytes under {raw_id}.",
        "They were never written, or their segment was dropped when its retention ended.",
        raw_id=raw_id,
    )


def check_cursor(after: int, last: int) -> None:
    """Refusal 410 for a reader that has read further than the log goes."""
    if after > last:
        raise Refusal(
            410,
            "Not of this log",
            "What comes after {after} was asked for, and the log ends at {last}.",
            "A backup was restored, or this is another gateway: what you read beyond {last} is not"
            " in this log. Go on after {last}.",
            after=after,
            last=last,
        )


def unknown_sample(owner: str, specimen: str) -> Refusal:
    return Refusal(
        404,
        "Unknown sample",
        "There is no result of a sample {specimen} of {owner}.",
        "Look it up among the results; a message that is not understood yet is in quarantine.",
        owner=owner,
        specimen=specimen,
    )


def store_unavailable(reason: str) -> Refusal:
    return Refusal(
        503,
        "Store unavailable",
        "The event store could not answer: {reason}.",
        "Nothing that was acknowledged is lost. See /readyz and try again.",
        reason=reason,
    )


def unknown_page(path: str) -> Refusal:
    return Refusal(
        404,
        "Nothing here",
        "There is no page at {path}.",
        "Start again from the overview.",
        path=path,
    )
