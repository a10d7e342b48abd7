"""What is asked for in a storage commitment, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom.commitment.claim import Answer, BadClaim, Claim, Outcome, Reason, Reference, claim_of
from dicom.commitment.events import Asked, answer_of, answered, asked_of, requested
from dicom.content import element, tag, text, values
from gateway import Instant

CT = "1.2.840.10008.5.1.4.1.1.2"
REFERENCES = st.lists(
    st.integers(1, 10**6).map(lambda number: Reference(CT, f"1.2.{number}")),
    min_size=1,
    max_size=8,
    unique=True,
)


def content(transaction: str, *references: Reference) -> dict[str, Any]:
    items = [
        dict(
            (
                element("ReferencedSOPClassUID", each.sop_class),
                element("ReferencedSOPInstanceUID", each.uid),
            )
        )
        for each in references
    ]
    return dict((element("TransactionUID", transaction), element("ReferencedSOPSequence", *items)))


@given(REFERENCES)
def test_a_request_is_read_as_it_was_written(references: list[Reference]) -> None:
    assert claim_of(content("1.2.3", *references), 8) == Claim("1.2.3", references)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (content("", Reference(CT, "1.2")), 0x0115),
        (content("one", Reference(CT, "1.2")), 0x0115),
        (content("1.2.3"), 0x0115),
        (content("1.2.3", Reference(CT, "")), 0x0115),
        (content("1.2.3", Reference("", "1.2")), 0x0115),
        (content("1.2.3", Reference(CT, "1.2"), Reference("1.9", "1.2")), 0x0115),
        (content("1.2.3", *(Reference(CT, f"1.2.{n}") for n in range(3))), 0x0213),
    ],
)
def test_what_is_no_request_is_refused(asked: dict[str, Any], status: int) -> None:
    with pytest.raises(BadClaim) as refused:
        claim_of(asked, 2)
    assert refused.value.status == status


@given(REFERENCES, st.randoms(use_true_random=False))
def test_an_answer_names_every_object_once(references: list[Reference], chance: Any) -> None:
    reasons = {each: chance.choice([None, *Reason]) for each in references}
    committed = [each for each, reason in reasons.items() if reason is None]
    failed = [(each, reason) for each, reason in reasons.items() if reason is not None]
    answer = Answer("1.2.3", committed, failed)
    said = answer.content()
    kept = values(said, tag("ReferencedSOPSequence"))
    lost = values(said, tag("FailedSOPSequence"))
    named = [text(each, tag("ReferencedSOPInstanceUID")) for each in (*kept, *lost)]
    assert sorted(named) == sorted(each.uid for each in references)
    assert answer.outcome is (Outcome.FAILURES if failed else Outcome.SUCCESSFUL)
    assert [each[tag("FailureReason")]["Value"] for each in lost] == [[r] for _, r in failed]


@given(REFERENCES)
def test_events_say_what_was_asked_and_answered(references: list[Reference]) -> None:
    asked = Asked(Claim("1.2.3", references), "CT1", "ISOGATE", "ct1")
    answer = Answer("1.2.3", references[1:], [(references[0], Reason.NO_SUCH_OBJECT)])
    request = requested("site", asked, Instant(1))
    reply = answered("site", asked, answer, Instant(2))
    again = answered("site", asked, answer, Instant(3), b"again")
    assert asked_of(request.payload or {}) == asked
    assert answer_of(reply.payload or {}) == answer
    assert len({request.id, reply.id, again.id}) == 3
    assert reply.id == answered("site", asked, answer, Instant(9)).id


def test_a_repetition_is_told_from_another_request() -> None:
    one = Claim("1.2.3", [Reference(CT, "1.2"), Reference(CT, "1.3")])
    assert one.digest == Claim("1.2.3", list(one.references)).digest
    assert one.digest != Claim("1.2.3", [Reference(CT, "1.2")]).digest
