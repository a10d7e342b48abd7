"""A laboratory's service: FHIR search, and SOAP around XML."""

from __future__ import annotations

import json
import re
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

from simulators.http.answering import Faulty

_BEGIN = re.compile(r"<begin>([^<]*)</begin>")
_ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<GetResultsResponse xmlns="urn:lis"><GetResultsResult>{}</GetResultsResult>'
    "</GetResultsResponse></s:Body></s:Envelope>"
)


@dataclass(frozen=True, slots=True)
class Result:
    """One result; `updated` is when it was written or changed last."""

    key: str
    code: str
    value: str
    unit: str
    updated: datetime


@dataclass(slots=True)
class Service:
    """`results` and `faults` (of `Faulty`) may change at any time."""

    results: dict[str, Result] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"
    faults: set[str] = field(default_factory=set)

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[int]:
        """Gives the port."""
        return Faulty(self._say, self.faults).serving(host, port)

    def _say(self, target: str, body: str) -> str:
        return self._soap(body) if body else self._fhir(target)

    def _since(self, moment: datetime) -> list[Result]:
        found = [result for result in self.results.values() if result.updated >= moment]
        return sorted(found, key=lambda result: result.updated)

    def _fhir(self, target: str) -> str:
        query = parse_qs(urlsplit(target).query)
        since = datetime.fromisoformat(query["_lastUpdated"][0].removeprefix("ge"))
        begin, size = int(query.get("_offset", ["0"])[0]), int(query["_count"][0])
        rows = self._since(since)
        said = {
            "resourceType": "Bundle",
            "entry": [_observation(row) for row in rows[begin : begin + size]],
        }
        if len(rows) > begin + size:
            further = urlencode({**query, "_offset": begin + size}, doseq=True)
            said["link"] = [{"relation": "next", "url": f"?{further}"}]
        return json.dumps(said)

    def _soap(self, body: str) -> str:
        zone = ZoneInfo(self.zone)
        said = _BEGIN.search(body)
        since = datetime.fromisoformat(said[1] if said else "").replace(tzinfo=zone)
        items = "".join(_item(row, zone) for row in self._since(since))
        return _ENVELOPE.format(escape(f"<results>{items}</results>"))


def _observation(row: Result) -> dict[str, object]:
    return {
        "resource": {
            "resourceType": "Observation",
            "id": row.key,
            "meta": {"lastUpdated": row.updated.astimezone(UTC).isoformat()},
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": row.code}]},
            "valueQuantity": {"value": float(row.value), "code": row.unit},
        }
    }


def _item(row: Result, zone: ZoneInfo) -> str:
    reported = row.updated.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    return (
        f'<item id="{row.key}"><reported>{reported}</reported><code>{row.code}</code>'
        f"<value>{row.value}</value><unit>{row.unit}</unit></item>"
    )
