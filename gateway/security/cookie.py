"""The cookies that carry a session or a paired display."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

SESSION = "isogate"
DISPLAY = "isogate-display"
PAIRING = "isogate-pairing"
ELSEWHERE = "isogate-elsewhere"
_YEARS = 5 * 366 * 86_400


def named(name: str, *, secure: bool) -> str:
    """Over TLS browsers hold such a name to this host, its whole site and secure transport."""
    return f"__Host-{name}" if secure else name


def value_of(header: bytes, name: str) -> str:
    """A cookie's value in a Cookie header (RFC 6265 4.2.1), or nothing."""
    for pair in header.decode("latin-1").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return ""


def put(response: Response, request: Request, name: str, secret: str) -> None:
    """A session's cookie ends with the browser; a display's stays.

    ELSEWHERE must come back with a browser that another site sends here, so it is Lax.
    """
    secure = request.url.scheme == "https"
    response.set_cookie(
        named(name, secure=secure),
        secret,
        max_age=_YEARS if name == DISPLAY else None,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax" if name == ELSEWHERE else "strict",
    )


def drop(response: Response, request: Request, name: str) -> None:
    secure = request.url.scheme == "https"
    response.delete_cookie(
        named(name, secure=secure), path="/", secure=secure, httponly=True, samesite="strict"
    )
