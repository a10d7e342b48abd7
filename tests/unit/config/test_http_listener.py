from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import check_site, discover_drivers, discover_rooms

SITE = "site: {{id: one, name: One, time_zone: UTC, locale: en}}\nlisteners: {{http: {{{http}}}}}\n"


def problems(folder: Path, http: str) -> list[str]:
    (folder / "cert.pem").touch()
    file = folder / "devices.yaml"
    file.write_text(SITE.format(http=http.replace("CERT", str(folder / "cert.pem"))))
    found = check_site(file, drivers=discover_drivers(), rooms=discover_rooms())
    return [f"{each.line}:{each.column} {each.message}" for each in found]


@pytest.mark.parametrize(
    "http",
    [
        "host: 127.0.0.1",
        "host: localhost",
        "host: '::1'",
        "host: 0.0.0.0, tls: {certificate: CERT, key: CERT}",
        "host: 10.1.2.3, allow_plain_http: true, reason: a trial in a closed network",
        "names: [gateway.hospital.example], trusted_proxies: [127.0.0.1]",
    ],
)
def test_what_others_can_not_read_along_is_accepted(tmp_path: Path, http: str) -> None:
    assert problems(tmp_path, http) == []


@pytest.mark.parametrize(
    ("http", "told"),
    [
        ("host: 0.0.0.0", "reachable in plain text"),
        ("host: 10.1.2.3", "reachable in plain text"),
        ("host: '::'", "reachable in plain text"),
        ("host: 10.1.2.3, allow_plain_http: true", "say why"),
        ("host: gateway", "no IP address"),
        ("host: 0.0.0.0, tls: {certificate: none.pem, key: CERT}", "file"),
        ("host: 0.0.0.0, tls: {certificate: CERT}", "`key` is missing"),
    ],
)
def test_plain_text_for_others_is_refused_unless_a_reason_is_given(
    tmp_path: Path, http: str, told: str
) -> None:
    found = problems(tmp_path, http)
    assert len(found) == 1
    assert told in found[0]
    assert found[0].startswith("2:")
