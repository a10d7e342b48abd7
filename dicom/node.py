"""The node as a whole: our titles with their services, the peers, the store of objects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path

from dicom.answering import Answering
from dicom.asker import Trail
from dicom.coercion.coercion import Coercion
from dicom.dimse import (
    Acceptor,
    Caller,
    Capacity,
    Limits,
    Listener,
    LocalTitle,
    Peer,
    Service,
    Services,
    TlsContext,
    TlsFiles,
    Wanted,
    accepting,
    associate,
)
from dicom.keeping import Keeping, open_keeping
from dicom.options import DicomOptions, ListenerTls, PeerOptions, PeerTls, TitleOptions
from dicom.query.find import Store
from dicom.query.retrieve import Retriever, destinations
from dicom.scu.commitment import Reports
from dicom.seen import SeenStudies
from dicom.services import VERIFICATION, verification
from dicom.storage.blobs import Blobs
from dicom.storage.index import Index
from dicom.storage.object import Origin
from dicom.storage.service import Private, Storage
from dicom.storage.space import Bounds, Space
from gateway import ConfigError
from gateway.room import RoomContext, Source

OBJECTS = "dicom"
"""Folder of the objects in the data directory."""
INDEX = Path("store") / "objects.sqlite"


@dataclass(frozen=True, slots=True)
class Node:
    """The open node. `peers` by their name in devices.yaml."""

    acceptor: Acceptor
    listeners: Sequence[Listener]
    peers: Mapping[str, Peer]
    storage: Storage
    blobs: Blobs
    index: Index
    seen: SeenStudies
    limits: Limits
    keeping: Keeping
    answering: Answering
    reports: Reports

    async def listen(self) -> None:
        """Answer calls until cancelled."""
        async with accepting(self.acceptor, self.listeners):
            await asyncio.get_running_loop().create_future()

    async def echo(self, name: str) -> float:
        """C-ECHO to a peer; seconds for association and answer. DeviceUnavailable if it fails."""
        begun = time.monotonic()
        async with associate(
            self.peer(name), [Wanted(VERIFICATION)], limits=self.limits
        ) as association:
            await association.echo()
        return time.monotonic() - begun

    async def sources(self, _scratch: Path) -> Sequence[Source]:
        """For a backup: nothing but what `named` gives; the index is built anew."""
        return ()

    @asynccontextmanager
    async def named(self) -> AsyncIterator[Sequence[Source]]:
        """For a backup: the files of all objects, which never change; none goes meanwhile."""
        data = self.blobs.folder.parent
        async with self.blobs.pins.through():
            yield [
                Source(str(file.relative_to(data)), 0, size, partial(_as_it_is, file))
                for file, size in await self.blobs.files()
            ]

    def peer(self, name: str) -> Peer:
        """A peer by its name; ConfigError if there is none."""
        found = self.peers.get(name)
        if found is None:
            known = ", ".join(self.peers) or "none"
            raise ConfigError(f"dicom: no peer {name!r} in devices.yaml; there are: {known}")
        return found


@asynccontextmanager
async def open_node(options: DicomOptions, context: RoomContext) -> AsyncIterator[Node]:
    """Open the store of objects and what serves it; nothing listens yet.

    ConfigError for TLS files that can't be used, StoreError if the disk can't.
    """
    async with AsyncExitStack() as stack:
        listeners = [
            Listener(each.host, each.port, _listening(each.tls)) for each in options.listeners
        ]
        blobs = stack.enter_context(Blobs.open(context.data / OBJECTS, context.ring))
        index = await stack.enter_async_context(Index.open(context.data / INDEX, context.ring))
        stored = (await index.totals()).bytes
        bounds = options.storage
        storage = Storage(
            site=context.site.id,
            clock=context.clock,
            ports=context.ports,
            blobs=blobs,
            space=Space(
                blobs.folder, Bounds(bounds.min_free, bounds.quota, bounds.largest), stored
            ),
            device_of=_device_of(options.peers),
            removed_after=index.removed_after,
            coercion=_coercion(options, context, index, blobs),
        )
        limits = options.limits
        first = next(iter(options.titles))
        peers = {name: _peer(each, first) for name, each in options.peers.items()}
        store = Store(index, context.ports, Trail(context.audit))
        retriever = Retriever(store, blobs, destinations(peers.values()), limits.limits())
        answering = await stack.enter_async_context(
            Answering.open(context, retriever, storage.device_of)
        )
        keeping = await stack.enter_async_context(
            open_keeping(options, context, peers, index, blobs)
        )
        reports = Reports()
        asked = (reports.service(),) if options.forward.commits else ()
        acceptor = Acceptor(
            {
                title: _local(
                    title, each, storage, answering=answering, keeping=keeping, asked=asked
                )
                for title, each in options.titles.items()
            },
            limits.limits(),
            Capacity(limits.associations, limits.per_address, limits.silent),
        )
        yield Node(
            acceptor,
            listeners,
            peers,
            storage,
            blobs,
            index,
            SeenStudies.of(index, options.peers.values()),
            limits.limits(),
            keeping,
            answering,
            reports,
        )


def _local(
    title: str,
    options: TitleOptions,
    storage: Storage,
    *,
    answering: Answering,
    keeping: Keeping,
    asked: Sequence[Service],
) -> LocalTitle:
    services: list[Service] = [*asked]
    if "verification" in options.services:
        services.append(verification)
    services += answering.services(options)
    if "storage" in options.services:
        services.append(storage.service(private_of(options), options.undeclared_charset))
    services += keeping.of_title(options)
    return LocalTitle(title, Services(services), _callers(options), options.associations)


def private_of(options: TitleOptions) -> Private:
    """Which private classes a title takes."""
    classes = options.private_classes
    return Private(all=classes == "all") if isinstance(classes, str) else Private(classes=classes)


def _callers(options: TitleOptions) -> tuple[Caller, ...]:
    if options.allow == "anyone":
        return (Caller(),)
    return tuple(
        Caller(each.title, None if each.address is None else ip_network(each.address, strict=False))
        for each in options.allow
    )


def _peer(options: PeerOptions, first: str) -> Peer:
    return Peer(
        options.title,
        options.host,
        options.port,
        options.calling or first,
        _calling(options.tls),
        options.tls.server_name if options.tls is not None else "",
    )


def _coercion(
    options: DicomOptions, context: RoomContext, index: Index, blobs: Blobs
) -> Coercion | None:
    """Where rules ask for it."""
    rules = [each.rule() for each in options.coerce]
    return Coercion(rules, index, blobs, context.clock, context.ports) if rules else None


def _listening(tls: ListenerTls | None) -> TlsContext | None:
    if tls is None:
        return None
    return TlsContext(TlsFiles(tls.certificate, tls.key, tls.ca), listens=True)


def _calling(tls: PeerTls | None) -> TlsContext | None:
    if tls is None:
        return None
    return TlsContext(TlsFiles(tls.certificate, tls.key, tls.ca), listens=False)


def _as_it_is(file: Path, _scratch: Path) -> Path:
    return file


class _Senders:
    """Names who sent an object: the peer of that title at that address, else the node itself."""

    def __init__(self, peers: Mapping[str, PeerOptions]) -> None:
        self._peers = peers

    def __call__(self, origin: Origin) -> str:
        for name, peer in self._peers.items():
            if peer.title == origin.calling and _may_be(peer.host, origin.address):
                return name
        return "dicom"


def _device_of(peers: Mapping[str, PeerOptions]) -> _Senders:
    return _Senders(peers)


def _may_be(host: str, address: str) -> bool:
    """Whether a host of the configuration can have this address; of a name only its title tells."""
    try:
        return ip_address(host) == ip_address(address)
    except ValueError:
        return True
