"""The section `dicom` of devices.yaml: what is wrong is said where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dicom.options import DicomOptions
from dicom.room import room
from gateway.config import check_site

SITE = {"id": "trial", "name": "Trial", "time_zone": "Asia/Shanghai"}


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "devices.yaml"
    file.write_text(yaml.safe_dump({"site": SITE}) + text)
    found = check_site(file, drivers={}, rooms={"dicom": room})
    return [str(each).replace(f"{file}", "devices.yaml") for each in found]


def test_a_small_section_is_enough(tmp_path: Path) -> None:
    assert problems(tmp_path, "dicom: {titles: {ISOGATE: {allow: anyone}}}\n") == []


def test_a_whole_section_is_taken(tmp_path: Path) -> None:
    text = """
dicom:
  listeners: [{host: 127.0.0.1, port: 11112}, {host: "::1", port: 11112}]
  titles:
    ISOGATE:
      allow: [{title: CT1, address: 10.0.0.5}, {address: 10.1.0.0/16}]
      services: [verification]
      private_classes: [1.3.12.2.1107.5.9.1]
      undeclared_charset: GB18030
    ARCHIVE: {allow: anyone, associations: 4}
  peers:
    pacs: {title: PACS, host: 10.0.0.9, port: 104, calling: ARCHIVE}
  storage: {min_free: 5 GB, quota: 2 TB}
  limits: {associations: 50, idle: 60}
"""
    assert problems(tmp_path, text) == []
    options = DicomOptions.model_validate(yaml.safe_load(text)["dicom"])
    assert options.storage.quota == 2 * 10**12
    assert options.ports() == [("127.0.0.1", 11112), ("::1", 11112)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("titles: {}", "titles"),
        ("titles: {THIS TITLE IS TOO LONG: {allow: anyone}}", "is no AE title"),
        ("titles: {A: {}}", "allow"),
        ("titles: {A: {allow: everyone}}", "allow"),
        ("titles: {A: {allow: [{address: 10.0.0}]}}", "'10.0.0' is no address"),
        ("titles: {A: {allow: anyone, undeclared_charset: KLINGON}}", "unknown character set"),
        ("titles: {A: {allow: anyone, services: [storag]}}", "did you mean `storage`"),
        ("titles: {A: {allow: anyone, private_classes: [1.2.x]}}", "'1.2.x' is no UID"),
        (
            "{titles: {A: {allow: anyone}}, listeners: [{port: 104}, {port: 104}]}",
            "two listeners on 127.0.0.1 port 104",
        ),
        (
            "{titles: {A: {allow: anyone}}, listeners: [{port: 104, host: localhost}]}",
            "'localhost' is no IP address",
        ),
        (
            "{titles: {A: {allow: anyone}}, peers: {p: {title: P, host: h, port: 1, calling: B}}}",
            "peers.p.calling: B is none of our titles",
        ),
        (
            "{titles: {A: {allow: anyone}}, listeners: [{tls: {certificate: no.pem, key: n}}]}",
            "tls.certificate: Path does not point to a file",
        ),
    ],
)
def test_a_fault_is_said_where_it_stands(tmp_path: Path, line: str, told: str) -> None:
    found = problems(tmp_path, f"dicom:\n  {line}\n" if line[0] != "{" else f"dicom: {line}\n")
    assert found
    assert any(told in each for each in found), found
    assert all(each.startswith("devices.yaml:") for each in found)
