"""What a room shows: pages by templates of its own, entries in the navigation, a glance."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gateway.model import Instant, Localized
from gateway.room.access import Permission
from gateway.room.table import Table

R = TypeVar("R")


class Level(StrEnum):
    """How loud a thing is (ISA-101): most are CALM."""

    CALM = "calm"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Area(StrEnum):
    """Where in the navigation a page stands."""

    OVERVIEW = "overview"
    DEVICES = "devices"
    PATIENTS = "patients"
    LAB = "lab"
    FACILITIES = "facilities"
    WIRE = "wire"
    SETTINGS = "settings"


class Reader(Protocol):
    """Who reads a page: language and time zone, and what follows from them."""

    @property
    def language(self) -> str:
        """BCP 47 tag of a language on offer."""
        ...

    @property
    def now(self) -> Instant: ...

    def text(self, text: Localized) -> str: ...

    def moment(self, instant: Instant) -> str:
        """Date and time in the site's zone."""
        ...

    def age(self, instant: Instant) -> str: ...

    def who(self, id_: str) -> str:
        """A principal's id as people call them; two principals never look the same."""
        ...


class PageKit(Protocol):
    """Given to `Running.routes`: fills a room's templates in the console's layout.

    Templates and catalogues (`locale/zh-CN.po`) are found in the room's own package; a room names
    its templates `<room>/<page>.html` and extends `base.html`.
    """

    def reader(self, request: Request) -> Reader: ...

    def page(self, request: Request, template: str, *, status: int = 200, **facts: Any) -> Response:
        """A whole page."""
        ...

    def csv(
        self,
        request: Request,
        name: str,
        head: Sequence[str],
        rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
    ) -> Response:
        """A table as a CSV file that spreadsheets open right (UTF-8 with a mark).

        Many rows are given one after the other, and sent as they come.
        """
        ...

    def table(
        self, request: Request, template: str, table: Table[R], rows: Iterable[R], **facts: Any
    ) -> Response:
        """A page with `sheet`, what its address asks of `rows`, or the same rows as a CSV file."""
        ...

    async def form(self, request: Request) -> Mapping[str, str]:
        """The fields of a posted form; whether it may be posted was checked before."""
        ...

    def done(self, request: Request, path: str, message: str, **facts: Any) -> Response:
        """After a POST: go to `path` and say there what was done, in the reader's words.

        `message` is a message id, whose `%(name)s` the `facts` fill.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation, shown to whoever has its permission.

    Lower `place` comes first in its `area`. `icon` is one of the set in `macros.html`; `also` are
    further addresses whose pages belong to this one.
    """

    path: str
    label: Localized
    permission: Permission
    place: int = 500
    area: Area = Area.OVERVIEW
    icon: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """One number on the overview, in order of `place`; devices stand at 0, the store at 900."""

    label: Localized
    value: str
    path: str = ""
    level: Level = Level.CALM
    note: Localized = ""
    unit: str = ""
    place: int = 500


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs a person; `since` is None where nobody noted when it began."""

    level: Level
    who: Localized
    why: Localized
    path: str
    since: Instant | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found by its name or number, for the palette."""

    label: str
    path: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a room adds to the overview."""

    tiles: Sequence[Tile] = ()
    attention: Sequence[Attention] = ()
