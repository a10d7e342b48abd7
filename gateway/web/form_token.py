"""Puts the session's token into every form that a page posts, so that no page can forget it."""

from __future__ import annotations

import re
from html import escape

from gateway.web.guard import CSRF_FIELD

_POSTING = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*>', re.IGNORECASE)
"""In a finished page `>` inside an attribute is escaped, so the first one ends the tag."""


def with_form_token(html: str, token: str) -> str:
    """The page with a hidden field in each of its posting forms; as it is without a token."""
    if not token:
        return html
    field = f'<input type="hidden" name="{CSRF_FIELD}" value="{escape(token)}">'
    return _POSTING.sub(lambda found: found[0] + field, html)
