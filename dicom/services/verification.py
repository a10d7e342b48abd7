"""Verification: C-ECHO (PS3.4 Annex A)."""

from __future__ import annotations

from dicom.dimse import Command, Offer, Operation, Request, Response, Responses, Service

VERIFICATION = "1.2.840.10008.1.1"


_SUCCESS = Response()


async def _echo(_request: Request) -> Responses:
    yield _SUCCESS


def _at_once(_command: Command) -> Response:
    return _SUCCESS


verification = Service(
    name="verification",
    offers=(Offer(VERIFICATION),),
    operations=frozenset((Operation.C_ECHO,)),
    handle=_echo,
    at_once=_at_once,
)
