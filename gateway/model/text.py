"""Text in the languages of the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Localized: TypeAlias = str | Mapping[str, str]
"""One text for every language, or one per BCP 47 tag (`zh-CN`, `en`)."""


def localize(text: Localized, locale: str) -> str:
    """The text in `locale`, else in English, else in the first language given."""
    if isinstance(text, str):
        return text
    return text.get(locale) or text.get("en") or next(iter(text.values()), "")
