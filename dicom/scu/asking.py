"""What can be asked of the peers of devices.yaml, each on an association of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from pydicom.dataset import Dataset

from dicom.dimse import Limits, Peer, Service, Services, SubOperations, associate
from dicom.scu import find, retrieve, steps


class Asking:
    """Queries and retrievals. Every one may raise DeviceUnavailable, and PeerFailed.

    `peer` finds a peer by its name in devices.yaml (ConfigError if there is none); `storage` takes
    the objects of C-GET, which are events before the peer hears success.
    """

    def __init__(self, peer: Callable[[str], Peer], limits: Limits, storage: Service) -> None:
        self._peer, self._limits, self._storage = peer, limits, storage

    async def find(
        self, name: str, identifier: Dataset, sop_class: str = find.STUDY_ROOT
    ) -> AsyncGenerator[Dataset, None]:
        """Matches as they come; leaving early cancels the query."""
        contexts = [find.wanted(sop_class)]
        async with (
            associate(self._peer(name), contexts, limits=self._limits) as association,
            aclosing(find.find(association, identifier, sop_class)) as matches,
        ):
            async for match in matches:
                yield match

    async def worklist(self, name: str, identifier: Dataset) -> AsyncGenerator[Dataset, None]:
        """Scheduled procedure steps of a worklist (PS3.4 K)."""
        async with aclosing(self.find(name, identifier, find.WORKLIST)) as matches:
            async for match in matches:
                yield match

    async def move(
        self, name: str, identifier: Dataset, to: str = ""
    ) -> AsyncGenerator[SubOperations, None]:
        """Have a peer send objects to an AE title, to ours if none is said; counts as they grow."""
        peer = self._peer(name)
        limits = retrieve.patient(self._limits)
        async with (
            associate(peer, retrieve.moving(), limits=limits) as association,
            aclosing(retrieve.move(association, identifier, to or peer.calling)) as counts,
        ):
            async for each in counts:
                yield each

    async def get(self, name: str, identifier: Dataset) -> AsyncGenerator[SubOperations, None]:
        """Take objects from a peer on one association, and store them; counts as they grow."""
        services = Services((self._storage,))
        limits = retrieve.patient(self._limits)
        peer, contexts = self._peer(name), retrieve.getting()
        async with (
            associate(peer, contexts, services=services, limits=limits) as association,
            aclosing(retrieve.get(association, identifier)) as counts,
        ):
            async for each in counts:
                yield each

    async def create_step(self, name: str, uid: str, step: Dataset) -> None:
        """MPPS N-CREATE: a procedure step of ours begins."""
        async with associate(
            self._peer(name), [steps.wanted()], limits=self._limits
        ) as association:
            await steps.create(association, uid, step)

    async def update_step(self, name: str, uid: str, changes: Dataset) -> None:
        """MPPS N-SET: what changed in a procedure step of ours."""
        async with associate(
            self._peer(name), [steps.wanted()], limits=self._limits
        ) as association:
            await steps.update(association, uid, changes)
