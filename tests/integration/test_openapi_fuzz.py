"""Whatever fits the OpenAPI document, and what doesn't, is answered as it says: Schemathesis."""

from __future__ import annotations

import asyncio
import warnings
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from gateway.app.servers import listen, serving
from gateway.room import Permission
from gateway.testing.access import opened
from gateway.web.caller import OVER_SOCKET
from tests.dicom_ups import work_item
from tests.peers import Say, count

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.core.failures import Failure, FailureGroup
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        ignored_auth,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
        unsupported_method,
    )

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
]
NO_ANSWER = 502
"""A peer that does not answer is no fault of the gateway."""
FEWEST = 80
"""Operations that the document has at least."""


@dataclass(frozen=True, slots=True)
class Served:
    """A whole gateway on a port, and a token that may whatever a token may."""

    url: str
    headers: dict[str, str]


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    async with opened(folder) as (app, security):
        everything = [each for each in Permission if not each.value.endswith(".manage")]
        token = await security.issue.give(OVER_SOCKET, "fuzz", everything)
        with listen("127.0.0.1", 0) as sock:
            async with serving(app, [sock]):
                url = f"http://127.0.0.1:{sock.getsockname()[1]}"
                yield Served(url, {"authorization": f"Bearer {token}"})
                app.end_streams()


@dataclass(frozen=True, slots=True)
class Known:
    """Path parameters that lead somewhere, by the beginning of a path."""

    values: dict[str, dict[str, str]]

    def of(self, path: str) -> dict[str, str] | None:
        return next((each for begin, each in self.values.items() if path.startswith(begin)), None)


async def told(http: httpx.AsyncClient) -> Known:
    """A patient who waits for an appointment of today, a work item, and the gateway's own alarm."""
    today = (await http.get("/api/v1/appointments")).json()["day"]
    patient = b64encode("number,name\n1,王芳\n".encode()).decode()
    start = f"{today} {datetime.now(UTC):%H:%M}"
    booked = b64encode(f"id,patient,start,resource\nA1,1,{start},linac-1\n".encode()).decode()
    taken = {"issuer": "HIS", "dry_run": False}
    await http.post("/api/v1/patients/import", json={"csv": patient, **taken})
    await http.post("/api/v1/appointments/import", json={"csv": booked, "book": "RIS", **taken})
    person = (await http.get("/api/v1/patients")).json()["items"][0]["id"]
    day = (await http.get("/api/v1/appointments")).json()["items"]
    arrived = await http.post("/api/v1/queue/check-in", json={"number": "1", "issuer": "HIS"})
    assert arrived.status_code == 200, arrived.text
    made = await http.post(
        "/api/v1/dicomweb/workitems",
        content=work_item().to_json(),
        headers={"content-type": "application/dicom+json"},
    )
    assert made.status_code == 201, made.text
    item = (await http.get("/api/v1/dicom/workitems")).json()["items"][0]["uid"]
    message = (await http.get("/api/v1/messages")).json()["items"][0]["raw_id"]
    return Known(
        {
            "/api/v1/patients/{id}": {"id": person},
            "/api/v1/appointments/{id}": {"id": day[0]["id"]},
            "/api/v1/alarms/{alarm}": {"alarm": "gateway/backup"},
            "/api/v1/messages/{raw_id}": {"raw_id": str(message)},
            "/api/v1/queue/of/{queue}": {"queue": "linac-1"},
            "/api/v1/queue/tickets/{ticket}": {"ticket": arrived.json()["tickets"][0]["ticket"]},
            "/api/v1/dicom/peers/{name}": {"name": "pacs"},
            "/api/v1/dicom/queues/{destination}": {"destination": "pacs"},
            "/api/v1/dicom/web/{name}": {"name": "archive"},
            "/api/v1/dicom/workitems/{uid}": {"uid": item},
        }
    )


def strategies(operation: Any, known: Known) -> Iterator[SearchStrategy[schemathesis.Case[Any]]]:
    """Requests that fit, that don't, and that are about something which is there."""
    yield operation.as_strategy(schemathesis.GenerationMode.POSITIVE)
    if operation.query or operation.body or operation.path_parameters:
        yield operation.as_strategy(schemathesis.GenerationMode.NEGATIVE)
    parameters = known.of(operation.path)
    if parameters is not None:
        yield operation.as_strategy(path_parameters=parameters)


def tried(
    document: dict[str, Any], here: Served, known: Known, examples: int
) -> Iterator[tuple[str, Counter[int], str]]:
    """Every operation with some requests: which answers came, and what fell short."""
    schema = schemathesis.openapi.from_dict(document)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        answers: Counter[int] = Counter()
        why = ""
        for strategy in strategies(operation, known):
            try:
                _asked(strategy, here, answers, examples)
            except (FailureGroup, Failure) as failure:
                why += str(failure)
        yield operation.label, answers, why


def _asked(
    strategy: SearchStrategy[schemathesis.Case[Any]],
    here: Served,
    answers: Counter[int],
    examples: int,
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call(base_url=here.url, headers=here.headers, timeout=10)
        answers[response.status_code] += 1
        documented = {int(each) for each in case.operation.responses.status_codes}
        if response.status_code not in documented:
            raise Failure(
                operation=case.operation.label,
                title="Undocumented status",
                message=f"{response.status_code} {response.text[:300]}",
            )
        own = [] if response.status_code == NO_ANSWER else [not_a_server_error]
        case.validate_response(response, checks=[*own, *CHECKS], headers=here.headers)

    ask()


async def test_every_operation_answers_as_the_document_says(tmp_path: Path, say: Say) -> None:
    examples = count(4, 50)
    async with served(tmp_path) as here:
        async with httpx.AsyncClient(base_url=here.url, headers=here.headers) as http:
            document = (await http.get("/api/v1/openapi.json")).json()
            known = await told(http)
        outcome = await asyncio.to_thread(lambda: list(tried(document, here, known, examples)))
    answers = sum((each for _, each, _ in outcome), Counter[int]())
    say(f"{len(outcome)} operations, answers: {dict(sorted(answers.items()))}")
    assert len(outcome) >= FEWEST
    assert answers[200] > FEWEST
    assert answers[400] + answers[422] > len(outcome) // 2
    assert "\n".join(f"{label}: {why}" for label, _, why in outcome if why) == ""
