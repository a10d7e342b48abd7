"""The second factor: time-based one-time codes (RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import io
from hmac import compare_digest

import pyotp
import segno

from gateway.model import Instant
from gateway.security.secret import digest, new_code, typed

_STEP = 30 * 1_000_000
_RECOVERY_CODES = 10
_RECOVERY_GROUPS = 3


def new_totp() -> str:
    """A secret of 160 bits in base 32, as authenticator apps take it."""
    return pyotp.random_base32(32)


def code_at(secret: str, instant: Instant) -> str:
    """The six digits of a moment."""
    return pyotp.TOTP(secret).at(instant // 1_000_000)


def accepted_step(secret: str, code: str, now: Instant, last: int) -> int | None:
    """The time step whose code this is: now's or a neighbour's, later than `last`; else None.

    A step is accepted once (RFC 6238 5.2), so a code that was looked on is of no use.
    """
    given = "".join(code.split())
    found = None
    for step in (now // _STEP - 1, now // _STEP, now // _STEP + 1):
        right = compare_digest(code_at(secret, Instant(step * _STEP)).encode(), given.encode())
        if right and step > last:
            found = step
    return found


def picture(secret: str, account: str, site: str) -> str:
    """A QR code for authenticator apps as SVG, whose quiet zone is white in every theme."""
    address = pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=f"Isogate {site}")
    drawn = io.BytesIO()
    segno.make(address, error="m").save(
        drawn, kind="svg", scale=5, light="#fff", xmldecl=False, svgclass="qr", lineclass=None
    )
    return drawn.getvalue().decode()


def new_recovery_codes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes to be written down, each good once; and what is kept of them."""
    codes = tuple(new_code(_RECOVERY_GROUPS) for _ in range(_RECOVERY_CODES))
    return codes, tuple(digest(code).hex() for code in codes)


def without(kept: tuple[str, ...], code: str) -> tuple[str, ...] | None:
    """What is kept after a recovery code was used; None if it is none of them."""
    used = digest(typed(code)).hex()
    return tuple(each for each in kept if each != used) if used in kept else None
