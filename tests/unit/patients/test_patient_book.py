"""Who is who: by number, after merges; nothing is overwritten, nobody is guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model import IdentifierType, Kind, Presence, Sex, Visit
from gateway.patients.heard import ACCEPT, DISMISS, LINK, REGISTER, SEPARATE
from gateway.patients.question import QuestionKind
from gateway.room import NOBODY, OWNER, Patient
from tests.unit.patients.people_case import Told, act, event, number, said


@pytest.fixture
def told() -> Told:
    return Told()


async def own(told: Told, value: str, issuer: str = "HIS") -> str:
    found = await told.book.resolve(value, issuer)
    return found.own.value if found else ""


async def kinds(told: Told) -> list[QuestionKind]:
    return [each.kind for each in await told.book.questions()]


async def patient(told: Told, value: str) -> Patient:
    found = await told.book.resolve(value, "HIS")
    assert found is not None
    return found


async def test_a_patient_is_found_by_every_number_with_its_issuer(told: Told) -> None:
    card = number("C1", "HIS", "card")
    await told.tell(event(1, said("1", "王^芳", "1972-02-29", "F", card)))
    assert [await own(told, value) for value in ("1", "C1")] == ["1", "1"]
    assert await own(told, "1", "LAB") == ""
    assert await own(told, "2") == ""


async def test_a_number_of_one_visit_identifies_nobody(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳", "", "", number("V1", "HIS", "visit"))))
    assert await own(told, "V1") == ""


async def test_what_is_not_said_changes_nothing(told: Told) -> None:
    await told.tell(
        event(1, said("1", "王^芳", "1972", "F")),
        event(2, said("1")),
        event(3, said("1", "", "1972-02-29")),
    )
    found = await patient(told, "1")
    assert (found.names[0].text, found.birth_date, found.sex) == ("王芳", "1972-02-29", Sex.FEMALE)
    assert await kinds(told) == []


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        (said("1", "王^方"), "name"),
        (said("1", "", "1973-02-28"), "birth-date"),
        (said("1", "", "", "M"), "sex"),
    ],
)
async def test_a_fact_is_never_overwritten_but_asked_about(
    told: Told, statement: object, field: str
) -> None:
    await told.tell(event(1, said("1", "王^芳", "1972-02-29", "F")), event(2, statement))  # type: ignore[arg-type]
    found = await patient(told, "1")
    assert (found.names[0].text, found.birth_date, found.sex) == ("王芳", "1972-02-29", "F")
    assert found.disputed == {field}
    (question,) = await told.book.questions()
    assert (question.kind, question.field, question.source) == ("conflict", field, "his")


async def test_the_same_name_written_otherwise_is_no_conflict(told: Told) -> None:
    await told.tell(
        event(1, said("1", "王芳")),
        event(2, said("1", "王^芳")),
        event(3, said("2", "WANG^Fang")),
        event(4, said("2", "wang fang")),
        event(5, said("3", "买买提·吐尔逊")),
        event(6, said("3", "买买提•吐尔逊")),
    )
    assert await kinds(told) == []
    assert (await patient(told, "1")).names[0].given == "芳"


async def test_a_source_that_takes_it_back_ends_the_question(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳")), event(2, said("1", "王^方")))
    assert await kinds(told) == ["conflict"]
    await told.tell(event(3, said("1", "王^芳")))
    assert await kinds(told) == []


async def test_another_source_s_word_is_not_taken_back_by_the_first(told: Told) -> None:
    await told.tell(
        event(1, said("1", "王^芳")),
        event(2, said("1", "王^方"), source="lis"),
        event(3, said("1", "王^芳")),
    )
    assert await kinds(told) == ["conflict"]


async def test_a_person_puts_the_new_fact_in_force(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳", "1972-02-29")), event(2, said("1", "王^方")))
    await told.tell(act(3, ACCEPT, said("1", "王^方")), event(4, said("1", "王^方", "1972-02-29")))
    assert (await patient(told, "1")).names[0].text == "王方"
    assert await kinds(told) == []


async def test_a_person_leaves_things_as_they_are_and_it_stays_so(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳")), event(2, said("1", "王^方")))
    (question,) = await told.book.questions()
    await told.tell(act(3, DISMISS, question=question.id.hex()), event(4, said("1", "王^方")))
    assert await kinds(told) == []
    assert (await patient(told, "1")).disputed == frozenset()
    answered = await told.book.question(question.id.hex())
    assert answered is not None
    assert answered[1] is not None
    assert (answered[1].actor, answered[1].reason) == ("person:wang", "because")
    await told.tell(event(5, said("1", "王^芬")))
    assert [each.said for each in await told.book.questions()] == ["王芬"]


async def test_a_merged_number_leads_to_who_stands_through_a_chain(told: Told) -> None:
    await told.tell(
        *(event(at, said(value, "王^芳")) for at, value in enumerate("123", 1)),
        event(4, said("2", verb="merged", others=["1"])),
        event(5, said("3", verb="merged", others=["2"])),
    )
    assert [await own(told, value) for value in "123"] == ["3", "3", "3"]
    found = await patient(told, "1")
    assert [each.value for each in found.identifiers] == ["3", "1", "2"]
    assert len(await told.book.find("王芳")) == 1


async def test_a_merge_may_come_before_anybody_was_registered(told: Told) -> None:
    await told.tell(event(5, said("2", "王^芳", verb="merged", others=["1"])))
    assert await own(told, "1") == "2"
    await told.tell(event(1, said("1", "王^芳")))
    assert await own(told, "1") == "2"


async def test_the_later_of_two_opposite_merges_holds(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=["1"])),
        event(2, said("1", verb="merged", others=["2"])),
    )
    assert [await own(told, value) for value in "12"] == ["1", "1"]


async def test_a_record_is_not_merged_twice_into_different_people(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=["1"])),
        event(2, said("3", "李^娜", verb="merged", others=["1"])),
    )
    assert await own(told, "1") == "2"
    assert await kinds(told) == ["merge-refused"]


async def test_a_merge_of_different_people_is_done_and_asked_about(told: Told) -> None:
    await told.tell(
        event(1, said("1", "王^芳", "1972-02-29")),
        event(2, said("2", "王^芳", "1980-01-01")),
        event(3, said("2", verb="merged", others=["1"])),
    )
    found = await patient(told, "1")
    assert (found.own.value, found.birth_date) == ("2", "1980-01-01")
    assert found.disputed == {"birth-date"}
    assert await kinds(told) == ["merged-different"]


async def test_a_merge_across_issuers_is_for_a_person(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳")), event(2, said("9", "王^芳", issuer="LAB")))
    await told.tell(event(3, said("9", issuer="LAB", verb="merged", others=[number("1")])))
    assert await own(told, "1") == "1"
    assert await kinds(told) == ["merge-refused"]
    await told.tell(act(4, LINK, said("1", others=[number("9", "LAB")])))
    assert await own(told, "9", "LAB") == "1"
    assert await kinds(told) == []


async def test_a_system_can_only_ask_for_a_link(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳")), event(2, said("2", "王^芳")))
    await told.tell(event(3, said("1", verb="linked", others=["2"])))
    assert (await own(told, "2"), await kinds(told)) == ("2", ["link-asked"])
    await told.tell(act(4, LINK, said("1", others=["2"])))
    assert (await own(told, "2"), await kinds(told)) == ("1", [])
    await told.tell(event(5, said("1", verb="unlinked", others=["2"])))
    assert (await own(told, "2"), await kinds(told)) == ("1", ["unlink-asked"])
    await told.tell(act(6, SEPARATE, said("2")))
    assert (await own(told, "2"), await kinds(told)) == ("2", [])


async def test_a_merge_that_a_person_undid_does_not_come_back_by_itself(told: Told) -> None:
    await told.tell(
        event(1, said("1", "王^芳")),
        event(2, said("2", "王^芳", verb="merged", others=["1"])),
        act(3, SEPARATE, said("1")),
        event(4, said("2", "王^芳", verb="merged", others=["1"])),
    )
    assert await own(told, "1") == "1"
    assert await kinds(told) == ["merge-refused"]


async def test_what_a_person_took_apart_is_not_joined_the_other_way_round(told: Told) -> None:
    await told.tell(
        *(event(at, said(value, "王^芳")) for at, value in enumerate("12", 1)),
        event(3, said("1", verb="merged", others=["2"])),
        act(4, SEPARATE, said("2")),
        event(5, said("2", verb="merged", others=["1"])),
    )
    assert [await own(told, value) for value in "12"] == ["1", "2"]
    assert await kinds(told) == ["merge-refused"]
    await told.tell(act(6, LINK, said("1", others=["2"])))
    assert ([await own(told, value) for value in "12"], await kinds(told)) == (["1", "1"], [])
    await told.tell(event(7, said("2", verb="merged", others=["1"])))
    assert [await own(told, value) for value in "12"] == ["2", "2"]


@pytest.mark.parametrize(
    ("merges", "stand"),
    [
        ((("3", "1"), ("3", "2")), "323"),
        ((("3", "1"), ("2", "3")), "323"),
        ((("3", "2"), ("1", "3")), "133"),
        ((("3", "2"), ("4", "1"), ("4", "3")), "4334"),
    ],
)
async def test_what_a_person_took_apart_is_not_joined_through_others(
    told: Told, merges: tuple[tuple[str, str], ...], stand: str
) -> None:
    await told.tell(*(event(at, said(value, "王^芳")) for at, value in enumerate("1234", 1)))
    await told.tell(
        event(5, said("1", verb="merged", others=["2"])),
        act(6, SEPARATE, said("2")),
        *(event(at, said(to, verb="merged", others=[of])) for at, (to, of) in enumerate(merges, 7)),
    )
    assert "".join([await own(told, value) for value in "1234"[: len(stand)]]) == stand
    assert await kinds(told) == ["merge-refused"]


async def test_a_record_out_of_a_chain_is_apart_from_all_of_it(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=["1"])),
        event(2, said("3", verb="merged", others=["2"])),
        act(3, SEPARATE, said("1")),
        act(4, SEPARATE, said("2")),
        event(5, said("2", verb="merged", others=["1"])),
    )
    assert [await own(told, value) for value in "23"] == ["2", "3"]
    assert await own(told, "1") == ""
    assert await kinds(told) == ["merge-refused"]


async def test_what_was_taken_out_of_one_may_be_merged_into_another(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=["1"])),
        act(2, SEPARATE, said("1")),
        event(3, said("3", verb="merged", others=["1"])),
    )
    assert (await own(told, "1"), await kinds(told)) == ("3", [])


@pytest.mark.parametrize("others", [["2"], []])
async def test_an_older_merge_that_comes_late_joins_nobody_again(
    told: Told, others: list[str]
) -> None:
    """The person saw 1 as part of 2; what came late turns that, or says it was part of 3."""
    await told.tell(event(1, said("1", "王^芳")))
    await told.tell(event(3, said("2", "王^芳", verb="merged", others=["1"])))
    await told.tell(act(5, SEPARATE, said("1", verb="unlinked", others=others)))
    await told.tell(event(4, said("1", verb="merged", others=["2"])))
    assert [await own(told, value) for value in "12"] == ["1", "2"]
    await told.tell(event(2, said("3", verb="merged", others=["1"])))
    await told.tell(event(6, said("2", verb="merged", others=["1"])))
    assert [await own(told, value) for value in "123"] == ["1", "2", "3"]
    assert await kinds(told) == ["merge-refused"]


async def test_a_link_that_was_undone_joins_nobody_who_comes_late(told: Told) -> None:
    await told.tell(*(event(at, said(value, "王^芳")) for at, value in enumerate("123", 1)))
    await told.tell(act(6, LINK, said("2", others=["1"])), act(7, SEPARATE, said("1")))
    await told.tell(event(5, said("3", verb="merged", others=["1"])))
    assert [await own(told, value) for value in "123"] == ["1", "2", "3"]


async def test_a_separation_answers_nothing_about_somebody_else(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=["1"])),
        event(2, said("1", verb="linked", others=["3"])),
        event(3, said("2", verb="unlinked", others=["1"])),
    )
    assert await kinds(told) == ["unlink-asked", "link-asked"]
    await told.tell(act(4, SEPARATE, said("1")))
    assert await kinds(told) == ["link-asked"]


async def test_a_decision_comes_after_all_it_was_made_on(told: Told) -> None:
    """The system's clock runs four minutes ahead of ours."""
    merge = event(10, said("2", "王^芳", verb="merged", others=["1"]))
    await told.tell(event(1, said("1", "王^芳")), merge)
    await told.tell(act(6, SEPARATE, said("1"), after=merge.observed_at))
    assert await own(told, "1") == "1"


async def test_a_number_of_two_people_identifies_neither_until_a_person_decides(
    told: Told,
) -> None:
    citizen = number("310101197202290020", "CN", "national")
    await told.tell(
        event(1, said("1", "王^芳", "", "", citizen)), event(2, said("2", "王^芳", "", "", citizen))
    )
    assert await own(told, citizen.value, "CN") == ""
    (question,) = await told.book.questions()
    assert question.kind is QuestionKind.SHARED
    assert [each.value for each in question.records] == ["1", "2"]
    assert (await patient(told, "1")).disputed == {"identity"}
    await told.tell(act(3, LINK, said("2", others=["1"])))
    assert await own(told, citizen.value, "CN") == "2"
    assert await kinds(told) == []


async def test_a_third_with_the_same_number_is_a_new_question(told: Told) -> None:
    card = number("C1", "HIS", "card")
    await told.tell(*(event(at, said(str(at), "", "", "", card)) for at in (1, 2)))
    (question,) = await told.book.questions()
    await told.tell(act(3, DISMISS, question=question.id.hex()))
    assert await kinds(told) == []
    await told.tell(event(4, said("4", "", "", "", card)))
    assert await kinds(told) == ["shared"]


async def test_an_own_number_goes_before_somebody_s_claim_to_it(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳")), event(2, said("2", "李^娜", "", "", number("1"))))
    assert await own(told, "1") == "1"
    assert await kinds(told) == ["shared"]


async def test_an_appointment_makes_no_patient_but_can_contradict_one(told: Told) -> None:
    await told.tell(event(1, said("1", "王^芳", "1972-02-29"), kind=Kind.APPOINTMENT))
    assert await own(told, "1") == ""
    await told.tell(event(2, said("1", "王^芳", "1972-02-28")))
    (question,) = await told.book.questions()
    assert (question.field, question.in_force, question.said) == (
        "birth-date",
        "1972-02-28",
        "1972-02-29",
    )


async def test_the_last_word_on_a_visit_counts_by_its_time(told: Told) -> None:
    ward = Visit("I", "放疗科", "12", "03", "Z1", Presence.IN)
    await told.tell(
        event(2, said("1", visit=ward)),
        event(3, said("1", visit=Visit(number="Z1", presence=Presence.LEFT))),
        event(1, said("1", visit=Visit("O", "门诊", presence=Presence.IN))),
    )
    assert (await patient(told, "1")).visit == Visit("I", "放疗科", "", "", "Z1", Presence.LEFT)


WARD = Visit("I", "放疗科", "12", "03", "Z2", Presence.IN)
CALL = Visit("O", "门诊", number="C1", presence=Presence.IN)


def ended(number: str, presence: Presence = Presence.LEFT) -> Visit:
    return Visit(number=number, presence=presence)


@pytest.mark.parametrize(
    ("words", "now"),
    [
        ([WARD, ended("Z1")], WARD),
        ([WARD, ended("Z1", Presence.CANCELLED)], WARD),
        ([CALL, WARD, ended("C1")], WARD),
        ([CALL, WARD, ended("C1"), Visit("O", "门诊二", number="C1")], WARD),
        ([CALL, WARD, ended("C1"), Visit(bed="05")], replace(WARD, bed="05")),
        ([CALL, WARD, ended("Z2", Presence.CANCELLED)], CALL),
        ([CALL, WARD, ended("Z2")], replace(WARD, room="", bed="", presence=Presence.LEFT)),
        ([WARD, CALL, Visit(number="Z2", bed="05")], replace(WARD, bed="05")),
        ([WARD, ended("Z3", Presence.EXPECTED)], WARD),
        ([WARD, ended("Z2"), ended("Z3", Presence.EXPECTED)], ended("Z3", Presence.EXPECTED)),
        ([Visit("I", "外科", presence=Presence.IN), ended("Z1")], ended("Z1")),
        ([ended("Z1"), WARD], WARD),
        ([ended("Z1"), ended("Z0")], ended("Z0")),
        ([ended(""), ended("Z1", Presence.CANCELLED)], ended("Z1", Presence.CANCELLED)),
        ([ended(""), ended(""), ended("Z1", Presence.CANCELLED)], ended("Z1", Presence.CANCELLED)),
    ],
)
async def test_the_end_of_another_visit_leaves_the_present_one(
    told: Told, words: list[Visit], now: Visit
) -> None:
    await told.tell(*(event(at, said("1", visit=visit)) for at, visit in enumerate(words, 1)))
    assert (await patient(told, "1")).visit == now


async def test_a_visit_ends_by_whichever_record_it_moved_to(told: Told) -> None:
    await told.tell(
        event(1, said("1", visit=WARD)),
        event(2, said("2", verb="merged", others=["1"])),
        event(3, said("2", visit=ended("Z1"))),
    )
    assert (await patient(told, "2")).visit == WARD
    await told.tell(event(4, said("2", visit=ended("Z2"))))
    assert (await patient(told, "1")).visit == Visit("I", "放疗科", "", "", "Z2", Presence.LEFT)


async def test_a_number_of_another_keeper_s_visit_is_another_visit(told: Told) -> None:
    await told.tell(event(1, said("1", visit=WARD)), event(2, said("9", issuer="LAB")))
    await told.tell(act(3, LINK, said("1", others=[number("9", "LAB")])))
    await told.tell(event(4, said("9", issuer="LAB", visit=ended("Z2"))))
    assert (await patient(told, "1")).visit == WARD
    await told.tell(event(5, said("9", issuer="LAB", visit=Visit("O", "检验科"))))
    assert (await patient(told, "1")).visit == Visit("O", "检验科")


async def test_death_is_known_and_can_be_taken_back(told: Told) -> None:
    await told.tell(event(1, said("1", deceased=True)))
    assert (await patient(told, "1")).deceased
    await told.tell(event(2, said("1", deceased=False)))
    assert not (await patient(told, "1")).deceased


async def test_a_patient_registered_by_hand_is_a_patient(told: Told) -> None:
    await told.tell(act(1, REGISTER, said("H1", "李^娜", "1990-05-05", issuer="RT")))
    assert await own(told, "H1", "RT") == "H1"
    (entry,) = await told.book.history((await told.book.find("H1"))[0].id)
    assert (entry.actor, entry.reason) == ("person:wang", "because")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("王", ["1", "3"]),
        ("王芳", ["1"]),
        ("芳", ["1"]),
        ("wang", ["2"]),
        ("FANG", ["2"]),
        ("C-1", ["1"]),
        ("1972-02-29", ["1", "2"]),
        ("19720229 王", ["1"]),
        ("王 19800101", ["3"]),
        ("欧", []),
        ("", ["3", "2", "1"]),
        ("99999999", []),
    ],
)
async def test_people_are_found_as_they_were_sent(told: Told, text: str, found: list[str]) -> None:
    await told.tell(
        event(1, said("1", "王^芳", "1972-02-29", "F", number("C-1", "HIS", "card"))),
        event(2, said("2", "WANG^FANG", "1972-02-29")),
        event(3, said("3", "王^建国", "1980-01-01")),
    )
    assert sorted(each.own.value for each in await told.book.find(text)) == sorted(found)


async def test_a_sort_that_is_said_later_is_known(told: Told) -> None:
    await told.tell(
        event(1, said("2", verb="merged", others=[number("1", sort="other")])),
        event(2, said("1")),
    )
    assert (await patient(told, "1")).identifiers[1].type is IdentifierType.MRN


async def test_a_statement_that_can_t_be_read_waits_for_a_person(told: Told) -> None:
    broken = event(1, said("1"))
    broken.payload["identifiers"][0].pop("value")  # type: ignore[index]
    nobody = event(2, said("1", issuer=""))
    await told.tell(broken, nobody, event(3, said("2")))
    assert await kinds(told) == ["unreadable", "unreadable"]
    assert await own(told, "2") == "2"


async def test_whoever_may_not_read_patients_sees_masks(told: Told) -> None:
    names = said("1", "王^建国").names
    assert told.book.shown_name(names, OWNER, "zh-CN") == "王建国"
    assert told.book.shown_name(names, NOBODY, "zh-CN") == "王*国"
    assert told.book.shown_name((), NOBODY, "zh-CN") == ""
    assert told.book.shown_number(number("00012345"), NOBODY) == "***2345"
    assert told.book.shown_number(number("00012345"), OWNER) == "00012345"


@pytest.mark.parametrize("id_", ["", "zz", "00", "abcd" * 8])
async def test_an_id_that_leads_nowhere_finds_nobody(told: Told, id_: str) -> None:
    assert await told.book.patient(id_) is None
    assert await told.book.question(id_) is None
    assert not await told.book.history(id_)
