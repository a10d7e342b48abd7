"""A table as pages show it: sorted, filtered and paged by the address, and the same as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.requests import Request

from gateway.model import Localized

R = TypeVar("R")

CSV = "csv"
"""What `?format=` asks for where the same rows are wanted as a file."""

_LONGEST_PAGE = 9
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """`label` is a message id; `value` what rows are sorted by and what a CSV file holds.

    A column without a `name` can't be sorted by.
    """

    name: str
    label: str
    value: Callable[[R], Any]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Choice(Generic[R]):
    """A filter by one of a few values; without `options` by those that the rows have.

    `context` names the closed set that an option's words belong to, if it is one.
    """

    name: str
    label: str
    value: Callable[[R], str]
    options: Sequence[tuple[str, Localized]] = ()
    context: str = ""


@dataclass(frozen=True, slots=True)
class Search(Generic[R]):
    """A filter by words, all of which must be in what `value` gives."""

    name: str
    label: str
    value: Callable[[R], str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of a table. `sort` is a column's name or nothing."""

    sort: str = ""
    descending: bool = False
    page: int = 1
    chosen: Mapping[str, str] | None = None
    csv: bool = False

    def value(self, name: str) -> str:
        """What a filter was set to, or nothing."""
        return (self.chosen or {}).get(name, "")

    @property
    def filtered(self) -> bool:
        return any((self.chosen or {}).values())


@dataclass(frozen=True, slots=True)
class Sheet(Generic[R]):
    """One page of a table, ready for the macro `table`; `total` counts the rows of all pages."""

    table: Table[R]
    asked: Asked
    rows: Sequence[R]
    total: int
    choices: Mapping[str, Sequence[tuple[str, Localized]]]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.table.size))

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1."""
        return (self.asked.page - 1) * self.table.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """Columns and filters of one kind of row; `name` is also that of its CSV file.

    `sort` is the order where the address asks for none: a column's name, `-name` for downwards,
    or nothing for the order in which the rows are given.
    """

    name: str
    columns: Sequence[Column[R]]
    filters: Sequence[Choice[R] | Search[R]] = ()
    sort: str = ""
    size: int = 50

    def asked(self, request: Request) -> Asked:
        """What the address asks for; what this table can't do is left out."""
        query = request.query_params
        wanted = query.get("sort", "")
        sort = wanted if wanted.removeprefix("-") in self._sortable else self.sort
        page = query.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < _LONGEST_PAGE else 1
        return Asked(
            sort.removeprefix("-"),
            sort.startswith("-"),
            max(1, number),
            {each.name: query.get(each.name, "").strip()[:_LONGEST_TEXT] for each in self.filters},
            query.get("format") == CSV,
        )

    def arranged(self, asked: Asked, rows: Iterable[R]) -> list[R]:
        """The rows that the filters leave, in order. Rows without a value to sort by come last."""
        kept = [row for row in rows if self._wanted(asked, row)]
        column = next(
            (each for each in self.columns if each.name and each.name == asked.sort), None
        )
        if column is None:
            return kept
        with_value = [row for row in kept if column.value(row) is not None]
        without = [row for row in kept if column.value(row) is None]
        value = column.value
        with_value.sort(key=lambda row: _sort_key(value(row)), reverse=asked.descending)
        return with_value + without

    def sheet(self, asked: Asked, rows: Iterable[R]) -> Sheet[R]:
        """The page asked for, or the last one, of rows that are all at hand."""
        given = list(rows)
        arranged = self.arranged(asked, given)
        pages = max(1, -(-len(arranged) // self.size))
        page = min(asked.page, pages)
        shown = arranged[(page - 1) * self.size : page * self.size]
        asked = Asked(asked.sort, asked.descending, page, asked.chosen, asked.csv)
        return Sheet(self, asked, shown, len(arranged), self._choices(given))

    def page_of(self, asked: Asked, rows: Sequence[R], total: int) -> Sheet[R]:
        """A page whose rows were already filtered, sorted and cut by whoever keeps them."""
        return Sheet(self, asked, rows, total, self._choices(()))

    @property
    def head(self) -> list[str]:
        """The first line of a CSV file, as message ids."""
        return [column.label for column in self.columns]

    def cells(self, rows: Iterable[R]) -> Iterator[list[Any]]:
        """The further lines of a CSV file."""
        for row in rows:
            yield [column.value(row) for column in self.columns]

    @property
    def _sortable(self) -> set[str]:
        return {column.name for column in self.columns if column.name}

    def _wanted(self, asked: Asked, row: R) -> bool:
        for each in self.filters:
            wanted = asked.value(each.name)
            if not wanted:
                continue
            if isinstance(each, Choice):
                if each.value(row) != wanted:
                    return False
            elif not _has_words(each.value(row), wanted):
                return False
        return True

    def _choices(self, rows: Sequence[R]) -> dict[str, Sequence[tuple[str, Localized]]]:
        return {
            each.name: _options(each, rows) for each in self.filters if isinstance(each, Choice)
        }


def _options(choice: Choice[R], rows: Sequence[R]) -> Sequence[tuple[str, Localized]]:
    if choice.options:
        return choice.options
    found = {choice.value(row) for row in rows} - {""}
    return [(value, value) for value in sorted(found, key=_sort_key)]


def _has_words(text: str, wanted: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in wanted.casefold().split())


def _sort_key(value: Any) -> Any:
    """Chinese text in the order of GB 18030, which for common characters is that of pinyin."""
    return value.casefold().encode("gb18030", "replace") if isinstance(value, str) else value
