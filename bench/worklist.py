"""Modality Worklist: 200 matches a query, from the schedule, beside DCMTK's wlmscpfs.

The caller is not our own requestor but prepared PDUs over a blocking socket, the same for both.
Ours is the whole gateway: the appointments came over HL7, every query is matched against each step,
and is in the audit, on disk, before its first answer.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench._dicom_sender import receive
from bench._dicom_side import Server
from bench.case import Case, Options
from dicom.dimse import Command, Operation, Wanted
from dicom.dimse.command import decode as decode_command
from dicom.dimse.command import encode as encode_command
from dicom.elements import Element, Elements, encode, sequence, vr_of
from dicom.upper.negotiate import EXPLICIT, agree, propose
from dicom.upper.pdata import fragments, split
from dicom.upper.pdu import PduType, ReleaseRq
from dicom.upper.pdu import decode as decode_pdu
from dicom.upper.pdu import encode as encode_pdu
from dicom.worklist.find import WORKLIST
from dicom.worklist.tags import Tag
from tests.acceptance.live import SiteFolder
from tests.dicom_peers import OURS, wlmscpfs
from tests.dicom_worklist import STATIONED, Visit, files, hospital, tell, today
from tests.peers import LOOPBACK, free_port, port_answers, running, wait_until

MATCHES = 200
_PENDING = (0xFF00, 0xFF01)
_RETURNED = (
    Tag.ACCESSION,
    Tag.NAME,
    Tag.PATIENT_ID,
    Tag.BIRTH_DATE,
    Tag.SEX,
    Tag.STUDY_UID,
    Tag.PROCEDURE,
    Tag.PROCEDURE_ID,
)
_OF_STEP = (Tag.STATION_TITLE, Tag.MODALITY, Tag.START_TIME, Tag.DESCRIPTION, Tag.STEP_ID)


async def run(options: Options) -> Sequence[Case]:
    """Rounds in turn, the same query to each; the median round counts."""
    count = 10 if options.smoke else MATCHES
    rounds, queries = (1, 1) if options.smoke else (7, 10)
    made = today(count)
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        home = Path(folder)
        files(made, home / "files", OURS)
        async with (
            _gateway(home / "ours", made) as ours,
            wlmscpfs(home / "files", OURS, {"TCP_NODELAY": "1"}) as theirs,
        ):
            servers = {"ours": ours, "wlmscpfs": Server(OURS, theirs.port)}
            rates = await asyncio.to_thread(_rates, servers, made, rounds, queries)
    return [
        Case(
            name="worklist",
            case=f"{count} matches a query, by day",
            ours=statistics.median(rates["ours"]),
            peer=statistics.median(rates["wlmscpfs"]),
            peer_name="DCMTK wlmscpfs",
            unit="matches/s",
            better="higher",
            goal=1.0,
            size=f"{len(_RETURNED)} attributes and {len(_OF_STEP) + 1} of the step",
            peer_ack="read from files for each query, no audit",
        )
    ]


def _rates(
    servers: dict[str, Server], made: Sequence[Visit], rounds: int, queries: int
) -> dict[str, list[float]]:
    """Matches a second of each round, one warm round apart."""
    identifier = _identifier(made)
    expected = len(made)
    rates: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            seconds = _ask(server, identifier, queries, expected)
            if number or rounds == 1:
                rates[name].append(queries * expected / seconds)
    return rates


def _identifier(made: Sequence[Visit]) -> bytes:
    day = f"{made[0].start:%Y%m%d}-{made[-1].start:%Y%m%d}"
    step: Elements = {
        int(Tag.START_DATE): Element("DA", day.encode()),
        **{int(tag): Element(vr_of(tag)) for tag in _OF_STEP},
    }
    own: Elements = {int(tag): Element(vr_of(tag)) for tag in _RETURNED}
    charset: Elements = {0x00080005: Element("CS", b"ISO_IR 192")}
    return encode({**charset, **own, int(Tag.STEPS): sequence([step])}, EXPLICIT)


def _ask(server: Server, identifier: bytes, queries: int, expected: int) -> float:
    """Seconds of so many queries on one association, from the first request to the last answer."""
    request = propose(server.title, "BENCH", [Wanted(WORKLIST, (EXPLICIT,))], 131_072)
    with socket.create_connection((LOOPBACK, server.port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(encode_pdu(request))
        kind, body = receive(sock)
        if kind != PduType.ASSOCIATE_AC or not agree(request, decode_pdu(kind, body)):  # type: ignore[arg-type]
            raise RuntimeError(f"{server} takes no worklist query")
        begun = time.monotonic()
        for number in range(1, queries + 1):
            sock.sendall(_query(number, identifier))
            found = _answers(sock)
            if found != expected:
                raise RuntimeError(f"{server}: {found} answers instead of {expected}")
        seconds = time.monotonic() - begun
        sock.sendall(encode_pdu(ReleaseRq()))
        receive(sock)
    return seconds


def _query(number: int, identifier: bytes) -> bytes:
    command = Command(Operation.C_FIND, number, sop_class=WORKLIST, has_dataset=True)
    return b"".join(
        (
            *fragments(1, encode_command(command), 16_384, command=True),
            *fragments(1, identifier, 16_384, command=False),
        )
    )


def _answers(sock: socket.socket) -> int:
    """How many answers come before the final one."""
    count, command = 0, b""
    while True:
        _, body = receive(sock)
        for pdv in split(memoryview(body)):
            if not pdv.is_command:
                continue
            command += bytes(pdv.data)
            if pdv.is_last:
                status = decode_command(command).status
                command = b""
                if status not in _PENDING:
                    return count if status == 0 else -status
                count += 1


@asynccontextmanager
async def _gateway(folder: Path, made: Sequence[Visit]) -> AsyncIterator[Server]:
    """The whole gateway with a DICOM node and an HL7 link, told of the appointments."""
    port, mllp = free_port(), free_port()
    site = SiteFolder.write(
        folder,
        {
            **hospital(mllp),
            "schedule": STATIONED,
            "dicom": {
                "listeners": [{"port": port}],
                "titles": {OURS: {"allow": "anyone", "services": ["worklist"]}},
                "storage": {"min_free": 10**6},
            },
        },
    )
    process = running(
        (sys.executable, "-m", "gateway", "run", site.file, "--data", site.data), log=site.log
    )
    started = await asyncio.to_thread(process.__enter__)
    try:
        await asyncio.to_thread(
            wait_until,
            lambda: port_answers(port) and port_answers(mllp),
            within=60,
            what="the gateway's ports",
        )
        await tell(mllp, made)
        yield Server(OURS, port, started.pid)
    finally:
        await asyncio.to_thread(process.__exit__, None, None, None)
