"""Text in the languages of the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Localized: TypeAlias = str | Mapping[str, str]
"""One text for every language, or one per BCP 47 tag (`zh-CN`, `en`)."""


def sentence(text: str, /, **facts: object) -> str:
    """A sentence in English that pages can say in another language.

    `text` is a message id, whose placeholders `{name}` are filled with `facts`. It is stored, sent
    and logged as plain text; a page recognizes it by its message id. A fact may be such a sentence.
    """
    return text.format(**facts)


def localize(text: Localized, locale: str) -> str:
    """The text in `locale`, else in English, else in the first language given."""
    if isinstance(text, str):
        return text
    return text.get(locale) or text.get("en") or next(iter(text.values()), "")
