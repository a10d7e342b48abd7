"""Nothing that identifies a patient is readable in any file without the key."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE

from gateway.model import SystemClock
from gateway.seal import KeyFile
from gateway.store import EventStore, StoreOptions
from tests.acceptance import planted
from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.acceptance.planted import BORN, COMMENTS, NAMES, PATIENTS, SPECIMENS, readable_in
from tests.dicom_objects import CT, image
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, free_port, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

_ENQ, _ACK, _EOT = b"\x05", b"\x06", b"\x04"
_CHARSETS = {"astm-utf8": "utf-8", "astm-gb": "gb18030", "astm-latin": "latin-1"}


def test_the_search_finds_every_form_of_what_is_planted(tmp_path: Path) -> None:
    for number, text in enumerate(planted.ALL):
        for place, form in enumerate(planted.forms(text)):
            tmp_path.joinpath(f"{number}-{place}").write_bytes(b"\x00\xff" + form + b"\x00")
    found = readable_in(tmp_path)
    assert {text for texts in found.values() for text in texts} == set(planted.ALL)
    tmp_path.joinpath("shifted").write_bytes(b"x" + NAMES[0].encode())
    assert "shifted" in readable_in(tmp_path)


def test_no_file_shows_who_the_patients_are(tmp_path: Path) -> None:
    ports = {name: free_port() for name in (*_CHARSETS, "hl7", "his")}
    modality = free_port()
    folder = SiteFolder.write(tmp_path / "site", _site(ports, modality))
    keys = folder.data / "keys"

    def shown() -> dict[str, list[str]]:
        return readable_in(folder.home, tmp_path / "backups", without=(keys,))

    with Api.of(folder.data) as api:
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=30)
            wait_until(lambda: api.links_up(*ports), within=20, what="the links are up")
            _send_everything(ports, modality)
            wait_until(lambda: _is_known(api), within=30, what="all is stored")
            _is_there(api)
            assert shown() == {}
            _isogate(folder, "backup", "now", "--to", tmp_path / "backups")
            process.kill()
            process.wait()
        assert shown() == {}
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=30)
            wait_until(lambda: api.links_up(*ports), within=20, what="the links are up again")
            _send_everything(ports, modality)
            _is_there(api)
            _isogate(folder, "keys", "rotate", "--suite", "sm4-gcm")
            _send_everything(ports, modality)
            _isogate(folder, "keys", "reseal")
            _isogate(folder, "dicom", "verify")
            _isogate(folder, "backup", "now", "--to", tmp_path / "backups")
            _isogate(folder, "backup", "drill", "--to", tmp_path / "backups")
            assert shown() == {}
        asyncio.run(_close_segments(folder.data))
        assert shown() == {}
    assert list(folder.data.rglob("*.closed*.sqlite"))
    assert list((tmp_path / "backups").rglob("*.archive"))


def _site(ports: dict[str, int], modality: int) -> dict[str, Any]:
    def listening(driver: str, port: int) -> dict[str, Any]:
        transport = {"type": "tcp-listen", "host": LOOPBACK, "port": port}
        return {"driver": driver, "transport": transport}

    devices: dict[str, Any] = {
        name: {
            "link": name,
            "profile": "chemistry-analyzer-astm",
            "charset": charset,
            "patient_issuer": "HIS",
        }
        for name, charset in _CHARSETS.items()
    }
    devices["hematology"] = {"link": "hl7", "profile": "hematology-analyzer-hl7"}
    devices["his"] = {"link": "his", "profile": "his-adt-siu"}
    return {
        "links": {
            **{name: listening("astm", ports[name]) for name in _CHARSETS},
            "hl7": listening("hl7", ports["hl7"]),
            "his": listening("hl7", ports["his"]),
        },
        "devices": devices,
        "schedule": {},
        "dicom": {
            "listeners": [{"port": modality}],
            "titles": {OURS: {"allow": "anyone"}},
            "storage": {"min_free": 10**6},
        },
    }


def _send_everything(ports: dict[str, int], modality: int) -> None:
    for name, charset in _CHARSETS.items():
        _astm(ports[name], _chemistry(charset), charset)
    for message in (_hematology(), _hematology(code="NEVER-HEARD-OF")):
        _mllp(ports["hl7"], message.encode())
    for message in (_admission(), _appointment()):
        _mllp(ports["his"], message.encode("gb18030"))
    _mllp(ports["his"], f"MSH|^~\\&|broken {NAMES[2]} {PATIENTS[0]}".encode(), answered=False)
    _store(modality)


def _store(port: int) -> None:
    """An image whose patient and comments are planted ones."""
    made = image(
        512,
        SpecificCharacterSet="GB18030",
        PatientName=NAMES[0],
        PatientID=PATIENTS[1],
        PatientBirthDate=BORN,
        AccessionNumber=SPECIMENS[0],
        ImageComments=COMMENTS[0],
    )
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta = meta
    sender = AE("CT1")
    sender.add_requested_context(CT, ExplicitVRLittleEndian)
    association = sender.associate(LOOPBACK, port, ae_title=OURS)
    assert association.is_established
    assert association.send_c_store(made).Status == 0
    association.release()


def _chemistry(charset: str) -> list[str]:
    """Two results, one of a code that no profile knows, and a comment on each."""
    name, comment = (NAMES[3], COMMENTS[1]) if charset == "latin-1" else (NAMES[0], COMMENTS[0])
    return [
        "H|\\^&|||X|||||host||P|LIS2-A2|20261123080000",
        f"P|1|{PATIENTS[0]}|||{name}||{BORN}|F",
        f"O|1|{SPECIMENS[0]}||^^^ALL|R||||||N||||Serum||||||||||F",
        "R|1|^^^ALT|31.5|U/L|0-40|N||F||||20261123080000",
        f"C|1|I|{comment}|G",
        f"R|2|^^^NEVER-HEARD-OF|{name}|||N||F||||20261123080000",
        "L|1|N",
    ]


def _hematology(code: str = "718-7") -> str:
    lines = (
        "MSH|^~\\&|X|Y|||20261123080000||ORU^R01|1|P|2.3.1||||||UNICODE",
        f"PID|1||{PATIENTS[1]}^^^^MR||{NAMES[2]}||{BORN}|M",
        f"OBR|1||{SPECIMENS[1]}|00001^Automated Count^99MRC|||20261123080000",
        f"OBX|1|NM|{code}^HGB^LN||131|g/L|110-160|N|||F",
        f"NTE|1||{COMMENTS[2]}",
    )
    return "\r".join(lines) + "\r"


def _admission() -> str:
    lines = (
        "MSH|^~\\&|HIS|X|||20261123080000||ADT^A04|A1|P|2.4",
        f"PID|1||{PATIENTS[1]}^^^^MR~{PATIENTS[0]}^^^^IP||{NAMES[1]}||{BORN}|M",
    )
    return "\r".join(lines) + "\r"


def _appointment() -> str:
    lines = (
        "MSH|^~\\&|HIS|X|||20261123080000||SIU^S12|S1|P|2.4",
        "SCH|7001||||||RT|||15|min|^^^20261124090000^20261124091500",
        f"PID|1||{PATIENTS[1]}^^^^MR||{NAMES[1]}||{BORN}|M",
        f"NTE|1||{COMMENTS[2]}",
    )
    return "\r".join(lines) + "\r"


def _astm(port: int, records: list[str], charset: str) -> None:
    """One message, a frame a record."""
    with socket.create_connection((LOOPBACK, port), timeout=10) as line:
        _say(line, _ENQ)
        for number, record in enumerate(records, 1):
            body = f"{number % 8}{record}\r\x03".encode(charset)
            _say(line, b"\x02" + body + f"{sum(body) % 256:02X}\r\n".encode())
        line.sendall(_EOT)


def _say(line: socket.socket, data: bytes) -> None:
    line.sendall(data)
    assert line.recv(1) == _ACK


def _mllp(port: int, message: bytes, *, answered: bool = True) -> None:
    with socket.create_connection((LOOPBACK, port), timeout=10) as line:
        line.sendall(b"\x0b" + message + b"\x1c\r")
        heard = b""
        while answered and b"\x1c\r" not in heard:
            heard += line.recv(4096)
        if not answered:
            line.recv(4096)


def _is_known(api: Api) -> bool:
    """Whether all has come; the index of objects is a moment behind the events."""
    indexed = api.get("/dicom")["instances"] > 0
    return indexed and len(api.events("hematology")) > 0 and bool(api.get("/quarantine")["items"])


def _is_there(api: Api) -> None:
    """Who has the keys, and may, reads all of it."""
    records = api.get("/messages", limit=500)["items"]
    told = b"".join(api.message(each["raw_id"]) for each in records)
    spoken = {text for text in planted.ALL for form in planted.forms(text) if form in told}
    assert spoken == set(planted.ALL)
    assert api.get("/dicom")["instances"] > 0
    subjects = [each.get("subject") or {} for each in api.events()]
    assert {each.get("specimen") for each in subjects} >= set(SPECIMENS)
    assert {each.get("patient") for each in subjects} >= set(PATIENTS)


def _isogate(folder: SiteFolder, *words: str | Path) -> None:
    command = [*ISOGATE, *words, "--data", folder.data]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


async def _close_segments(data: Path) -> None:
    """What the gateway does with the segments of a month that is over."""
    ring = KeyFile(data / "keys" / "ring.json").read()
    async with EventStore.open(data / "store", StoreOptions(ring=ring), SystemClock()) as store:
        assert await store.close_segments(current=True)
