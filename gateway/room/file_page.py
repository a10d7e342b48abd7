"""A page that takes in a file: first what it would do, row by row, and then doing it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.room.access import Permission, Principal, access, principal
from gateway.room.form import Entered, Field, Form
from gateway.room.page import PageKit
from gateway.room.sheet import CHARSETS, MOST_BYTES

CHARSET = Field(
    "charset",
    "Character set",
    Entered.CHOICE,
    options=tuple((each, each.upper()) for each in CHARSETS),
    hint="Found out from the file unless you choose one.",
)
"""The field that every form for a file ends with."""


class Counted(Protocol):
    """What a file does, row by row."""

    def counts(self) -> Mapping[str, int]:
        """How many rows there are of each effect."""
        ...


R = TypeVar("R", bound=Counted)


@dataclass(frozen=True, slots=True)
class FilePage(Generic[R]):
    """`path` shows what the file of a form would do; `path/done` does it.

    `told` is the message id that says what was done, with the effects' counts as its facts.
    """

    kit: PageKit
    path: str
    template: str
    permission: Permission
    form: Form
    told: str
    tried: Callable[[bytes, Form], Awaitable[R]]
    done: Callable[[Principal, bytes, Form], Awaitable[R]]

    def routes(self) -> list[BaseRoute]:
        """GET and POST of the page, and POST of what it found."""
        rule = access(self.permission)
        return [
            Route(self.path, rule(_endpoint(self._page)), methods=["GET"]),
            Route(self.path, rule(_endpoint(self._tried)), methods=["POST"]),
            Route(f"{self.path}/done", rule(_endpoint(self._done)), methods=["POST"]),
        ]

    async def _page(self, request: Request) -> Response:
        return self._shown(request, self.form, None, b"")

    async def _tried(self, request: Request) -> Response:
        """The dry run: nothing is changed."""
        async with request.form(max_files=1, max_fields=20) as fields:
            file = fields.get("file")
            data = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
            given = {key: value for key, value in fields.items() if isinstance(value, str)}
        form = self.form.filled(given)
        if not form.ok:
            return self._shown(request, form, None, b"", status=422)
        return self._shown(request, form, await self.tried(data, form), data)

    async def _done(self, request: Request) -> Response:
        """The same file again, which the page has kept, and now for good."""
        given = await self.kit.form(request)
        form = self.form.filled(given)
        try:
            data = b64decode(given.get("data", ""), validate=True)
        except binascii.Error:
            data = b""
        if not data:
            form = form.refused(
                "charset",
                "There is no file to import. Choose it again and look at what it would do first.",
            )
        if not form.ok:
            return self._shown(request, form, None, b"", status=422)
        report = await self.done(principal(request), data, form)
        return self.kit.done(request, self.path, self.told, **report.counts())

    def _shown(
        self, request: Request, form: Form, report: R | None, data: bytes, status: int = 200
    ) -> Response:
        facts: dict[str, Any] = {
            "form": form,
            "report": report,
            "data": b64encode(data).decode(),
            "counts": report.counts() if report else {},
        }
        return self.kit.page(request, self.template, status=status, **facts)


def _endpoint(
    method: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """A function of its own, which can bear the rule of this page alone."""

    async def endpoint(request: Request) -> Response:
        return await method(request)

    return endpoint
