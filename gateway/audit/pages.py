"""`/audit`: who did what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.audit.entry import AuditEntry
from gateway.audit.tables import Filter
from gateway.audit.trail import AuditTrail
from gateway.model import Instant, Localized, from_datetime, to_datetime
from gateway.room import PageKit, Permission, Site, access, principal, texts
from gateway.web.number import number

_PAGE = 100
_GROUP = 1000
_HEAD = texts(
    "No.",
    "At",
    "Who",
    "Name",
    "From",
    "Action",
    "Outcome",
    "Patient",
    "Specimen",
    "Objects",
    "Detail",
)


class Pages:
    """The pages of the audit; looking at it is itself audited."""

    def __init__(
        self, trail: AuditTrail, site: Site, doubts: Callable[[], Sequence[Localized]]
    ) -> None:
        """`doubts` are what speaks against the audit being whole."""
        self._trail, self._zone, self._doubts = trail, ZoneInfo(site.zone), doubts

    def routes(self, kit: PageKit) -> Iterable[BaseRoute]:
        trail, zone = self._trail, self._zone

        @access(Permission.READ_AUDIT)
        async def page(request: Request) -> Response:
            wanted = _wanted(request, trail, zone)
            await trail.record("audit.read", principal(request), objects=_asked(request))
            before = number(request.query_params.get("before")) or None
            entries = await trail.find(wanted, before=before, limit=_PAGE)
            return kit.page(
                request,
                "audit/entries.html",
                found=entries,
                asked=dict(request.query_params),
                wrong_day=_wrong_day(request),
                filtered=wanted != Filter(),
                older=entries[-1].seq if len(entries) == _PAGE else None,
                last_seq=trail.last_seq,
                doubts=self._doubts(),
            )

        @access(Permission.READ_AUDIT)
        async def export(request: Request) -> Response:
            wanted = _wanted(request, trail, zone)
            await trail.record("export.audit", principal(request), objects=_asked(request))
            first = await trail.find(wanted, limit=_GROUP)
            return kit.csv(request, "audit", _HEAD, _rows(trail, wanted, first, zone))

        return [
            Route("/audit", page, methods=["GET"]),
            Route("/audit.csv", export, methods=["GET"]),
        ]


async def _rows(
    trail: AuditTrail, wanted: Filter, first: Sequence[AuditEntry], zone: ZoneInfo
) -> AsyncIterator[Sequence[object]]:
    """All that a filter finds, newest first, of which `first` is read already."""
    found = first
    while found:
        for each in found:
            yield (
                each.seq,
                to_datetime(each.at).astimezone(zone).isoformat(timespec="milliseconds"),
                each.who,
                each.name,
                each.address,
                each.action,
                each.outcome,
                each.subject.patient if each.subject else "",
                each.subject.specimen if each.subject else "",
                " ".join(f"{kind}={thing}" for kind, thing in each.objects),
                each.detail,
            )
        found = await trail.find(wanted, before=found[-1].seq, limit=_GROUP)


def _wanted(request: Request, trail: AuditTrail, zone: ZoneInfo) -> Filter:
    query = request.query_params
    patient, issuer = query.get("patient", "").strip(), query.get("issuer", "").strip()
    since, until = _day(query.get("from", "")), _day(query.get("to", ""))
    return Filter(
        who=query.get("who", "").strip(),
        action=query.get("action", "").strip(),
        patient=trail.patient(issuer, patient) if patient else (),
        since=None if since is None else _start(since, zone),
        until=None if until is None else _start(until + timedelta(days=1), zone),
    )


def _asked(request: Request) -> dict[str, str]:
    return {key: value[:200] for key, value in request.query_params.items() if value}


def _wrong_day(request: Request) -> bool:
    texts = (request.query_params.get(name, "") for name in ("from", "to"))
    return any(text and _day(text) is None for text in texts)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _start(day: date, zone: ZoneInfo) -> Instant:
    return from_datetime(datetime.combine(day, time(), zone))
