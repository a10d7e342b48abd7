"""Where the parts of a database and of its log lie in a file whose parts are sealed. Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gateway.seal import OVERHEAD

PAGE = 4096
_LOG_HEAD = 32
_FRAME_HEAD = 24
_FRAME = _FRAME_HEAD + PAGE
_SEALED_PAGE = PAGE + OVERHEAD
_SEALED_LOG_HEAD = _LOG_HEAD + OVERHEAD
_SEALED_FRAME_HEAD = _FRAME_HEAD + OVERHEAD
_SEALED_FRAME = _SEALED_FRAME_HEAD + _SEALED_PAGE


class Part(NamedTuple):
    """What is sealed as one: `start` and `size` as SQLite sees it, `at` where it lies sealed."""

    start: int
    size: int
    at: int


class Layout(Protocol):
    """How SQLite's offsets map to those of the sealed file; `mark` tells layouts apart."""

    mark: bytes

    def part(self, offset: int) -> Part:
        """The part that an offset lies in."""
        ...

    def size(self, sealed: int) -> int:
        """What SQLite takes a file of `sealed` bytes for; a part that is cut short is not there."""
        ...


class DatabaseLayout:
    """Pages (SQLite file format 1.2)."""

    mark = b"d"

    def part(self, offset: int) -> Part:
        page = offset // PAGE
        return Part(page * PAGE, PAGE, page * _SEALED_PAGE)

    def size(self, sealed: int) -> int:
        return sealed // _SEALED_PAGE * PAGE


class LogLayout:
    """A head, then frames of a head and a page (SQLite file format 4.1)."""

    mark = b"w"

    def part(self, offset: int) -> Part:
        if offset < _LOG_HEAD:
            return Part(0, _LOG_HEAD, 0)
        frame, within = divmod(offset - _LOG_HEAD, _FRAME)
        start = _LOG_HEAD + frame * _FRAME
        at = _SEALED_LOG_HEAD + frame * _SEALED_FRAME
        if within < _FRAME_HEAD:
            return Part(start, _FRAME_HEAD, at)
        return Part(start + _FRAME_HEAD, PAGE, at + _SEALED_FRAME_HEAD)

    def size(self, sealed: int) -> int:
        if sealed < _SEALED_LOG_HEAD:
            return 0
        frames, rest = divmod(sealed - _SEALED_LOG_HEAD, _SEALED_FRAME)
        return _LOG_HEAD + frames * _FRAME + (_FRAME_HEAD if rest >= _SEALED_FRAME_HEAD else 0)
