from __future__ import annotations

import re
from pathlib import Path

from gateway.api import open_app
from gateway.testing import Recognizing
from tests.unit.api.memory_site import furnished

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "rest-api.md"


async def test_the_reference_names_every_route() -> None:
    text = REFERENCE.read_text("utf-8")
    async with open_app(furnished(), gate=Recognizing()) as app:
        for route in app.routes:
            path = getattr(route, "path", "")
            short = re.sub(r"\{device\}", "{id}", path.replace(":path", "")).removeprefix("/api/v1")
            assert f"{short}`" in text, path
