"""What a service is: offers, operations, and a coroutine that answers a request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from dicom.dimse.command import Command, Operation
from dicom.dimse.dataset import Dataset
from dicom.dimse.status import Status
from dicom.upper.negotiate import Context, Offer

if TYPE_CHECKING:
    from dicom.dimse.association import Association


@dataclass(frozen=True, slots=True)
class SubOperations:
    """Counts of a C-GET or C-MOVE (PS3.7 9.3.3.2); None is left out of the response."""

    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None


_NONE = SubOperations()


@dataclass(frozen=True, slots=True)
class Response:
    """One response, made by a service or received from a peer.

    `dataset` is encoded in the context's transfer syntax; None if there is none. `comment` is
    what the peer's log will show, at most 64 characters. `sop_instance` is for N-CREATE, where we
    may have chosen it; else the request's counts.
    """

    status: int = Status.SUCCESS
    dataset: bytes | None = None
    comment: str = ""
    sop_instance: str = ""
    sub_operations: SubOperations = _NONE
    event_type: int | None = None
    action_type: int | None = None
    offending: tuple[int, ...] = ()
    error_id: int | None = None


@dataclass(slots=True)
class Request:
    """What the peer asks, and where it asked."""

    association: Association
    context: Context
    command: Command
    dataset: Dataset
    cancelled: bool = field(default=False, init=False)
    """Set when the peer sent C-CANCEL; a service looks at it between its responses."""


Responses: TypeAlias = AsyncGenerator[Response, None]
"""Pending responses if any, then the final one, and nothing after it."""

Handle: TypeAlias = Callable[[Request], Responses]
"""Answers one request.

It runs in the association's task. It is cancelled when the association ends, at whatever it
awaits: what must be finished belongs to a task of the room. An error ends the association.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A service class as data.

    `otherwise` may offer SOP classes that are not listed (private). `at_once` answers a request
    that comes without a dataset while nothing else is done; it waits for nothing.
    """

    name: str
    offers: tuple[Offer, ...]
    operations: frozenset[Operation]
    handle: Handle
    otherwise: Callable[[str], Offer | None] = lambda _sop_class: None
    at_once: Callable[[Command], Response] | None = None


class Services:
    """The services of one application entity. ValueError if two claim one operation of a class."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = tuple(services)
        self._offers: dict[str, Offer] = {}
        self._handlers: dict[tuple[str, Operation], Service] = {}
        for service in self._services:
            for offer in service.offers:
                self._offers.setdefault(offer.sop_class, offer)
                for operation in service.operations:
                    key = (offer.sop_class, operation)
                    if key in self._handlers:
                        other = self._handlers[key].name
                        raise ValueError(f"{other} and {service.name} both claim {key}")
                    self._handlers[key] = service

    @property
    def all(self) -> tuple[Service, ...]:
        """In the order in which they were given."""
        return self._services

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self._services)

    def offer(self, sop_class: str) -> Offer | None:
        """What is offered for an abstract syntax."""
        found = self._offers.get(sop_class)
        if found is not None:
            return found
        offers = (each.otherwise(sop_class) for each in self._services)
        return next((each for each in offers if each is not None), None)

    def find(self, sop_class: str, operation: Operation) -> Service | None:
        """Who answers an operation in a context of this abstract syntax."""
        found = self._handlers.get((sop_class, operation))
        if found is not None or sop_class in self._offers:
            return found
        able = (each for each in self._services if operation in each.operations)
        return next((each for each in able if each.otherwise(sop_class) is not None), None)


NO_SERVICES = Services(())


def respond(request: Command, response: Response) -> Command:
    """The command of `response` to `request`."""
    counts = response.sub_operations
    return Command(
        operation=request.operation,
        message_id=request.message_id,
        is_response=True,
        sop_class=request.sop_class,
        sop_instance=response.sop_instance or request.sop_instance,
        has_dataset=response.dataset is not None,
        status=response.status,
        event_type=request.event_type if response.event_type is None else response.event_type,
        action_type=request.action_type if response.action_type is None else response.action_type,
        offending=response.offending,
        comment=response.comment,
        error_id=response.error_id,
        remaining=counts.remaining,
        completed=counts.completed,
        failed=counts.failed,
        warning=counts.warning,
    )


def received(command: Command, dataset: bytes | None) -> Response:
    """The response that a peer sent."""
    counts = SubOperations(command.remaining, command.completed, command.failed, command.warning)
    return Response(
        status=command.status,
        dataset=dataset,
        comment=command.comment,
        sop_instance=command.sop_instance,
        sub_operations=counts,
        event_type=command.event_type,
        action_type=command.action_type,
        offending=command.offending,
        error_id=command.error_id,
    )


def numbered(command: Command, message_id: int, *, has_dataset: bool) -> Command:
    """The request as it goes out."""
    return replace(command, message_id=message_id, has_dataset=has_dataset)
