"""A list as a page for a printer: whole in itself, numbered, and saying how old it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from gateway.model import Localized, localize
from gateway.room import Paper

_ROWS = 30
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "printed": "Printed {at}",
        "valid": "valid until {until}",
        "page": "Page {page} of {pages}",
        "rows": "{count} rows",
        "none": "Nothing stands here.",
    },
    "zh-CN": {
        "printed": "打印时间 {at}",
        "valid": "有效至 {until}",
        "page": "第 {page} 页 共 {pages} 页",
        "rows": "共 {count} 行",
        "none": "无内容。",
    },
}
_STYLE = (
    "@page{size:A4 landscape;margin:12mm}"
    "body{font:10pt/1.35 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:0}"
    ".page{break-after:page;padding:4mm 0}.page:last-child{break-after:auto}"
    "h1{font-size:15pt;margin:0}header,footer{display:flex;justify-content:space-between;gap:8mm}"
    "table{border-collapse:collapse;width:100%;margin:3mm 0}"
    "th,td{border:.3pt solid #444;padding:1mm 2mm;text-align:left;vertical-align:top}"
    "thead{display:table-header-group}tr{break-inside:avoid}.grave td{font-weight:700}"
    ".grave td:first-child::before{content:'! '}footer,.when{font-size:8.5pt}"
)


@dataclass(frozen=True, slots=True)
class Printing:
    """What stands on every page: the site, when it was printed, until when it counts."""

    site: Localized
    at: str
    until: str


def sheet(paper: Paper, printing: Printing, tag: str) -> str:
    """The list in a language, as one HTML file without any other resource."""
    words = _WORDS[tag]
    rows = list(enumerate(paper.rows))
    parts = [rows[place : place + _ROWS] for place in range(0, len(rows), _ROWS)] or [[]]
    pages = [
        _page(paper, printing, tag, part, f"{words['page']}".format(page=n, pages=len(parts)))
        for n, part in enumerate(parts, 1)
    ]
    title = escape(localize(paper.title, tag))
    return (
        f'<!doctype html>\n<html lang="{tag}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>\n{''.join(pages)}</body></html>\n"
    )


def _page(
    paper: Paper,
    printing: Printing,
    tag: str,
    rows: Sequence[tuple[int, Sequence[Localized]]],
    number: str,
) -> str:
    words = _WORDS[tag]
    when = f"{words['printed'].format(at=printing.at)} · "
    when += words["valid"].format(until=printing.until)
    head = "".join(f"<th>{escape(localize(cell, tag))}</th>" for cell in paper.head)
    body = "".join(_row(place, row, paper, tag) for place, row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    shown = table if rows else f"<p>{words['none']}</p>"
    count = words["rows"].format(count=len(paper.rows))
    return (
        f'<section class="page"><header><h1>{escape(localize(paper.title, tag))}</h1>'
        f'<p class="when">{escape(when)}</p></header>'
        f"{shown}"
        f"<footer><span>{escape(localize(printing.site, tag))} · Isogate</span>"
        f"<span>{escape(localize(paper.note, tag))}</span>"
        f"<span>{count} · {number}</span></footer></section>\n"
    )


def _row(place: int, row: Sequence[Localized], paper: Paper, tag: str) -> str:
    cells = "".join(f"<td>{escape(localize(cell, tag))}</td>" for cell in row)
    mark = ' class="grave"' if place in paper.grave else ""
    return f"<tr{mark}>{cells}</tr>"
