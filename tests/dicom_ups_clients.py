"""UPS clients for tests: the same requests by pynetdicom and by dcmjs-dimse (PS3.4 CC.2)."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, assert_never

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from simulators.rt.asking import asking
from tests.dicom_peers import OURS
from tests.peers import LOOPBACK, require_file, require_peer

PUSH = "1.2.840.10008.5.1.4.34.6.1"
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
NODE_FOLDER = Path(__file__).parent / "dcmjs"


@dataclass(frozen=True)
class Said:
    """A status, and the dataset that came with it, if any."""

    status: int
    dataset: Dataset | None = None


@dataclass(frozen=True)
class Asked:
    """A request; `context` is the class that its association negotiates."""

    operation: Literal["create", "set", "get", "action", "find"]
    context: str
    uid: str = ""
    dataset: Dataset | None = None
    action: int = 0
    tags: tuple[int, ...] = ()
    sop_class: str = PUSH


class UpsClient(Protocol):
    """Somebody else's DICOM; `charset` is what it says a text in GB18030 is in."""

    @property
    def charset(self) -> str: ...

    def ask(self, port: int, title: str, asked: Asked) -> list[Said]:
        """All answers, the final one last, in an association of their own."""


@dataclass(frozen=True)
class Pynetdicom:
    """The Python library pynetdicom."""

    charset: str = "GB18030"

    def ask(self, port: int, title: str, asked: Asked) -> list[Said]:
        with _association(port, title, asked.context) as association:
            if asked.operation == "find":
                found = association.send_c_find(asked.dataset or Dataset(), asked.context)
                return [Said(status.Status, answer) for status, answer in found]
            status, answer = _send(association, asked)
        return [Said(status.Status, answer)]


def _send(it: Association, asked: Asked) -> tuple[Dataset, Dataset | None]:
    meta, made, of, uid = UID(asked.context), asked.dataset, asked.sop_class, asked.uid
    match asked.operation:
        case "create":
            return it.send_n_create(made, of, uid, meta_uid=meta)
        case "set":
            return it.send_n_set(made or Dataset(), of, uid, meta_uid=meta)
        case "get":
            return it.send_n_get([Tag(each) for each in asked.tags], of, uid, meta_uid=meta)
        case "action":
            return it.send_n_action(made, asked.action, of, uid, meta_uid=meta)
        case "find":
            raise AssertionError("a query has many answers")
        case _:
            assert_never(asked.operation)


@contextmanager
def _association(port: int, title: str, context: str) -> Iterator[Association]:
    entity = AE(title)
    entity.add_requested_context(context, SYNTAXES)
    with asking(entity, LOOPBACK, port, OURS) as association:
        yield association


@dataclass(frozen=True)
class Dcmjs:
    """The JavaScript library dcmjs-dimse, in a process that takes requests line by line."""

    process: subprocess.Popen[str]
    turn: threading.Lock
    charset: str = "ISO_IR 192"

    def ask(self, port: int, title: str, asked: Asked) -> list[Said]:
        request = {
            "host": LOOPBACK,
            "port": port,
            "calling": title,
            "called": OURS,
            "operation": asked.operation,
            "context": asked.context,
            "class": asked.sop_class,
            "instance": asked.uid,
            "action": asked.action,
            "keywords": [keyword_for_tag(each) for each in asked.tags],
            "dataset": None if asked.dataset is None else asked.dataset.to_json_dict(),
        }
        answer = self._answer(json.dumps(request))
        assert "error" not in answer, answer
        datasets = [Dataset.from_json(each) for each in answer["datasets"]]
        assert len(datasets) <= len(answer["statuses"])
        padded = [*datasets, *[None] * (len(answer["statuses"]) - len(datasets))]
        return [Said(*each) for each in zip(answer["statuses"], padded, strict=True)]

    def _answer(self, request: str) -> dict[str, Any]:
        """Answers come in the order of requests, so one waits for the other."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.turn:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        assert line, f"dcmjs-dimse ended: {self.process.wait()}"
        return dict(json.loads(line))


@contextmanager
def dcmjs() -> Iterator[Dcmjs]:
    """dcmjs-dimse for the block; without it the test skips, or fails if peers are required."""
    node = require_peer("node")
    require_file(NODE_FOLDER / "node_modules" / "dcmjs-dimse")
    with subprocess.Popen(
        [node, NODE_FOLDER / "ups.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Dcmjs(process, threading.Lock())
        finally:
            process.terminate()


@dataclass(frozen=True)
class Scu:
    """A peer that asks, an association a request; `context` is the class that it negotiates."""

    port: int
    title: str
    context: str
    client: UpsClient = Pynetdicom()

    async def create(self, uid: str, made: Dataset) -> Said:
        return await self._ask(Asked("create", self.context, uid, made))

    async def set(self, uid: str, made: Dataset, transaction: str = "") -> Said:
        if transaction:
            made.TransactionUID = transaction
        return await self._ask(Asked("set", self.context, uid, made))

    async def get(self, uid: str, *tags: int) -> Said:
        return await self._ask(Asked("get", self.context, uid, tags=tags))

    async def act(self, action: int, uid: str, made: Dataset, of: str = PUSH) -> Said:
        return await self._ask(Asked("action", self.context, uid, made, action, sop_class=of))

    async def state(self, uid: str, state: str, transaction: str = "") -> Said:
        made = Dataset()
        made.ProcedureStepState = state
        if transaction:
            made.TransactionUID = transaction
        return await self.act(1, uid, made)

    async def claim(self, uid: str) -> tuple[int, str]:
        """The status, and the transaction UID."""
        transaction = generate_uid()
        said = await self.state(uid, "IN PROGRESS", transaction)
        return said.status, transaction

    async def cancel(self, uid: str, reason: str = "") -> Said:
        made = Dataset()
        made.ReasonForCancellation = reason
        return await self.act(2, uid, made)

    async def subscribe(
        self, uid: str, receiver: str, *, lock: bool = False, keys: Dataset | None = None
    ) -> Said:
        made = keys or Dataset()
        made.ReceivingAE, made.DeletionLock = receiver, "TRUE" if lock else "FALSE"
        return await self.act(3, uid, made)

    async def unsubscribe(self, uid: str, receiver: str) -> Said:
        made = Dataset()
        made.ReceivingAE = receiver
        return await self.act(4, uid, made)

    async def suspend(self, uid: str, receiver: str) -> Said:
        made = Dataset()
        made.ReceivingAE = receiver
        return await self.act(5, uid, made)

    async def find(self, keys: Dataset) -> list[Dataset]:
        """The answers; the last status was Success."""
        *found, last = await self._all(Asked("find", self.context, dataset=keys))
        assert last.status == 0
        return [each.dataset for each in found if each.dataset is not None]

    async def _ask(self, asked: Asked) -> Said:
        (said,) = await self._all(asked)
        return said

    async def _all(self, asked: Asked) -> list[Said]:
        return await asyncio.to_thread(self.client.ask, self.port, self.title, asked)
