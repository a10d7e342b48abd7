"""What two people answer for is said by people: no token, and nobody who didn't sign in."""

from __future__ import annotations

from gateway.room import Principal
from gateway.web import Refusal


def in_person(who: Principal) -> None:
    """Refusal 403 for who is no person with an account."""
    if not who.is_person:
        raise Refusal(
            403,
            "Only in person",
            "People answer for this by their names, each with an account of their own.",
            "Sign in yourself; a token or the gateway's own user can't do it.",
        )
