"""Which studies somebody sees who is limited to departments.

A study is of the departments of the peers that sent an object of it, by the AE title that they
called with; of none, it is everybody's. An object without a study is of its own sender.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from dicom.forward.entry import Entry
from dicom.options import PeerOptions
from dicom.storage.index import Conflict, Index
from dicom.storage.object import StoredObject
from dicom.storage.sight import Sight
from gateway.room import Principal, shared_with


def departments_of(peers: Iterable[PeerOptions]) -> Mapping[str, frozenset[str]]:
    """Whose the peers are, by AE title."""
    declared: defaultdict[str, set[str]] = defaultdict(set)
    for peer in peers:
        if peer.department:
            declared[peer.title].add(peer.department)
    return {title: frozenset(each) for title, each in declared.items()}


@dataclass(frozen=True, slots=True)
class SeenStudies:
    """The index as principals see it. Every method that is awaited may raise StoreError.

    `departments` are those that an AE title was declared to be of.
    """

    index: Index
    departments: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, index: Index, peers: Iterable[PeerOptions]) -> Self:
        return cls(index, departments_of(peers))

    def sight(self, who: Principal) -> Sight | None:
        """What of the index is seen; None for all of it."""
        if not who.departments or not self.departments:
            return None
        own = tuple(title for title in self.departments if self.sender(who, title))
        return Sight(own, tuple(title for title in self.departments if title not in own))

    def sender(self, who: Principal, title: str) -> bool:
        """Whether what a sender did is seen."""
        return shared_with(who, self.departments.get(title, frozenset()))

    async def studies(self, who: Principal, uids: Collection[str]) -> frozenset[str]:
        """Those of some studies that are seen."""
        sight = self.sight(who)
        return frozenset(uids) if sight is None else await self.index.seen(uids, sight)

    async def objects(self, who: Principal, found: Sequence[StoredObject]) -> list[StoredObject]:
        """Those of some objects that are seen."""
        studies = await self.studies(who, {each.attributes.study for each in found} - {""})
        return [each for each in found if self._object(who, each, studies)]

    async def conflicts(self, who: Principal, found: Sequence[Conflict]) -> list[Conflict]:
        """Those of some contradictions whose later object is seen."""
        seen = await self.objects(who, [each.stored for each in found])
        return [each for each in found if each.stored in seen]

    async def entries(self, who: Principal, found: Sequence[Entry]) -> list[Entry]:
        """Those of what is owed whose study is seen; one without a study by the unlimited alone."""
        studies = await self.studies(who, {each.study for each in found} - {""})
        every = self.sight(who) is None
        return [each for each in found if every or each.study in studies]

    def _object(self, who: Principal, stored: StoredObject, studies: frozenset[str]) -> bool:
        study = stored.attributes.study
        return study in studies if study else self.sender(who, stored.origin.calling)
