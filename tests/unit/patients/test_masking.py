"""Nobody is named who need not be."""

from __future__ import annotations

import pytest

from gateway.model import Identifier, IdentifierType, PersonName, Script, script_of
from gateway.patients.masking import Sight, masked, masked_number, name_for, shown


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
        ("爱新觉罗溥仪", "爱新觉罗*仪"),
        ("张王^晓明", "张王*明"),
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
        ("𠮷田^太郎", "𠮷田*郎"),
        ("やまだ^たろう", "た. や."),
    ],
)
def test_a_name_is_masked_as_its_kind_is_written(name: str, mask: str) -> None:
    assert masked(named(name)) == mask


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
