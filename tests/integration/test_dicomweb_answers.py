"""What the answers of a DICOMweb server mean for the queue of a destination."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from dicom.forward.entry import Entry, Queue, State
from dicom.web.client import _retry_after
from gateway.room import OWNER
from tests.dicom_forwarding import Forwarder, forwarder
from tests.dicom_objects import image
from tests.peers import LOOPBACK, free_port

FIRST, SECOND = "1.2.826.9.1", "1.2.826.9.2"
LOST = 0
REASON = "00081197"


@dataclass(frozen=True, slots=True)
class Says:
    """An answer; LOST closes the connection without one. Without words it is a store's answer."""

    status: int
    failed: Mapping[str, Any] | None = None
    stored: bool = False
    words: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self, uid: str) -> bytes:
        """`failed` is what stands beside the UID of the object under FailedSOPSequence."""
        if self.words:
            return self.words.encode()
        item = {"00081155": {"vr": "UI", "Value": [uid]}}
        said: dict[str, Any] = {}
        if self.failed is not None:
            said["00081198"] = {"vr": "SQ", "Value": [{**item, **self.failed}]}
        if self.stored:
            said["00081199"] = {"vr": "SQ", "Value": [item]}
        return orjson.dumps(said)


STORED = Says(200, stored=True)


@dataclass(slots=True)
class Server:
    """A server that gives its answers one after the other, the last one for ever.

    Of one object it always says what stands in `of`.
    """

    answers: list[Says]
    of: Mapping[str, Says] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = bytearray()
        while size := int((await reader.readline()).strip(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        uid = FIRST if FIRST.encode() in body else SECOND
        self.asked.append(uid)
        says = self.of.get(uid) or (
            self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        )
        if says.status == LOST:
            return
        content = says.content(uid)
        head = {"content-length": str(len(content)), "connection": "close", **says.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"HTTP/1.1 {says.status} X\r\n{lines}\r\n".encode() + content)
        await writer.drain()


@asynccontextmanager
async def serving(
    port: int, *answers: Says, of: Mapping[str, Says] | None = None
) -> AsyncIterator[Server]:
    server = Server(list(answers), of or {})
    async with await asyncio.start_server(server.answer, LOOPBACK, port):
        yield server


@asynccontextmanager
async def sending(folder: Path, port: int, **destination: Any) -> AsyncIterator[Forwarder]:
    """A node that was sent two objects, which go to the server at this port."""
    section = {
        "web": {"peers": {"cloud": {"url": f"http://{LOOPBACK}:{port}"}}},
        "forward": {
            "destinations": {"archive": {"web": "cloud", "longest_pause": 1, **destination}},
            "rules": [{"name": "all", "to": ["archive"]}],
        },
    }
    async with forwarder(folder, section) as it:
        studies = {FIRST: "1.2.826.8.1", SECOND: "1.2.826.8.2"}
        objects = (
            image(8, SOPInstanceUID=uid, StudyInstanceUID=study) for uid, study in studies.items()
        )
        await it.take(*objects)
        yield it


def one_dead_one_done(queue: Queue) -> bool:
    return (queue.counts.dead, queue.counts.done) == (1, 1)


async def entries(it: Forwarder, state: State) -> list[Entry]:
    return list(await it.outward.forwarding.entries("archive", state, 10))


@pytest.mark.parametrize("status", [200, 202, 409])
@pytest.mark.parametrize(
    "reason",
    [
        {},
        {REASON: {"vr": "US"}},
        {REASON: {"vr": "US", "Value": [0]}},
        {REASON: {"vr": "US", "Value": [None]}},
        {REASON: {"vr": "US", "Value": ["full"]}},
        {REASON: 272},
        {REASON: {"vr": "US", "Value": [0xB000]}},
        {REASON: {"vr": "US", "Value": [0x0107]}},
    ],
)
async def test_what_is_listed_as_failed_is_never_taken_as_sent(
    tmp_path: Path, status: int, reason: Mapping[str, Any]
) -> None:
    port = free_port()
    async with serving(port, Says(status, reason)), sending(tmp_path, port, attempts=1) as it:
        await it.until("archive", lambda queue: queue.counts.dead == 2)
        for entry in await entries(it, State.DEAD):
            assert "failed to process" in entry.error
        assert not it.said("forward.sent")


async def test_what_is_listed_as_stored_and_as_failed_has_failed(tmp_path: Path) -> None:
    port = free_port()
    both = Says(202, {REASON: {"vr": "US", "Value": [0xA900]}}, stored=True)
    async with serving(port, both), sending(tmp_path, port) as it:
        await it.until("archive", lambda queue: queue.counts.dead == 2)


async def test_a_server_that_is_away_is_waited_for_without_counting(tmp_path: Path) -> None:
    port = free_port()
    async with sending(tmp_path, port, attempts=1) as it:
        queue = await it.until("archive", lambda queue: queue.failing is not None)
        assert str(port) in queue.error
        assert not it.said("forward.began")
        for entry in await entries(it, State.WAITING):
            assert (entry.attempts, entry.doubt, entry.error) == (0, False, "")
        async with serving(port, STORED) as server:
            await it.until("archive", lambda queue: queue.counts.done == 2)
        assert server.asked == [FIRST, SECOND]


@pytest.mark.parametrize("status", [301, 401, 403, 404, 408, 425, 429, 502, 503, 504])
async def test_what_is_no_fault_of_the_object_holds_the_line(tmp_path: Path, status: int) -> None:
    port = free_port()
    refusal = Says(status, words="<p>not today</p>")
    async with (
        serving(port, STORED, refusal, refusal, STORED) as server,
        sending(tmp_path, port, attempts=1) as it,
    ):
        stuck = await it.until(
            "archive", lambda queue: queue.failing is not None and queue.counts.done == 1
        )
        assert (stuck.counts.waiting, stuck.counts.dead) == (1, 0)
        assert f"{status} <p>not today</p>" in stuck.error
        (entry,) = await entries(it, State.WAITING)
        assert (entry.attempts, entry.doubt) == (0, False)
        assert it.said("forward.held")
        await it.until("archive", lambda queue: queue.counts.done == 2)
        assert server.asked == [FIRST, SECOND, SECOND, SECOND]


@pytest.mark.parametrize("status", [403, 504])
async def test_one_object_holds_no_line_that_takes_others(tmp_path: Path, status: int) -> None:
    port = free_port()
    refusal = {FIRST: Says(status, words="not this one")}
    async with (
        serving(port, STORED, of=refusal) as server,
        sending(tmp_path, port, attempts=1) as it,
    ):
        await it.until("archive", one_dead_one_done)
        (entry,) = await entries(it, State.DEAD)
        assert (entry.uid, entry.doubt) == (FIRST, True)
        assert server.asked == [FIRST, FIRST, FIRST, SECOND, FIRST]


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_what_is_said_of_the_object_makes_a_dead_letter(tmp_path: Path, status: int) -> None:
    port = free_port()
    async with (
        serving(port, Says(status, words="too much"), STORED),
        sending(tmp_path, port) as it,
    ):
        await it.until("archive", lambda queue: queue.counts.done == 1)
        (entry,) = await entries(it, State.DEAD)
    assert f"{status} too much" in entry.error


@pytest.mark.parametrize("answer", [Says(LOST), Says(500, words="oops"), Says(200, words="<p>")])
async def test_an_answer_that_is_lost_counts_and_leaves_a_doubt(
    tmp_path: Path, answer: Says
) -> None:
    port = free_port()
    async with (
        serving(port, answer, answer, STORED),
        sending(tmp_path, port, attempts=2) as it,
    ):
        await it.until("archive", one_dead_one_done)
        (entry,) = await entries(it, State.DEAD)
        assert (entry.attempts, entry.doubt) == (2, True)


async def test_a_dead_letter_whose_answers_were_lost_may_be_there_when_it_is_retried(
    tmp_path: Path,
) -> None:
    port = free_port()
    duplicate = Says(409, {REASON: {"vr": "US", "Value": [0x0111]}})
    async with sending(tmp_path, port, attempts=1) as it:
        async with serving(port, Says(LOST), STORED):
            await it.until(
                "archive", lambda queue: (queue.counts.dead, queue.counts.done) == (1, 1)
            )
        async with serving(port, duplicate):
            (entry,) = await entries(it, State.DEAD)
            await it.outward.forwarding.retry(OWNER, "archive", [entry.seq])
            await it.until("archive", lambda queue: queue.counts.done == 2)
    assert "it had the object already" in str(it.said("forward.sent")[-1].value)


async def test_a_server_is_asked_again_when_it_wants_to_be_and_no_later_than_it_may(
    tmp_path: Path,
) -> None:
    port = free_port()
    far = Says(429, words="slow down", headers={"retry-after": "86400"})
    async with serving(port, far), sending(tmp_path, port, longest_pause=100) as it:
        stuck = await it.until("archive", lambda queue: queue.next_try is not None)
        assert stuck.failing is not None
        assert stuck.next_try == stuck.failing + 100_000_000


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "120"}, 120),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT",
                "date": "Wed, 21 Oct 2015 07:27:30 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT",
                "date": "Wed, 21 Oct 2015 07:28:30 GMT",
            },
            0,
        ),
    ],
)
def test_the_time_to_wait_is_read_in_both_forms(headers: dict[str, str], seconds: float) -> None:
    assert _retry_after(httpx.Headers(headers)) == seconds
