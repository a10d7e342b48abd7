"""Retention over HTTP: what would go, what is held, and carrying it out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.retention.rules import Kept
from dicom.retention.sweeper import Going, Sweeper, Swept
from dicom.seen import SeenStudies
from gateway import to_datetime
from gateway.room import Permission, access, principal

PATH = "/api/v1/dicom/retention"
_SHOWN = 1000
_AT_ONCE = 100


class RetentionApi:
    """For programs and the command line."""

    def __init__(self, sweeper: Sweeper, seen: SeenStudies) -> None:
        self._sweeper, self._seen = sweeper, seen

    def routes(self) -> Iterable[BaseRoute]:
        return (
            Route(PATH, self.outlook, methods=["GET"]),
            Route(f"{PATH}/sweep", self.sweep, methods=["POST"]),
        )

    @access(Permission.READ_IMAGES)
    async def outlook(self, request: Request) -> Response:
        """What rules would remove now, oldest first, and how many studies are kept and why."""
        found = await self._sweeper.outlook(_SHOWN)
        seen = await self._seen.studies(
            principal(request), {each.study.uid for each in found.first}
        )
        return _json(
            {
                "rules": [each.name for each in self._sweeper.rules],
                "next": self._sweeper.next.isoformat(),
                "studies": found.studies,
                "objects": found.instances,
                "bytes": found.bytes,
                "kept": {each.name.lower(): found.kept.get(each, 0) for each in Kept},
                "items": [_item(each) for each in found.first if each.study.uid in seen],
            }
        )

    @access(Permission.CONFIGURE)
    async def sweep(self, _request: Request) -> Response:
        """Remove at most a hundred studies that rules let go; `more` may follow."""
        return _json(_swept(await self._sweeper.sweep(_AT_ONCE)))


def _item(each: Going) -> dict[str, Any]:
    study = each.study
    return {
        "study": study.uid,
        "date": study.date,
        "modalities": sorted(study.modalities),
        "objects": len(study.seqs),
        "bytes": study.bytes,
        "last_received": to_datetime(study.last_at).isoformat(),
        "rule": each.rule,
    }


def _swept(swept: Swept) -> dict[str, Any]:
    return {
        "studies": swept.studies,
        "objects": swept.instances,
        "bytes": swept.bytes,
        "more": swept.more,
    }


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
