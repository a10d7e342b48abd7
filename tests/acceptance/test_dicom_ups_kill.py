"""Work items through `kill -9`: whoever was told that an item is theirs has it, nobody else has."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicom.dimse import Command, Operation, Peer, Response, Wanted, associate
from gateway import DeviceUnavailable
from tests.acceptance.live import ISOGATE, Api, SiteFolder
from tests.dicom_objects import CT, dataset, encoded
from tests.dicom_peers import OURS
from tests.dicom_ups import COMMITMENT, PULL, listening, progress, work_item
from tests.dicom_ups_clients import PUSH
from tests.peers import LOOPBACK, Say, count, free_port

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1800)]

LINACS = ("LINAC1", "LINAC2", "LINAC3", "LINAC4")


@dataclass(frozen=True)
class Claim:
    """What a machine asked and was told; None if the gateway died before it answered."""

    title: str
    transaction: str
    status: int | None


def site(port: int, watcher: int) -> dict[str, Any]:
    return {
        "dicom": {
            "listeners": [{"port": port}],
            "titles": {
                OURS: {
                    "allow": "anyone",
                    "services": ["verification", "storage", "ups", "commitment"],
                }
            },
            "peers": {"watcher": {"title": "WATCHER", "host": LOOPBACK, "port": watcher}},
            "storage": {"min_free": 10**6},
            "watch": {"interval": "5 s"},
        }
    }


def isogate(*words: str | Path) -> Any:
    """What a verb prints as JSON."""
    done = subprocess.run([*ISOGATE, *map(str, words), "--json"], capture_output=True, check=False)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


async def ask(port: int, title: str, command: Command, made: Dataset) -> Response:
    peer = Peer(OURS, LOOPBACK, port, title)
    contexts = [Wanted(PULL), Wanted(COMMITMENT), Wanted(CT)]
    async with associate(peer, contexts) as association:
        wanted = {COMMITMENT: COMMITMENT, CT: CT}.get(command.sop_class, PULL)
        context = association.context_for(wanted)
        return await association.send(
            command, encoded(made, context.transfer_syntax), context=context
        )


def action(uid: str, number: int) -> Command:
    return Command(Operation.N_ACTION, sop_class=PUSH, sop_instance=uid, action_type=number)


async def new_item(port: int) -> str:
    """An item that the watcher is subscribed to."""
    uid = generate_uid()
    create = Command(Operation.N_CREATE, sop_class=PUSH, sop_instance=uid)
    assert (await ask(port, "TPS", create, work_item())).status == 0
    wish = Dataset()
    wish.ReceivingAE, wish.DeletionLock = "WATCHER", "FALSE"
    assert (await ask(port, "TPS", action(uid, 3), wish)).status == 0
    return uid


async def claim(port: int, title: str, uid: str) -> Claim:
    made, transaction = Dataset(), generate_uid()
    made.ProcedureStepState, made.TransactionUID = "IN PROGRESS", transaction
    with suppress(DeviceUnavailable):
        answer = await ask(port, title, action(uid, 1), made)
        return Claim(title, transaction, answer.status)
    return Claim(title, transaction, None)


async def set_progress(port: int, each: Claim, uid: str) -> int:
    made = progress("1")
    made.TransactionUID = each.transaction
    command = Command(Operation.N_SET, sop_class=PUSH, sop_instance=uid)
    return (await ask(port, each.title, command, made)).status


async def claims_until_killed(
    port: int, process: subprocess.Popen[bytes], after: float
) -> tuple[str, list[Claim]]:
    """Four machines want one item; the gateway is killed while it decides."""
    uid = await new_item(port)
    asking = [asyncio.create_task(claim(port, title, uid)) for title in LINACS]
    await asyncio.sleep(after)
    process.kill()
    return uid, [await each for each in asking]


async def judge(port: int, uid: str, claims: list[Claim]) -> str:
    """The title that has the item, or ''."""
    winners = [each for each in claims if each.status == 0]
    assert len(winners) <= 1, claims
    told = {each.title: await set_progress(port, each, uid) for each in claims}
    owners = [title for title, status in told.items() if status == 0]
    assert len(owners) <= 1, told
    if winners:
        assert owners == [winners[0].title], (claims, told)
    loser_statuses = {status for title, status in told.items() if title not in owners}
    assert loser_statuses <= {0xC301, 0xC310}, told
    return next(iter(owners), "")


async def commit(port: int) -> str:
    """Ask for commitment to an object; its transaction UID."""
    made = dataset()
    store = Command(Operation.C_STORE, sop_class=CT, sop_instance=made.SOPInstanceUID)
    assert (await ask(port, "WATCHER", store, made)).status == 0
    request, item = Dataset(), Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, made.SOPInstanceUID
    request.TransactionUID, request.ReferencedSOPSequence = generate_uid(), [item]
    command = Command(
        Operation.N_ACTION, sop_class=COMMITMENT, sop_instance=f"{COMMITMENT}.1", action_type=1
    )
    assert (await ask(port, "WATCHER", command, request)).status == 0
    return str(request.TransactionUID)


def test_claims_subscriptions_and_reports_survive_kills(tmp_path: Path, say: Say) -> None:
    seed = int(os.environ.get("ISOGATE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    say(f"ISOGATE_SEED={seed}")
    chance = random.Random(seed)
    port, watcher = free_port(), free_port()
    folder = SiteFolder.write(tmp_path / "site", site(port, watcher))
    rounds: list[tuple[str, list[Claim]]] = []
    with Api.of(folder.data) as api:
        for _ in range(count(3, 20)):
            with folder.gateway() as process:
                folder.wait_ready(api, process, within=60)
                after = chance.uniform(0, 0.06)
                rounds.append(asyncio.run(claims_until_killed(port, process, after)))
                process.wait()
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            transaction = asyncio.run(commit(port))
            process.kill()
            process.wait()
        with folder.gateway() as process:
            folder.wait_ready(api, process, within=60)
            owned = {uid: asyncio.run(judge(port, uid, claims)) for uid, claims in rounds}
            heard = asyncio.run(everything(watcher, [*owned], owned, transaction))
            items = isogate("dicom", "workitems", "--data", folder.data)
            reports = isogate("dicom", "reports", "list", "--data", folder.data)
    told = sum(each.status == 0 for _, claims in rounds for each in claims)
    lost = sum(each.status is None for _, claims in rounds for each in claims)
    say(f"{len(rounds)} kills: {told} claims confirmed, {lost} unanswered, {heard} reports")
    assert reports == {
        "peers": {"watcher": {"waiting": 0, "full": False, "failing_since": None, "error": ""}},
        "dead": [],
    }
    assert {each["uid"]: each["owner"] for each in items["items"]} == owned


async def everything(port: int, uids: list[str], owned: dict[str, str], transaction: str) -> int:
    """Listen at last: every report comes, in order for each item."""
    states: dict[str, list[str]] = {uid: [] for uid in uids}
    committed = ""
    async with (
        asyncio.timeout(60),
        listening("WATCHER", port=port, also=COMMITMENT) as watcher,
    ):
        wanted = {uid: ["SCHEDULED", *(["IN PROGRESS"] if owned[uid] else [])] for uid in uids}
        number = 0
        while states != wanted or not committed:
            heard = await watcher.heard.get()
            number += 1
            if heard.kind == 1 and heard.uid in states:
                states[heard.uid].append(heard.content.ProcedureStepState)
            elif "TransactionUID" in heard.content:
                committed = heard.content.TransactionUID
                assert heard.kind == 1
    assert committed == transaction
    return number
