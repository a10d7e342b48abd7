"""Machines and rooms as the site declares them, found by the words of those who book them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.model import Localized, ResourceKind, ResourceUse
from gateway.schedule.options import ResourceOptions, ResourceSort, ScheduleOptions

_FIRST = (
    ResourceKind.EQUIPMENT,
    ResourceKind.LOCATION,
    ResourceKind.SERVICE,
    ResourceKind.PERSON,
)


@dataclass(frozen=True, slots=True)
class Resource:
    """A declared machine, room or person."""

    id: str
    name: Localized
    kind: ResourceSort
    location: Localized
    ae_title: str
    modality: str
    department: str = ""


class Resources:
    """What can be booked; `minutes` is how long an appointment takes that doesn't say."""

    def __init__(self, options: ScheduleOptions) -> None:
        self.minutes = options.minutes
        self._known = {id_: _resource(id_, each) for id_, each in options.resources.items()}
        self._words: Mapping[str, str] = {
            word: id_ for id_, each in options.resources.items() for word in (id_, *each.known_as)
        }

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._known.values())

    def get(self, id_: str) -> Resource | None:
        return self._known.get(id_)

    def department(self, word: str) -> str:
        """Whose the resource is that a word means, in any book; empty for nobody's."""
        found = self.get(self._words.get(word, ""))
        return found.department if found is not None else ""

    def of(self, book: str, uses: Sequence[ResourceUse]) -> str:
        """The id of the resource that an appointment takes; empty where none is declared.

        Equipment goes before a place, a place before a service.
        """
        for kind in _FIRST:
            for use in uses:
                if use.kind is kind:
                    found = self._words.get(f"{book}|{use.id}") or self._words.get(use.id)
                    if found:
                        return found
        return ""


def _resource(id_: str, options: ResourceOptions) -> Resource:
    return Resource(
        id_,
        options.name,
        options.kind,
        options.location,
        options.ae_title,
        options.modality,
        options.department,
    )
