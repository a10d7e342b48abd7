"""The decoding process: `python -m dicom.view.worker`.

A line of JSON asks, a line of JSON answers, followed by as many bytes as it says. It holds no key
and no connection, and its memory is limited: what a damaged object does here, it does to this
process alone.
"""

from __future__ import annotations

import os
import resource
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from struct import error as StructError  # noqa: N812 - an error class by its kind
from typing import Any, BinaryIO, TypeAlias
from zlib import error as ZlibError  # noqa: N812

import orjson
from pydicom.errors import BytesLengthException, InvalidDicomError

from dicom.view.anonymous import deidentified
from dicom.view.metadata import metadata, value
from dicom.view.pixels import NotShown, look, picture, stored
from dicom.view.reading import attributes
from dicom.view.words import Picture, Unseen, said_rows

MEMORY = 2 * 1024**3
"""Bytes of address space, of which libraries reserve a few hundred megabytes."""

Asked: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = tuple[dict[str, Any], bytes]

_DAMAGED = (
    InvalidDicomError,
    BytesLengthException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
    RecursionError,
    ArithmeticError,
    AssertionError,
    SyntaxError,
    StructError,
    ZlibError,
)
"""What pydicom, numpy and Pillow say of files that are not what they claim."""


def _attributes(asked: Asked) -> Answer:
    return said_rows(attributes(Path(asked["file"]), asked["charset"])), b""


def _look(asked: Asked) -> Answer:
    return asdict(look(Path(asked["file"]))), b""


def _picture(asked: Asked) -> Answer:
    return {}, picture(Path(asked["file"]), Picture(asked["frame"], asked["low"], asked["high"]))


def _stored(asked: Asked) -> Answer:
    found = stored(Path(asked["file"]), asked["frame"])
    return {"rows": found.rows, "columns": found.columns}, found.values


def _metadata(asked: Asked) -> Answer:
    return {}, metadata(Path(asked["file"]), asked["place"], asked["charset"])


def _value(asked: Asked) -> Answer:
    return {}, value(Path(asked["file"]), asked["tag"])


def _deidentified(asked: Asked) -> Answer:
    return {}, deidentified(Path(asked["file"]), asked["options"], asked["key"])


_WORK: Mapping[str, Callable[[Asked], Answer]] = {
    "attributes": _attributes,
    "look": _look,
    "picture": _picture,
    "stored": _stored,
    "metadata": _metadata,
    "value": _value,
    "deidentified": _deidentified,
}


def answer(asked: Asked) -> Answer:
    """What was asked, or why it can't be shown."""
    try:
        said, data = _WORK[asked["do"]](asked)
    except NotShown as error:
        return {"unseen": error.why, "detail": error.detail[:200]}, b""
    except MemoryError:
        return {"unseen": Unseen.TOO_LARGE, "detail": ""}, b""
    except _DAMAGED as error:
        return {"unseen": Unseen.DAMAGED, "detail": f"{type(error).__name__}: {error}"[:200]}, b""
    return {"said": said}, data


def serve(asking: BinaryIO, answering: BinaryIO) -> None:
    """Answer until nobody asks any more."""
    while line := asking.readline():
        said, data = answer(orjson.loads(line))
        answering.write(orjson.dumps({**said, "size": len(data)}) + b"\n" + data)
        answering.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    warnings.simplefilter("ignore")
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
