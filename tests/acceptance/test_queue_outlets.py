"""`kill -9` while a hospital's service is away: each step is told, and told once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.acceptance.live import Api, SiteFolder
from tests.peers import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]


class Service:
    """Refuses while `away`; remembers what it took by key."""

    def __init__(self) -> None:
        self.away = True
        self.refused = 0
        self.took: Counter[str] = Counter()
        self.said: list[dict[str, Any]] = []

    def hears(self, key: str, body: bytes) -> int:
        if self.away:
            self.refused += 1
            return 503
        self.took[key] += 1
        self.said.append(orjson.loads(body))
        return 204


@contextmanager
def served(service: Service) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(service.hears(self.headers["idempotency-key"], body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: the test says what it saw."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/queue"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_kill_loses_no_telling_and_repeats_none(tmp_path: Path) -> None:
    service = Service()
    with served(service) as url:
        secret = tmp_path / "secret"
        secret.write_text("trial-secret")
        secret.chmod(0o600)
        folder = SiteFolder.write(tmp_path, _site(url, secret))
        with Api.of(folder.data) as api, folder.gateway() as process:
            folder.wait_ready(api, process, within=90)
            for _ in range(5):
                api.client.post("/queue/of/linac-1/walk-in", data={"reason": "busy day"})
            called = api.client.post("/api/v1/queue/of/linac-1/next").json()["label"]
            wait_until(lambda: service.refused >= 2, within=60, what="refusals")
            process.kill()
            process.wait()
        service.away = False
        with Api.of(folder.data) as api, folder.gateway() as process:
            folder.wait_ready(api, process, within=90)
            wait_until(lambda: len(service.took) >= 4, within=90, what="tellings")
            api.client.post("/queue/of/linac-1/walk-in", data={"reason": "busy day"})
            again = api.client.post("/api/v1/queue/of/linac-1/next").json()["label"]
            wait_until(lambda: len(service.took) >= 6, within=90, what="what came later")
    told = [each["ticket"] for each in service.said if each["step"] == "called"]
    assert told == [called, again]
    assert set(service.took.values()) == {1}


def _site(url: str, secret: Path) -> dict[str, Any]:
    rules = [{"on": "position", "position": 3}, {"on": "called"}]
    hook = {"url": url, "secret": f"file:{secret}"}
    return {
        "schedule": {"resources": {"linac-1": {"name": "Linac 1"}}},
        "queue": {
            "queues": {"linac-1": {"name": "Linac 1", "resource": "linac-1", "at_once": 3}},
            "outlets": {"wechat": {"webhook": hook, "rules": rules}},
        },
    }
