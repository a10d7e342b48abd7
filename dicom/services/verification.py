"""Verification: C-ECHO (PS3.4 Annex A)."""

from __future__ import annotations

from dicom.dimse import Offer, Operation, Request, Response, Responses, Service

VERIFICATION = "1.2.840.10008.1.1"


async def _echo(_request: Request) -> Responses:
    yield Response()


verification = Service(
    name="verification",
    offers=(Offer(VERIFICATION),),
    operations=frozenset((Operation.C_ECHO,)),
    handle=_echo,
)
