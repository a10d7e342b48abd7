"""The conformance statement of a node with every service.

`python -m tests.dicom_conformance` writes docs/reference/dicom-conformance.md anew; a test compares
that page with the code.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from dicom.conformance import Statement, document, statement_of
from dicom.node import open_node
from dicom.options import DicomOptions, ServiceName
from gateway.testing.room import room_context

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "dicom-conformance.md"


async def full_statement(folder: Path) -> Statement:
    """Of one title that has all services, with the limits that hold where none are written."""
    title = {"allow": "anyone", "services": list(get_args(ServiceName))}
    options = DicomOptions.model_validate({"titles": {"ISOGATE": title}})
    async with open_node(options, room_context(folder)) as node:
        return statement_of(node.acceptor)


def main() -> None:
    with TemporaryDirectory() as folder:
        PAGE.write_text(document(asyncio.run(full_statement(Path(folder)))))


if __name__ == "__main__":
    main()
