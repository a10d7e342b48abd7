"""Senders keep their answers, and say so where they get none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_ECHO

from simulators.rt import STATIC, Course, plan, store
from simulators.rt.asking import asking
from simulators.shift import at_work
from tests.peers import LOOPBACK

VERIFICATION = "1.2.840.10008.1.1"


@contextmanager
def acceptor(handle: Any) -> Iterator[int]:
    """A node that takes plans and echoes; its port."""
    entity = AE("NODE")
    entity.add_supported_context(VERIFICATION)
    entity.add_supported_context(str(plan(STATIC, Course()).SOPClassUID), ExplicitVRLittleEndian)
    server = entity.start_server(
        (LOOPBACK, 0), block=False, evt_handlers=[(evt.EVT_C_STORE, handle)]
    )
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def test_an_answer_is_left_for_whoever_waits_for_it() -> None:
    entity = AE("THEM")
    entity.add_requested_context(VERIFICATION)
    with acceptor(lambda _: 0) as port, asking(entity, LOOPBACK, port, "NODE") as association:
        answer = C_ECHO()
        association.dimse.msg_queue.put((1, answer))
        assert association.dimse.get_msg(block=False) == (None, None)
        assert association.dimse.get_msg(block=True) == (1, answer)
        assert association.send_c_echo().Status == 0


def test_an_association_that_breaks_off_is_no_status() -> None:
    def break_off(event: evt.Event) -> int:
        event.assoc.abort()
        return 0

    with acceptor(break_off) as port, pytest.raises(ConnectionError, match="gave no answer"):
        store([plan(STATIC, Course()), plan(STATIC, Course())], LOOPBACK, port, "NODE")


async def test_work_that_stops_is_said(caplog: pytest.LogCaptureFixture) -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            raise RuntimeError("no association")
        finally:
            stopped.set()

    with caplog.at_level(logging.ERROR):
        async with at_work(work(), "linac"):
            await stopped.wait()
            await asyncio.sleep(0)
    assert "The simulated linac stopped: no association" in caplog.text
