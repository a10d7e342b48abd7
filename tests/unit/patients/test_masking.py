"""Nobody is named who need not be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Identifier, IdentifierType, PersonName, Script, script_of
from gateway.patients.masking import (
    Sight,
    initials,
    masked,
    masked_number,
    name_for,
    shown,
    surname,
)


def named(text: str) -> PersonName:
    family, _, given = text.partition("^")
    return PersonName(script_of(text), family, given)


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("张三", "张*"),
        ("张^三", "张*"),
        ("张三丰", "张*丰"),
        ("张^三丰", "张*丰"),
        ("王建国强", "王*强"),
        ("欧阳修", "欧阳*"),
        ("欧阳^修文", "欧阳*文"),
        ("欧阳修文", "欧阳*文"),
        ("司马相如", "司马*如"),
        ("淳于意", "淳于*"),
        ("聞人傑", "聞人*"),
        ("葉赫那拉^婉貞", "葉赫那拉*貞"),
        ("爱新觉罗溥仪", "爱新觉罗*仪"),
        ("张王^晓明", "张*明"),
        ("買買提·吐爾遜", "買*·吐*"),
        ("阿卜杜拉·买买提", "阿*·买*"),
        ("阿卜杜拉^·买买提", "阿*·买*"),
        ("古丽•热合曼", "古*·热*"),
        ("王 建 国", "王*国"),
        ("王建国(大)", "王*国"),
        ("李娜（急）", "李*"),
        ("王", "*"),
        ("", ""),
        ("SMITH^JOHN", "J. S."),
        ("John Smith", "J. S."),
        ("O'NEILL^MARY ANN", "M. A. O."),
        ("Madonna", "M."),
        ("𠮷田^太郎", "𠮷*郎"),
        ("やまだ^たろう", "た. や."),
        ("김철수", "김."),
        ("김^구", "김."),
        ("SMITH^J", "S."),
        ("Q", "*"),
        ("^J", "*"),
        ("^J K", "*"),
        ("李明^李明", "李*"),
        ("李明^明", "李*"),
        ("李^李明", "李*"),
        ("李明华^明华", "李*华"),
        ("李明华^李明华", "李*"),
        ("欧阳修^修", "欧阳*"),
        ("欧阳^欧阳修文", "欧阳*"),
        ("李^李", "*"),
        ("^李明", "李*"),
        ("李明^", "李*"),
        ("李明^华", "李*"),
        ("哥^舒翰", "哥*翰"),
        ("纥石^烈", "纥*"),
        ("李^娜娜", "李*"),
        ("李娜娜", "李*"),
        ("司马^司马", "司*"),
        ("张张", "*"),
        ("Zhang^三", "*"),
        ("张^San", "*"),
        ("张三VIP", "*"),
        ("张三/李四", "*"),
        ("13800138000 张", "*"),
        ("山田^たろう", "*"),
        ("Ali·买买提", "*"),
        ("阿·买买提", "*·买*"),
        ("王·", "*"),
    ],
)
def test_a_name_is_masked_as_its_kind_is_written(name: str, mask: str) -> None:
    assert masked(named(name)) == mask


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("王", "*"),
        ("李明^李明", "李*"),
        ("欧阳修^修", "欧*"),
        ("Zhang^三", "*"),
        ("阿卜杜拉·买买提", "阿*"),
        ("阿·买买提", "*"),
        ("张张", "*"),
        ("", ""),
    ],
)
def test_initials_show_no_more_than_a_mask(name: str, text: str) -> None:
    assert initials(named(name)) == text


@given(
    surname=st.sampled_from(("李", "王", "欧阳", "司马", "爱新觉罗")),
    own=st.text("明华李娜国", min_size=1, max_size=3),
    form=st.sampled_from(
        ("{0}^{1}", "{0}{1}", "{0}{1}^", "^{0}{1}", "{0}{1}^{1}", "{0}{1}^{0}{1}")
    ),
)
def test_a_mask_shows_the_surname_and_less_than_two_thirds_of_the_given_name(
    surname: str, own: str, form: str
) -> None:
    """Wherever a system put the name, and whatever it wrote twice."""
    name = named(form.format(surname, own))
    for mask in (masked(name), initials(name)):
        before, star, after = mask.partition("*")
        assert star
        assert surname.startswith(before)
        assert after in {"", own[-1]}
        assert 3 * sum(each in mask for each in own) < 2 * len(own)


HAN = st.text("明华李娜欧阳司马·々〇", max_size=4)


@given(family=HAN, own=HAN)
def test_a_mask_hides_something_of_each_part_of_a_name(family: str, own: str) -> None:
    name = PersonName(Script.IDEOGRAPHIC, family, own)
    whole = name.text.replace("·", "")
    for mask in (masked(name), initials(name)):
        assert not whole or len(re.sub(r"[·*]", "", mask)) < len(whole)
        if whole and whole == name.text:
            assert set(whole) - set(mask)
            assert not own or 3 * sum(each in mask for each in own) < 2 * len(own)


@given(
    family=st.text("李Zé·たー 1", max_size=4),
    own=st.text("明Zé·たー 1", max_size=4),
    script=st.sampled_from(Script),
)
def test_a_name_in_mixed_scripts_shows_nothing(family: str, own: str, script: Script) -> None:
    name = PersonName(script, family, own)
    kinds = {script_of(each) for each in family + own if each not in "· "}
    mixed = Script.IDEOGRAPHIC in kinds and len(kinds) > 1
    for mask in (masked(name), initials(name)):
        assert not mixed or mask == "*"
        assert not name.text.strip() or name.text not in mask


@pytest.mark.parametrize("name", ["张三丰", "欧阳^修文", "阿卜杜拉·买买提", "SMITH^JOHN", "诸葛亮"])
def test_a_mask_never_holds_the_name(name: str) -> None:
    whole = named(name)
    mask = masked(whole)
    assert whole.text not in mask
    hidden = set(whole.text.replace(" ", "")) - set(mask)
    assert hidden


@pytest.mark.parametrize(
    ("sight", "text"),
    [
        (Sight.WHOLE, "欧阳修文"),
        (Sight.MASKED, "欧阳*文"),
        (Sight.INITIALS, "欧*"),
        (Sight.NOTHING, ""),
    ],
)
def test_sight_decides_how_much_is_shown(sight: Sight, text: str) -> None:
    assert shown(named("欧阳^修文"), sight) == text


def test_a_reader_gets_the_script_of_their_language() -> None:
    both = (named("单^雄信"), PersonName(Script.ALPHABETIC, "SHAN", "XIONGXIN"))
    assert [name_for(both, tag) for tag in ("zh-CN", "en")] == list(both)
    assert name_for(both[:1], "en") == both[0]
    assert name_for((), "en") is None


@pytest.mark.parametrize(
    ("value", "sort", "mask"),
    [
        ("00012345", "mrn", "***2345"),
        ("310101196504120028", "national", "***28"),
        ("1234567", "mrn", "***"),
        ("12345678", "insurance", "***78"),
        ("12", "mrn", "***"),
    ],
)
def test_a_number_shows_its_end_only_where_that_hides_the_rest(
    value: str, sort: str, mask: str
) -> None:
    assert masked_number(Identifier(value, "HIS", IdentifierType(sort))) == mask


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("单于婷", "单于"),
        ("单^于婷", "单"),
        ("张三", "张"),
        ("爱新觉罗溥仪", "爱新觉罗"),
        ("阿卜杜拉·买买提", ""),
        ("Smith^John", ""),
    ],
)
def test_a_surname_is_what_the_mask_takes_for_one(name: str, whole: str) -> None:
    assert surname(named(name)) == whole
