"""Turns whatever went wrong with a request into a refusal, as a page or as problem details."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.errors import ConfigError, StoreError
from gateway.web import Refusal, problem
from gateway.web.refusal import store_unavailable, unknown_page

ErrorPage = Callable[[Request, Refusal], Response]

_HANDLED = (
    Refusal,
    StoreError,
    ConfigError,
    RequestValidationError,
    HTTPException,
    Exception,
)


def install(app: FastAPI, error_page: ErrorPage | None) -> None:
    """Answer refused requests: with `error_page` where HTML is asked for."""

    def refused(request: Request, error: Exception) -> Response:
        refusal = refusal_of(error, request.url.path)
        if error_page is not None and "text/html" in request.headers.get("accept", ""):
            return _as_page(request, refusal, error_page)
        more = {"problems": _problems(error)} if isinstance(error, ConfigError) else {}
        return problem(refusal, request.url.path, **more)

    for kind in _HANDLED:
        app.add_exception_handler(kind, refused)


def _as_page(request: Request, refusal: Refusal, error_page: ErrorPage) -> Response:
    background = "x-background" in request.headers
    if refusal.go and not background:
        return RedirectResponse(refusal.go, 303, {"cache-control": "no-store"})
    response = error_page(request, refusal)
    response.headers.update(refusal.headers)
    return response


def refusal_of(error: Exception, path: str) -> Refusal:
    """What a caller at `path` is told of an error."""
    match error:
        case Refusal():
            return error
        case StoreError():
            return store_unavailable(str(error))
        case ConfigError():
            return _wrong_config(error)
        case RequestValidationError():
            return _bad_request(error)
        case HTTPException():
            return _http(error, path)
        case _:
            return _broken()


def _problems(error: ConfigError) -> list[str]:
    return [str(each) for each in error.problems]


def _wrong_config(error: ConfigError) -> Refusal:
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Configuration not taken over",
        "{message}",
        "Mend the file, run `isogate check`, and reload. What ran before goes on.",
        message=error.args[0],
    )


def _bad_request(error: RequestValidationError) -> Refusal:
    faults = "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
        for fault in error.errors()
    )
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Bad request",
        "{faults}.",
        "See /api/v1/openapi.json for what is allowed.",
        faults=faults,
    )


def _http(error: HTTPException, path: str) -> Refusal:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return unknown_page(path)
    return Refusal(
        error.status_code,
        "Not served",
        "{message}.",
        "See /api/v1/openapi.json for what is served.",
        message=error.detail,
    )


def _broken() -> Refusal:
    return Refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "The gateway failed to answer; its log says where.",
        "Devices are served on. Report the log entry.",
    )
