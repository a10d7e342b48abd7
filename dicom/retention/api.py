"""Retention over HTTP: what would go, what is held, and carrying it out."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from dicom.retention.rules import Kept
from dicom.retention.sweeper import Going, Sweeper, Swept
from dicom.seen import SeenStudies
from gateway import to_datetime
from gateway.room import Permission, access, principal
from gateway.room.document import Document, Moment
from gateway.room.route import PREFIX, answer, route

_PATH = f"{PREFIX}/dicom/retention"
_SHOWN = 1000
_AT_ONCE = 100


class GoingItem(Document):
    """A study that a rule lets go; `date` is its Study Date as it was sent."""

    study: str
    date: str
    modalities: list[str]
    objects: int
    bytes: int
    last_received: Moment
    rule: str


class Outlook(Document):
    """All that would go; `kept` counts studies by why they stay, `items` are the first to go."""

    rules: list[str]
    next: Moment
    studies: int
    objects: int
    bytes: int
    kept: dict[str, int]
    items: list[GoingItem]


class SweptStudies(Document):
    """What was removed; `more` may follow."""

    studies: int
    objects: int
    bytes: int
    more: bool


class RetentionApi:
    """For programs and the command line."""

    def __init__(self, sweeper: Sweeper, seen: SeenStudies) -> None:
        self._sweeper, self._seen = sweeper, seen

    def routes(self) -> Iterable[BaseRoute]:
        return (
            route(_PATH, self.outlook, Outlook),
            route(f"{_PATH}/sweep", self.sweep, SweptStudies, method="POST"),
        )

    @access(Permission.READ_IMAGES)
    async def outlook(self, request: Request) -> Response:
        """What rules would remove now, oldest first, and how many studies are kept and why."""
        found = await self._sweeper.outlook(_SHOWN)
        seen = await self._seen.studies(
            principal(request), {each.study.uid for each in found.first}
        )
        return answer(
            Outlook(
                rules=[each.name for each in self._sweeper.rules],
                next=self._sweeper.next.isoformat(),
                studies=found.studies,
                objects=found.instances,
                bytes=found.bytes,
                kept={each.name.lower(): found.kept.get(each, 0) for each in Kept},
                items=[_item(each) for each in found.first if each.study.uid in seen],
            )
        )

    @access(Permission.CONFIGURE)
    async def sweep(self) -> Response:
        """Remove at most a hundred studies that rules let go."""
        return answer(_swept(await self._sweeper.sweep(_AT_ONCE)))


def _item(each: Going) -> GoingItem:
    study = each.study
    return GoingItem(
        study=study.uid,
        date=study.date,
        modalities=sorted(study.modalities),
        objects=len(study.seqs),
        bytes=study.bytes,
        last_received=to_datetime(study.last_at).isoformat(),
        rule=each.rule,
    )


def _swept(swept: Swept) -> SweptStudies:
    return SweptStudies(
        studies=swept.studies, objects=swept.instances, bytes=swept.bytes, more=swept.more
    )
