"""What rules remove from the store, what is held back from them, and holding a study."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dicom.pages.names import day, person, size
from dicom.retention.sweeper import Sweeper
from dicom.seen import SeenStudies
from gateway import Subject
from gateway.room import Field, Form, PageKit, Permission, about, access, principal

PATH = "/dicom/retention"
_SHOWN = 200
_REASON = Form((Field("reason", "Reason", required=True, longest=400),))


class RetentionPages:
    """Whose the studies are that are shown is audited like any list of them."""

    def __init__(self, kit: PageKit, sweeper: Sweeper, seen: SeenStudies) -> None:
        self._kit, self._sweeper, self._seen = kit, sweeper, seen

    def routes(self) -> Iterable[BaseRoute]:
        return [
            Route(PATH, self.outlook, methods=["GET"]),
            Route(f"{PATH}/sweep", self.sweep, methods=["POST"]),
            Route("/studies/{study}/hold", self.hold, methods=["POST"]),
            Route("/studies/{study}/release", self.release, methods=["POST"]),
        ]

    @access(Permission.READ_IMAGES)
    async def outlook(self, request: Request) -> Response:
        """What would go now and why the rest stays, what is held, what went."""
        who, sweeper, index = principal(request), self._sweeper, self._seen.index
        found = await sweeper.outlook(_SHOWN)
        holds, removed = await index.holds(), await index.removed(_SHOWN)
        wanted = {each.study.uid for each in found.first} | {each.study for each in holds}
        seen = await self._seen.studies(who, wanted)
        unlimited = self._seen.sight(who) is None
        return self._kit.page(
            request,
            "dicom/retention.html",
            rules=sweeper.options.rules,
            next=sweeper.next,
            removing=sweeper.removing,
            outlook=found,
            going=[each for each in found.first if each.study.uid in seen],
            holds=[each for each in holds if each.study in seen],
            removed=removed if unlimited else (),
            may_sweep=who.may(Permission.CONFIGURE),
            size=size,
            day=day,
            person=lambda name: person(name, self._kit.reader(request).language),
        )

    @access(Permission.CONFIGURE)
    async def sweep(self, request: Request) -> Response:
        """Carry out the rules now; the page shows how far it is."""
        self._sweeper.hurry()
        return self._kit.done(request, PATH, "The rules are carried out.")

    @access(Permission.SEND_IMAGES)
    async def hold(self, request: Request) -> Response:
        study, subject, why = await self._decision(request)
        await self._sweeper.hold(principal(request), study, subject, why)
        return self._kit.done(request, f"/studies/{study}", "No rule removes the study.")

    @access(Permission.SEND_IMAGES)
    async def release(self, request: Request) -> Response:
        study, subject, why = await self._decision(request)
        await self._sweeper.release(principal(request), study, subject, why)
        return self._kit.done(request, f"/studies/{study}", "Rules may remove the study again.")

    async def _decision(self, request: Request) -> tuple[str, Subject, str]:
        """The study of the address, whose it is, and the reason."""
        uid = request.path_params["study"]
        objects = await self._seen.objects(principal(request), await self._seen.index.of_study(uid))
        if not objects:
            raise HTTPException(404, "no such study")
        subject = objects[0].attributes.patient
        about(request, subject=subject, study=uid)
        reason = _REASON.filled(await self._kit.form(request))
        if not reason.ok:
            raise HTTPException(422, "write down why, in at most 400 characters")
        return uid, subject, reason["reason"]
