"""Answers calls: a task a connection, so that nobody waits for another one's handshake."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

from dicom.dimse.admission import LocalTitle, Refusal, admit
from dicom.dimse.association import Association, Parties
from dicom.dimse.opening import Opener
from dicom.upper.limits import Limits
from dicom.upper.machine import State
from dicom.upper.negotiate import answer
from dicom.upper.pdu import AssociateRq, RejectReason, rejection
from dicom.upper.sockets import tune
from dicom.upper.tls import TlsContext
from dicom.upper.wire import Wire
from gateway import ConfigError, ProtocolViolation

log = logging.getLogger(__name__)

_BACKLOG = 512
_BREATH = 0.1


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that peers call. Port 0 takes any free one."""

    host: str
    port: int
    tls: TlsContext | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """`associations` at a time in all, and from one address.

    `callers` are connections that have not asked for one yet: when there are too many, the one
    that has been silent longest is cut.
    """

    associations: int = 200
    per_address: int = 50
    callers: int = 256


@dataclass(slots=True)
class Acceptor:
    """Listens, admits, and runs the services of each association. See `accepting`."""

    titles: Mapping[str, LocalTitle]
    limits: Limits = field(default_factory=Limits)
    capacity: Capacity = field(default_factory=Capacity)
    ports: tuple[int, ...] = ()
    _open: dict[Association, None] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _addresses: Counter[str] = field(default_factory=Counter)
    _callers: dict[asyncio.Task[None], None] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: bool = False

    @property
    def associations(self) -> Sequence[Association]:
        """Those open now, oldest first."""
        return tuple(self._open)

    @property
    def callers(self) -> int:
        """Connections that have not asked for an association yet."""
        return len(self._callers)

    async def listen(
        self, sock: socket.socket, tls: TlsContext | None, group: asyncio.TaskGroup
    ) -> None:
        """Accept connections for ever; each gets a task in `group`."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(sock)
            except OSError as error:
                log.warning("dicom: no connection can be accepted for now: %s", error)
                await asyncio.sleep(_BREATH)
                continue
            self._make_room()
            name = f"dicom-{peer[0]}-{peer[1]}"
            task = group.create_task(self._answer(connection, peer[0], peer[1], tls), name=name)
            self._tasks.add(task)
            self._callers[task] = None
            task.add_done_callback(self._gone)

    def stop(self) -> None:
        """Abort every association."""
        self._stopping = True
        for task in tuple(self._tasks):
            task.cancel()

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._callers.pop(task, None)

    def _make_room(self) -> None:
        if len(self._callers) >= self.capacity.callers:
            oldest = next(iter(self._callers))
            log.warning("dicom: too many silent connections; %s is cut", oldest.get_name())
            oldest.cancel()
            del self._callers[oldest]

    async def _answer(
        self, sock: socket.socket, address: str, port: int, tls: TlsContext | None
    ) -> None:
        """One connection from its first byte to its last. Its errors are its own."""
        place = f"{address}:{port}"
        opener = Opener(self.limits, requestor=False)
        with closing(sock):
            try:
                await self._connect(opener.wire, sock, tls)
            except (OSError, ssl.SSLError) as error:
                log.info("dicom: %s: %s", place, error)
                return
            try:
                await self._converse(opener, address, port)
            except ConnectionError as error:
                log.info("dicom: %s: %s", place, error)
            except ProtocolViolation as error:
                log.warning("dicom: %s: %s", place, error)
                opener.wire.abort(str(error))
            except Exception:
                log.exception("dicom: %s: an error of ours ended this association", place)
            finally:
                await self._leave(opener.wire)

    async def _connect(self, wire: Wire, sock: socket.socket, tls: TlsContext | None) -> None:
        """Shake hands if it is TLS."""
        tune(sock)
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: wire,
            sock,
            ssl=tls.current() if tls is not None else None,
            ssl_handshake_timeout=self.limits.handshake if tls is not None else None,
        )

    async def _converse(self, opener: Opener, address: str, port: int) -> None:
        request = await opener.answer
        assert isinstance(request, AssociateRq)  # noqa: S101 - the state machine's promise
        association = self._associate(opener, request, address, port)
        if association is not None:
            await self._run(association)

    async def _leave(self, wire: Wire) -> None:
        """See to it that the peer knows, and wait until the connection is gone."""
        if wire.state not in (State.IDLE, State.AWAIT_CLOSE):
            wire.abort("the gateway stops" if self._stopping else "an error of ours")
        if self._stopping:
            wire.finish()
        try:
            await wire.lost.wait()
        finally:
            wire.close("")

    def _associate(
        self, opener: Opener, request: AssociateRq, address: str, port: int
    ) -> Association | None:
        """Admit and accept, or reject."""
        local = admit(request, address, self.titles, self._counts)
        if not isinstance(local, Refusal):
            local = self._congestion(address) or local
        if isinstance(local, Refusal):
            log.warning("dicom: %s:%s refused: %s", address, port, local.words)
            opener.wire.reject(rejection(local.reason), local.words)
            return None
        accepted, contexts = answer(request, local.services.offer, self.limits.pdu_length)
        opener.wire.accept(accepted)
        association = Association(
            opener.wire,
            Parties(request.calling, request.called, address, port),
            contexts,
            self.limits,
            peer_length=request.user.max_length,
            services=local.services,
        )
        opener.wire.user = association
        return association

    def _congestion(self, address: str) -> Refusal | None:
        everybody, theirs = len(self._open), self._addresses[address]
        if theirs >= self.capacity.per_address:
            return Refusal(RejectReason.CONGESTION, f"{theirs} associations from there are open")
        if everybody >= self.capacity.associations:
            return Refusal(RejectReason.CONGESTION, f"{everybody} associations are open")
        return None

    async def _run(self, association: Association) -> None:
        parties, task = association.parties, asyncio.current_task()
        assert task is not None  # noqa: S101 - this is a coroutine
        self._callers.pop(task, None)
        self._open[association] = None
        self._counts[parties.called] += 1
        self._addresses[parties.address] += 1
        try:
            await association.serve()
        finally:
            del self._open[association]
            self._counts[parties.called] -= 1
            self._addresses[parties.address] -= 1
            self._addresses += Counter()  # those at zero go
            self._callers[task] = None
            log.info("dicom: %s ended: %s", parties, association.reason)


@asynccontextmanager
async def accepting(acceptor: Acceptor, listeners: Sequence[Listener]) -> AsyncIterator[Acceptor]:
    """Answer calls on these ports for the block; at its end every association is aborted.

    ConfigError if a port can't be opened.
    """
    sockets = [_listen(each) for each in listeners]
    acceptor.ports = tuple(sock.getsockname()[1] for sock in sockets)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    acceptor.listen(sock, listener.tls, group),
                    name=f"dicom-port-{sock.getsockname()[1]}",
                )
                for sock, listener in zip(sockets, listeners, strict=True)
            ]
            try:
                yield acceptor
            finally:
                for task in tasks:
                    task.cancel()
                acceptor.stop()
    finally:
        for sock in sockets:
            sock.close()


def _listen(listener: Listener) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    try:
        sock = socket.create_server((listener.host, listener.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        place = f"{listener.host} port {listener.port}"
        raise ConfigError(f"dicom: {place} can't be listened on: {error}") from error
    sock.settimeout(0)
    return sock
