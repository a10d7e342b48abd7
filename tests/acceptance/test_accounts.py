"""A gateway's first start: nobody can sign in, one link makes the first administrator."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.model import SystemClock
from gateway.security.totp import code_at
from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.peers import wait_until

pytestmark = pytest.mark.acceptance

PASSWORD = "three blind mice"  # noqa: S105 - of nobody
_LINK = re.compile(r"(http://\S+)set-up#([0-9A-Z-]+)")


def isogate(folder: SiteFolder, *words: str) -> Any:
    done = subprocess.run(
        [*ISOGATE, *words, "--json", "--data", folder.data],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def links(folder: SiteFolder, count: int) -> list[tuple[str, str]]:
    """The set-up links that the gateway printed, at all its starts."""

    def found() -> list[tuple[str, str]]:
        return [(url, code) for url, code in _LINK.findall(folder.log.read_text())]

    wait_until(lambda: len(found()) >= count, within=15, what=f"{count} links")
    return found()


def form_token(page: str) -> str:
    return page.partition('name="csrf-token" content="')[2].partition('"')[0]


def test_the_first_link_makes_an_administrator_and_works_once(tmp_path: Path) -> None:
    folder = SiteFolder.write(tmp_path, {})
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=30)
        (void,) = links(folder, 1)
        process.send_signal(signal.SIGTERM)
        process.wait(15)
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=30)
        (_, (url, code)) = links(folder, 2)
        assert code != void[1]
        assert folder.log.read_text().count(code) == 1
        with httpx.Client(base_url=url) as browser:
            sent = browser.get("/", headers={"accept": "text/html"})
            assert sent.headers["location"] == "/sign-in"
            assert browser.get("/api/v1/devices").status_code == 401
            fields = {"name": "boss", "new": PASSWORD, "again": PASSWORD}
            assert browser.post("/set-up", data={**fields, "code": void[1]}).status_code == 422
            assert browser.post("/set-up", data={**fields, "code": code}).status_code == 303
            page = browser.get("/account/second-factor").text
            shown = re.search(r'<p class="code">([A-Z2-7 ]+)</p>', page)
            assert shown is not None
            secret = shown[1].replace(" ", "")
            enrolled = browser.post(
                "/account/second-factor",
                data={
                    "csrf": form_token(page),
                    "code": code_at(secret, SystemClock().now()),
                    "password": PASSWORD,
                },
            )
            assert enrolled.status_code == 200
            assert browser.get("/settings/accounts").status_code == 200
        with httpx.Client(base_url=url) as other:
            assert other.post("/set-up", data={**fields, "code": code}).status_code == 422
        made = isogate(folder, "account", "add", "wang", "--role", "therapist")
        assert made["link"].startswith(url)
        token = isogate(folder, "token", "add", "ris", "--may", "site.read")["token"]
        with Api.at(url, token) as program:
            assert program.get("/devices") == []
            isogate(folder, "token", "revoke", "ris")
            assert program.client.get("/api/v1/devices").status_code == 401
        names = [each["name"] for each in isogate(folder, "account", "list")]
        assert names == ["boss", "wang"]
        actions = {each["action"] for each in audit(folder)}
        assert {"account.set-up", "totp.enrol", "account.create", "token.revoke"} <= actions
        assert PASSWORD not in folder.log.read_text()


def audit(folder: SiteFolder) -> list[dict[str, Any]]:
    with Api.of(folder.data) as api:
        page = api.client.get("/audit.csv").text
    head, *rows = page.lstrip("\ufeff").splitlines()
    at = head.split(",").index("Action") if "Action" in head else 5
    return [{"action": row.split(",")[at]} for row in rows]
