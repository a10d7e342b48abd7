"""SIGHUP: another certificate is shown at once, and what runs goes on."""

from __future__ import annotations

import signal
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from tests.acceptance.live import Api, SiteFolder
from tests.integration.test_tls import write_pair
from tests.peers import LOOPBACK, free_port, wait_until

pytestmark = [pytest.mark.acceptance]

SOONER = 5.0
"""Seconds; without a signal the files are looked at every ten."""


def shown(port: int) -> str:
    """Whose certificate a new connection is shown."""
    pem = ssl.get_server_certificate((LOOPBACK, port))
    (name,) = x509.load_pem_x509_certificate(pem.encode()).subject
    return str(name.value)


def test_a_certificate_is_taken_over_at_a_hangup(tmp_path: Path) -> None:
    files = write_pair(tmp_path, "first")
    port = free_port()
    pair = {"certificate": str(files.certificate), "key": str(files.key)}
    folder = SiteFolder.write(
        tmp_path / "site", {"listeners": {"http": {"port": port, "tls": pair}}}
    )
    with folder.gateway() as process, Api.of(folder.data) as api:
        folder.wait_ready(api, process, within=60)
        assert shown(port) == "first"
        write_pair(tmp_path, "second")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: shown(port) == "second", within=SOONER, what="the new certificate")
        assert process.poll() is None
        assert api.is_ready()
        events = [each for each in api.events() if each["code"] == "certificate"]
        assert [each["value_text"] for each in events] == ["valid"]
