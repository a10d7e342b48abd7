"""The conformance statement says what the node is."""

from __future__ import annotations

from pathlib import Path

from dicom.conformance import as_json, document, statement_of
from dicom.dimse import Acceptor, LocalTitle, Services
from dicom.services import verification
from tests.dicom_conformance import PAGE, full_statement
from tests.dicom_objects import CT


async def test_the_committed_statement_is_that_of_the_code(tmp_path: Path) -> None:
    said = document(await full_statement(tmp_path))
    assert PAGE.read_text() == said, "write it anew: make documents"


async def test_every_offer_of_every_service_is_stated(tmp_path: Path) -> None:
    stated = await full_statement(tmp_path)
    (entity,) = stated.entities
    services = {each.service for each in entity.offers}
    assert {"verification", "storage", "find", "move", "get", "worklist", "ups"} <= services
    storage = next(each for each in entity.offers if each.service == "storage")
    assert CT in storage.sop_classes
    text = document(stated)
    assert all(uid in text for each in entity.offers for uid in each.sop_classes)
    assert all(uid in text for uid in storage.transfer_syntaxes)


def test_a_title_with_one_service_states_that_one_alone() -> None:
    local = LocalTitle("QUIET", Services((verification,)), (), 3)
    stated = statement_of(Acceptor({"QUIET": local}))
    (entity,) = stated.entities
    assert [(each.service, each.operations) for each in entity.offers] == [
        ("verification", ("C-ECHO",))
    ]
    said = as_json(stated)
    assert said["entities"] == [
        {
            "title": "QUIET",
            "associations": 3,
            "services": [
                {
                    "service": "verification",
                    "operations": ("C-ECHO",),
                    "sop_classes": ("1.2.840.10008.1.1",),
                    "transfer_syntaxes": ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2"),
                    "extended_negotiation": False,
                }
            ],
        }
    ]
