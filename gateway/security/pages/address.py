"""Addresses of this gateway's pages, as somebody else may have written them."""

from __future__ import annotations

from urllib.parse import urlsplit

_LONGEST = 2000
_NOT_AFTER_SIGN_IN = ("/sign-in", "/sign-out", "/set-up")


def safe_next(text: str) -> str:
    """Where to go after signing in: a page of this gateway, whatever the address said."""
    if not text.startswith("/") or text[1:2] in ("/", "\\") or len(text) > _LONGEST:
        return "/"
    if not text.isascii() or not text.isprintable() or "\\" in text:
        return "/"
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or parts.path.startswith(_NOT_AFTER_SIGN_IN):
        return "/"
    return text
