"""The table of DICOM services by peer, made from the tests that meet these peers.

A test that meets a real peer says so:

    @pytest.mark.dicom_peer(service="Storage", ours="SCP", peer="DCMTK storescu")

and its name says what came of it. `python -m tests.dicom_table` writes
docs/reference/dicom-peers.md anew; a test compares that page with the marks.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "dicom-peers.md"
MARK = "dicom_peer"
ROLES = ("SCP", "SCU", "server", "client")

_HEAD = """\
# DICOM services and the peers that they were tried with

Made from the tests: each line is a test that meets that program over loopback, and its name is
what it shows. All of them run in `make test`; where the programs are required
(`ISOGATE_REQUIRE_PEERS=1`, as in continuous integration) a line that does not hold, or could not be
tried, fails the run. `make documents` writes this page anew.

*Ours* is our role: SCP or server answers, SCU or client asks.

## In short
"""


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One test and one peer that it meets."""

    service: str
    ours: str
    peer: str
    test: str
    place: str

    @property
    def result(self) -> str:
        """The test's name in words."""
        return self.test.removeprefix("test_").replace("_", " ")


class BadMarkError(ValueError):
    """A mark that the table can't be made of, with its place."""


def rows(folder: Path = ROOT / "tests") -> list[Row]:
    """Every mark below a folder, sorted; BadMarkError says which one can't be read."""
    return sorted(row for file in sorted(folder.rglob("test_*.py")) for row in _of_file(file))


def _of_file(file: Path) -> Iterator[Row]:
    text = file.read_text()
    if f"mark.{MARK}(" not in text:
        return
    place = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in _marks(node):
                yield Row(**_words(mark, place), test=node.name, place=place)


def _marks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith(f"mark.{MARK}"):
            yield each


def _words(mark: ast.Call, place: str) -> dict[str, str]:
    where = f"{place}:{mark.lineno}: {MARK}"
    found = {
        each.arg: each.value.value
        for each in mark.keywords
        if each.arg and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
    }
    if mark.args or set(found) != {"service", "ours", "peer"}:
        raise BadMarkError(f"{where} takes service, ours and peer as texts in quotes")
    if found["ours"] not in ROLES:
        raise BadMarkError(f"{where}: ours is one of {', '.join(ROLES)}")
    return found


def page(found: Iterable[Row]) -> str:
    """The page, in Markdown."""
    lines = sorted(found)
    return "\n".join((_HEAD, *_short(lines), "", "## Every test", *_each(lines), ""))


def _short(lines: list[Row]) -> Iterator[str]:
    peers = sorted({_program(row) for row in lines})
    yield f"| service | ours | {' | '.join(peers)} |"
    yield "|---|---|" + "---|" * len(peers)
    counts = Counter((row.service, row.ours, _program(row)) for row in lines)
    for service, ours in sorted({(row.service, row.ours) for row in lines}):
        tried = (counts[service, ours, peer] for peer in peers)
        cells = " | ".join(_tests(count) for count in tried)
        yield f"| {service} | {ours} | {cells} |"


def _program(row: Row) -> str:
    """The peer's family: `DCMTK` of `DCMTK storescu`."""
    return row.peer.split()[0]


def _tests(count: int) -> str:
    return "·" if not count else f"{count} test{'s' if count > 1 else ''}"


def _each(lines: list[Row]) -> Iterator[str]:
    for service, of_service in groupby(lines, key=lambda row: row.service):
        yield f"\n### {service}"
        yield "| ours | peer | what holds | test |"
        yield "|---|---|---|---|"
        for row in of_service:
            link = f"[{Path(row.place).stem}](../../{row.place})"
            yield f"| {row.ours} | {row.peer} | {_escaped(row.result)} | {link} |"


def _escaped(text: str) -> str:
    return re.sub(r"([|<>*])", r"\\\1", text)


if __name__ == "__main__":
    PAGE.write_text(page(rows()))
