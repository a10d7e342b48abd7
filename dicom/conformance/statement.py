"""What a node conforms to, read from its titles, services and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dicom.conformance.calls import CALLS, Call
from dicom.dimse import Limits, Service
from dicom.dimse.acceptor import Acceptor
from dicom.storage.charset import defined_terms
from dicom.upper.negotiate import IMPLEMENTATION, VERSION_NAME
from dicom.upper.tls import SUITES_1_2


@dataclass(frozen=True, slots=True)
class Offered:
    """SOP classes that one service takes in one way.

    `peer_serves`: the peer may take the SCP role, which sub-operations need. `extended`: SOP class
    extended negotiation is answered.
    """

    service: str
    operations: tuple[str, ...]
    sop_classes: tuple[str, ...]
    transfer_syntaxes: tuple[str, ...]
    peer_serves: bool
    extended: bool


@dataclass(frozen=True, slots=True)
class Entity:
    """One application entity: its title, and how many associations it takes at a time."""

    title: str
    associations: int
    offers: Sequence[Offered]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that is stated. `calls` is what the node asks of peers, whichever title it uses."""

    entities: Sequence[Entity]
    calls: Sequence[Call]
    limits: Limits
    associations: int
    per_address: int
    implementation: str
    version: str
    charsets: Sequence[str]
    suites: Sequence[str]


def statement_of(acceptor: Acceptor) -> Statement:
    """The statement of a node, by what its acceptor serves."""
    entities = [
        Entity(title, local.associations, tuple(_offers(local.services.all)))
        for title, local in acceptor.titles.items()
    ]
    capacity = acceptor.capacity
    return Statement(
        entities,
        CALLS,
        acceptor.limits,
        capacity.associations,
        capacity.per_address,
        IMPLEMENTATION,
        VERSION_NAME,
        defined_terms(),
        SUITES_1_2,
    )


def _offers(services: Iterable[Service]) -> Iterable[Offered]:
    for service in services:
        operations = tuple(sorted(each.name.replace("_", "-") for each in service.operations))
        alike: dict[tuple[tuple[str, ...], bool, bool], list[str]] = {}
        for offer in service.offers:
            way = (offer.transfer_syntaxes, offer.peer_serves, offer.extended is not None)
            alike.setdefault(way, []).append(offer.sop_class)
        for (syntaxes, peer_serves, extended), classes in alike.items():
            yield Offered(service.name, operations, tuple(classes), syntaxes, peer_serves, extended)


def as_json(statement: Statement) -> Mapping[str, object]:
    """The statement for programs."""
    limits = statement.limits
    return {
        "implementation_class_uid": statement.implementation,
        "implementation_version_name": statement.version,
        "associations": statement.associations,
        "associations_per_address": statement.per_address,
        "largest_pdu": limits.pdu_length,
        "entities": [
            {
                "title": entity.title,
                "associations": entity.associations,
                "services": [
                    {
                        "service": each.service,
                        "operations": each.operations,
                        "sop_classes": each.sop_classes,
                        "transfer_syntaxes": each.transfer_syntaxes,
                        "extended_negotiation": each.extended,
                    }
                    for each in entity.offers
                ],
            }
            for entity in statement.entities
        ],
        "calls": [
            {"service": each.service, "sop_classes": each.sop_classes, "when": each.when}
            for each in statement.calls
        ],
        "character_sets": statement.charsets,
        "tls_1_2_suites": statement.suites,
    }
