"""Associations that we open."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from dicom.dimse.association import Association, Parties
from dicom.dimse.errors import AssociationRejected
from dicom.dimse.opening import Opener
from dicom.dimse.service import NO_SERVICES, Services
from dicom.upper.limits import Limits
from dicom.upper.negotiate import Wanted, agree, propose
from dicom.upper.pdu import AssociateAc, AssociateRj, AssociateRq
from dicom.upper.sockets import tune
from dicom.upper.tls import TlsContext
from dicom.upper.wire import Wire
from gateway import DeviceUnavailable, ProtocolViolation

_REASONS = {
    (1, 1): "no reason given",
    (1, 2): "it does not know the application context",
    (1, 3): "it does not know our AE title",
    (1, 7): "it does not know the AE title that we called",
    (2, 2): "it does not speak this protocol version",
    (3, 1): "it is congested for now",
    (3, 2): "it has as many associations as it can",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A node that we call, and the AE titles of both sides.

    `server_name` is the name in its TLS certificate, if that isn't its host.
    """

    title: str
    host: str
    port: int
    calling: str
    tls: TlsContext | None = None
    server_name: str = ""

    def __str__(self) -> str:
        return f"{self.title} at {self.host}:{self.port}"


@asynccontextmanager
async def associate(
    peer: Peer,
    contexts: Sequence[Wanted],
    *,
    services: Services = NO_SERVICES,
    limits: Limits | None = None,
) -> AsyncIterator[Association]:
    """An association for the block; released at its end, aborted if the block raises.

    `services` answer what the peer asks of us on it (C-GET sub-operations, event reports).
    DeviceUnavailable if there is no way to the peer, AssociationRejected if it refuses.
    """
    bounds = limits or Limits()
    opener = Opener(bounds, requestor=True)
    wire = opener.wire
    await _connect(peer, wire, bounds)
    try:
        request = propose(peer.title, peer.calling, contexts, bounds.pdu_length)
        accepted = await _ask(peer, opener, request, bounds)
        association = Association(
            wire,
            Parties(peer.calling, peer.title, peer.host, peer.port),
            agree(request, accepted),
            bounds,
            peer_length=accepted.user.max_length,
            services=services,
            waits_for_ever=True,
            asker=Parties(peer.title, peer.calling, peer.host, peer.port),
        )
        wire.user = association
        async with _serving(association):
            yield association
            await association.release()
    except ProtocolViolation as error:
        wire.abort(str(error))
        raise DeviceUnavailable(f"{peer}: {error}") from error
    finally:
        await _leave(wire, bounds)


@asynccontextmanager
async def _serving(association: Association) -> AsyncIterator[None]:
    """Answer the peer's requests beside the block; an error in a service reaches its caller."""
    worker = asyncio.create_task(association.serve(), name=f"dicom-{association.parties}")
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait((worker,))
        if not worker.cancelled() and (error := worker.exception()) is not None:
            raise error


async def _connect(peer: Peer, wire: Wire, limits: Limits) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limits.connect):
            transport, _ = await loop.create_connection(
                lambda: wire,
                peer.host,
                peer.port,
                ssl=peer.tls.current() if peer.tls is not None else None,
                server_hostname=(peer.server_name or peer.host) if peer.tls is not None else None,
            )
    except TimeoutError:
        raise DeviceUnavailable(
            f"{peer}: no connection within {limits.connect:g} s: is it on and reachable?"
        ) from None
    except ssl.SSLError as error:
        raise DeviceUnavailable(f"{peer}: TLS: {error}: check certificates and names") from error
    except (OSError, UnicodeError) as error:  # a name that can't be one is no OSError
        words = getattr(error, "strerror", None) or error
        raise DeviceUnavailable(f"{peer}: {words}: check host, port and network") from error
    tune(transport.get_extra_info("socket"))


async def _ask(peer: Peer, opener: Opener, request: AssociateRq, limits: Limits) -> AssociateAc:
    try:
        async with asyncio.timeout(limits.answer):
            opener.wire.request(request)
            answer = await opener.answer
    except TimeoutError:
        opener.wire.abort("no answer to the association request")
        raise DeviceUnavailable(
            f"{peer}: no answer to the association request within {limits.answer:g} s"
        ) from None
    except ConnectionError as error:
        raise DeviceUnavailable(f"{peer}: no association: {error}") from error
    if isinstance(answer, AssociateRj):
        why = _REASONS.get((answer.source, answer.reason), f"reason {answer.reason}")
        raise AssociationRejected(f"{peer} refuses {peer.calling!r}: {why}", answer)
    return cast("AssociateAc", answer)


async def _leave(wire: Wire, limits: Limits) -> None:
    """Aborted if it was not released; the descriptor is free at the end."""
    if not wire.lost.is_set():
        wire.abort("the caller is done")
    try:
        async with asyncio.timeout(limits.artim):
            await wire.lost.wait()
    except TimeoutError:
        wire.close("the peer does not close")
        await wire.lost.wait()
