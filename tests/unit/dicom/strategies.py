"""Values of the upper layer and of DIMSE, as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from dicom.dimse.command import Command, Operation
from dicom.upper.items import ContextResult, Extended, Proposed, Result, Role, UserInformation
from dicom.upper.pdu import AssociateAc, AssociateRq

uids = st.lists(st.integers(0, 10**9), min_size=2, max_size=5).map(
    lambda parts: ".".join(map(str, parts))
)
titles = st.text(
    st.characters(codec="ascii", categories=["L", "N"], include_characters=" _-"),
    min_size=1,
    max_size=16,
).filter(lambda text: text == text.strip() and text)
_ids = st.integers(0, 127).map(lambda n: 2 * n + 1)
users = st.builds(
    UserInformation,
    max_length=st.integers(0, 2**32 - 1),
    implementation=uids,
    version_name=titles,
    window=st.none() | st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)),
    roles=st.lists(st.builds(Role, uids, scu=st.booleans(), scp=st.booleans()), max_size=3).map(
        tuple
    ),
    extended=st.lists(st.builds(Extended, uids, st.binary(max_size=6)), max_size=3).map(tuple),
)
requests = st.builds(
    AssociateRq,
    called=titles,
    calling=titles,
    contexts=st.lists(
        st.builds(Proposed, _ids, uids, st.lists(uids, min_size=1, max_size=4).map(tuple)),
        unique_by=lambda each: each.id,
        max_size=8,
    ).map(tuple),
    user=users,
)
accepts = st.builds(
    AssociateAc,
    called=titles,
    calling=titles,
    contexts=st.lists(
        st.builds(Result, _ids, st.sampled_from(ContextResult), uids),
        unique_by=lambda each: each.id,
        max_size=8,
    ).map(tuple),
    user=users,
)

_shorts = st.integers(0, 65_535)
_tags = st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    operation = draw(
        st.sampled_from([each for each in Operation if each is not Operation.C_CANCEL])
    )
    is_response = draw(st.booleans())
    return Command(
        operation,
        draw(_shorts),
        is_response=is_response,
        sop_class=draw(uids),
        sop_instance=draw(uids),
        has_dataset=draw(st.booleans()),
        status=draw(_shorts) if is_response else 0,
        comment=draw(titles),
        attributes=draw(_tags),
        offending=draw(_tags),
        event_type=draw(st.none() | _shorts),
        action_type=draw(st.none() | _shorts),
        remaining=draw(st.none() | _shorts),
        completed=draw(st.none() | _shorts),
        failed=draw(st.none() | _shorts),
        warning=draw(st.none() | _shorts),
        error_id=draw(st.none() | _shorts),
        move_destination=draw(titles),
        originator=draw(titles),
        originator_id=draw(st.none() | _shorts),
    )
