"""SNTP (RFC 5905, 14): one question and its answer. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from gateway.errors import ProtocolViolation

_PACKET = struct.Struct(">BBbbII4sQQQQ")
SIZE = _PACKET.size
_CLIENT, _SERVER = 3, 4
_VERSION = 4
_UNSYNCHRONIZED = 3
_LAST_STRATUM = 15
_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""
_FRACTION = 1 << 32
_ERA = 1 << 32
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the server's clock is before ours, and the way there and back, in seconds.

    The true offset lies within half of `delay` of `offset`.
    """

    offset: float
    delay: float
    stratum: int


def question(sent: int) -> bytes:
    """A request at our time `sent`, in microseconds since 1970."""
    first = _VERSION << 3 | _CLIENT
    return _PACKET.pack(first, 0, 0, 0, 0, 0, b"\0" * 4, 0, 0, 0, to_ntp(sent))


def answer(data: bytes, sent: int, received: int) -> Offset:
    """What an answer to the request of time `sent` says, received at our time `received`.

    ProtocolViolation: it is no answer to that request, or from a server that knows no time.
    """
    if len(data) < SIZE:
        raise ProtocolViolation(f"an answer of {len(data)} bytes is too short", data)
    first, stratum, _, _, _, _, reference, _, origin, came, left = _PACKET.unpack_from(data)
    if first & 7 != _SERVER or origin != to_ntp(sent):
        raise ProtocolViolation("it does not answer the request that was sent", data)
    if stratum == 0:
        kiss = reference.decode("ascii", "replace").rstrip("\0")
        raise ProtocolViolation(f"the server refuses ({kiss})", data)
    if first >> 6 == _UNSYNCHRONIZED or stratum > _LAST_STRATUM or not left:
        raise ProtocolViolation("the server's own clock is not synchronized", data)
    t1, t4 = sent, received
    t2, t3 = from_ntp(came, near=sent), from_ntp(left, near=sent)
    return Offset(((t2 - t1) + (t3 - t4)) / 2 / _MICROS, ((t4 - t1) - (t3 - t2)) / _MICROS, stratum)


def to_ntp(micros: int) -> int:
    """An instant in microseconds since 1970 as a 64-bit timestamp of its era."""
    seconds, rest = divmod(micros, _MICROS)
    return (seconds + _EPOCH) % _ERA * _FRACTION + rest * _FRACTION // _MICROS


def from_ntp(stamp: int, *, near: int) -> int:
    """Microseconds since 1970 of a timestamp, in the era that is nearest to an instant."""
    seconds, fraction = divmod(stamp, _FRACTION)
    era_start = (near // _MICROS + _EPOCH) // _ERA * _ERA
    candidates = (era_start + shift + seconds - _EPOCH for shift in (-_ERA, 0, _ERA))
    best = min(candidates, key=lambda each: abs(each * _MICROS - near))
    return best * _MICROS + round(fraction * _MICROS / _FRACTION)
