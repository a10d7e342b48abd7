"""A gateway as its users meet it: a process, a site file, and HTTP."""

from __future__ import annotations

import json
import sys
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx

from gateway.cli.places import CONTROL_SOCKET, is_running, short_path
from tests.peers import LOOPBACK, free_port, running, wait_until

ISOGATE = (sys.executable, "-m", "gateway")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Api:
    """The REST API of a running gateway."""

    client: httpx.Client
    data: Path | None = None

    @classmethod
    @contextmanager
    def at(cls, url: str, token: str) -> Iterator[Api]:
        """As a program that has a token."""
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
            yield cls(client)

    @classmethod
    @contextmanager
    def of(cls, data: Path) -> Iterator[Api]:
        """As the owner of the data directory, by the gateway's own socket."""
        data.mkdir(mode=0o700, exist_ok=True)
        with short_path(data / CONTROL_SOCKET) as path:
            transport = httpx.HTTPTransport(uds=path)
            with httpx.Client(
                transport=transport, base_url="http://localhost", timeout=10
            ) as client:
                yield cls(client, data)

    def is_ready(self) -> bool:
        if self.data is not None and not is_running(self.data):
            return False
        try:
            return self.client.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def links_up(self, *names: str) -> bool:
        up = {link["id"] for link in self.get("/links") if link["state"] == "up"}
        return set(names) <= up

    def get(self, path: str, **query: Any) -> Any:
        response = self.client.get(f"/api/v1{path}", params=query)
        response.raise_for_status()
        return response.json()

    def events(self, device: str = "", after: int = 0) -> list[dict[str, Any]]:
        """Every stored event, of one device or of all, in order of seq."""
        items: list[dict[str, Any]] = []
        query = {"device": device} if device else {}
        while True:
            page = self.get("/events", after=after, limit=_PAGE, **query)
            if not page["items"]:
                return items
            items += page["items"]
            after = page["next"]

    def message(self, raw_id: int) -> bytes:
        """The bytes that crossed the wire."""
        return b64decode(self.get(f"/messages/{raw_id}")["bytes"])


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """A site file, its data directory and its log."""

    home: Path
    port: int

    @classmethod
    def write(cls, home: Path, site: Mapping[str, Any]) -> SiteFolder:
        """A devices.yaml (JSON is YAML) whose pages listen on a free port."""
        home.mkdir(parents=True, exist_ok=True)
        port = free_port()
        content = {
            "site": {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"},
            "listeners": {"http": {"port": port}},
            **site,
        }
        (home / "devices.yaml").write_text(json.dumps(content, indent=1))
        return cls(home, port)

    @property
    def file(self) -> Path:
        return self.home / "devices.yaml"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "gateway.log"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @contextmanager
    def gateway(
        self, env: Mapping[str, str] | None = None, before: tuple[str | Path, ...] = ()
    ) -> Iterator[Popen[bytes]]:
        """`isogate run` on this site within the block; `before` is put before the command."""
        command = (*before, *ISOGATE, "run", self.file, "--data", self.data)
        with running(command, env=env, log=self.log) as process:
            yield process

    def wait_ready(self, api: Api, process: Popen[bytes], *, within: float) -> float:
        """Seconds until `/readyz` says so; a gateway that ended is an error with its log."""

        def ready_or_dead() -> bool:
            return api.is_ready() or process.poll() is not None

        begun = time.monotonic()
        wait_until(ready_or_dead, within=within, what=f"ready ({self.log.read_text()[-2000:]})")
        if process.poll() is not None:
            raise RuntimeError(f"the gateway ended: {self.log.read_text()[-4000:]}")
        return time.monotonic() - begun
