"""Takes out of a page the links that its reader may not follow, so that no page can forget it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

_LINK = re.compile(r'<a\b([^>]*?)\shref="(/[^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_ROW = re.compile(r'\stabindex="0" data-href="(/[^"]*)"')
_BUTTON = re.compile(r'\bclass="[^"]*\bbutton\b')
"""In a finished page `>` and quotes inside an attribute are escaped, and links hold no links."""


def without_closed_links(html: str, closed: Callable[[str], bool]) -> str:
    """The page with what a closed link says, but not the link; a closed button is left out."""

    def link(found: re.Match[str]) -> str:
        before, address, after, words = found.groups()
        if not closed(unescape(address)):
            return found[0]
        facts = before + after
        return "" if _BUTTON.search(facts) else f"<span{facts}>{words}</span>"

    def row(found: re.Match[str]) -> str:
        return "" if closed(unescape(found[1])) else found[0]

    return _ROW.sub(row, _LINK.sub(link, html))
