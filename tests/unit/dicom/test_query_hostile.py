"""Identifiers that nobody would send on purpose: an answer, never an accident."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from dicom.elements import Element, Elements, sequence, vr_of
from dicom.mpps.said import changed, created
from dicom.query.keys import KEYS, LEVEL, Level
from dicom.query.question import Agreed, Model, NotAnswered, question_of
from dicom.query.search import Search
from dicom.worklist.tags import SUPPORTED
from dicom.worklist.wish import answer_of, fits, wish_of

_TAGS = sorted({*KEYS, *SUPPORTED, 0x00080005, 0x00400252, 0x00400270, 0x00091010})
_values = st.binary(max_size=12) | st.sampled_from(
    [b"", b"*", b"20250101-", b"-", b"1.2\\1.3", b"ISO_IR 192", b"GB18030", b"=^=", b"[a-z]*?"]
)


def _elements(depth: int) -> st.SearchStrategy[Elements]:
    def element(tag: int) -> st.SearchStrategy[Element]:
        plain = st.builds(Element, st.sampled_from([vr_of(tag), "UN", "PN", "US"]), _values)
        if depth == 0:
            return plain
        return plain | st.lists(_elements(depth - 1), max_size=2).map(sequence)

    return st.sets(st.sampled_from(_TAGS), max_size=6).flatmap(
        lambda tags: st.fixed_dictionaries({tag: element(tag) for tag in tags})
    )


@given(
    _elements(1),
    st.sampled_from(Level),
    st.sampled_from(Model),
    st.builds(Agreed, st.booleans(), st.booleans()),
)
def test_a_query_is_understood_or_refused(
    elements: Elements, level: Level, model: Model, agreed: Agreed
) -> None:
    asked = {**elements, LEVEL: Element("CS", level.name.encode())}
    with suppress(NotAnswered):
        question = question_of(asked, model, agreed)
        Search(question)
        assert question.words is not None


@given(_elements(2))
def test_a_worklist_query_is_understood_or_refused(elements: Elements) -> None:
    with suppress(NotAnswered):
        wish = wish_of(elements)
        fits(wish, {})
        answer_of(wish, {}, "GB18030")
        assert isinstance(hash(wish.shape), int)


@given(_elements(2), _elements(2))
def test_a_performed_step_is_taken_or_refused(first: Elements, second: Elements) -> None:
    with suppress(NotAnswered):
        changed(second, created(first).tree)
    with suppress(NotAnswered):
        changed(second, {})
