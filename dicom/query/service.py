"""The services of Query/Retrieve as data (PS3.4 C.4, C.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from dicom.dimse import Offer, Operation, Request, Response, Responses, Service, Status
from dicom.query.find import Finder, extended_find
from dicom.query.question import Model
from dicom.query.retrieve import Retriever
from dicom.storage.classes import storage_classes, transfer_syntaxes
from dicom.storage.index import Index

_ROOT = "1.2.840.10008.5.1.4.1.2"
FIND = MappingProxyType(
    {f"{_ROOT}.1.1": Model.PATIENT_ROOT, f"{_ROOT}.2.1": Model.STUDY_ROOT},
)
MOVE = MappingProxyType(
    {f"{_ROOT}.1.2": Model.PATIENT_ROOT, f"{_ROOT}.2.2": Model.STUDY_ROOT},
)
GET = MappingProxyType(
    {f"{_ROOT}.1.3": Model.PATIENT_ROOT, f"{_ROOT}.2.3": Model.STUDY_ROOT},
)
"""SOP classes, with the model of each."""


def query_services(finder: Finder, retriever: Retriever) -> Sequence[Service]:
    """Those of one title."""
    return (
        _service("find", FIND, Operation.C_FIND, finder.find, extended_find),
        _service("move", MOVE, Operation.C_MOVE, retriever.move, _extended_retrieve),
        _service("get", GET, Operation.C_GET, retriever.get, _extended_retrieve),
    )


def _service(
    name: str,
    classes: Mapping[str, Model],
    operation: Operation,
    answer: Callable[[Request, Model], Responses],
    extended: Callable[[bytes], bytes],
) -> Service:
    offers = tuple(Offer(uid, extended=extended) for uid in classes)

    def handle(request: Request) -> Responses:
        return answer(request, classes[request.context.abstract_syntax])

    return Service(name, offers, frozenset((operation,)), handle)


def carrier(index: Index) -> Service:
    """Takes no request: it lets the peer serve storage classes, for a C-GET's sub-operations.

    Where there is a choice, in the transfer syntax in which most objects of the class came. It has
    to stand before a service that stores these classes.
    """
    syntaxes = transfer_syntaxes()
    offers = tuple(
        Offer(uid, syntaxes, peer_serves=True, prefers=partial(index.most_held, uid))
        for uid in storage_classes()
    )

    async def nothing(_request: Request) -> Responses:
        yield Response(Status.UNRECOGNIZED_OPERATION)

    return Service("get-storage", offers, frozenset(), nothing)


def _extended_retrieve(asked: bytes) -> bytes:
    """Relational retrieval, if it is asked for; nothing else (PS3.4 C.5.2.1, C.5.3.1)."""
    return bytes(each == 1 and place == 0 for place, each in enumerate(asked))
