"""Who may open an association with which of our AE titles. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TypeAlias

from dicom.dimse.service import Services
from dicom.upper.items import APPLICATION_CONTEXT
from dicom.upper.pdu import AssociateRq, RejectReason

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Caller:
    """Who may call: an AE title, from a network; None stands for any."""

    title: str | None = None
    network: Network | None = None

    def admits(self, title: str, address: str) -> bool:
        if self.title is not None and self.title != title:
            return False
        return self.network is None or _plain(address) in self.network


@dataclass(frozen=True, slots=True)
class LocalTitle:
    """One of our application entities: its services, its callers, its places."""

    title: str
    services: Services
    callers: tuple[Caller, ...]
    associations: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an association is refused: for the peer, and in words for the log."""

    reason: RejectReason
    words: str


def admit(
    request: AssociateRq,
    address: str,
    titles: Mapping[str, LocalTitle],
    open_now: Mapping[str, int],
) -> LocalTitle | Refusal:
    """The entity that is called, or why not. `open_now` counts associations by called title."""
    if not request.version & 1:
        return Refusal(RejectReason.PROTOCOL_VERSION, f"protocol version {request.version:#06x}")
    if request.application_context != APPLICATION_CONTEXT:
        context = request.application_context
        return Refusal(RejectReason.APPLICATION_CONTEXT, f"application context {context!r}")
    local = titles.get(request.called)
    if local is None:
        return Refusal(RejectReason.CALLED_TITLE, f"no AE title {request.called!r} here")
    stranger = _stranger(request.calling, address, local)
    if stranger:
        return Refusal(RejectReason.CALLING_TITLE, stranger)
    if open_now.get(local.title, 0) >= local.associations:
        words = f"{local.title} has {local.associations} associations open already"
        return Refusal(RejectReason.LOCAL_LIMIT, words)
    return local


def _stranger(calling: str, address: str, local: LocalTitle) -> str:
    """Why the caller may not call, or ''."""
    if not (calling.isascii() and calling.isprintable()):
        return f"{calling!r} from {address} is no AE title"
    if not any(each.admits(calling, address) for each in local.callers):
        return f"{calling!r} from {address} may not call {local.title}"
    return ""


def _plain(address: str) -> object:
    """An IPv4 address that came in by an IPv6 socket is an IPv4 address."""
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed
