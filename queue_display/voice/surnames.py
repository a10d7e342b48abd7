"""Surnames that are read otherwise than their characters usually are. Pure data.

Those whose reading as a surname is one, and 翟 and 覃, of whom most families have this one. Where
families of either reading are many (牟, 乐, 隗, 召), it is left to the announcer. The `readings` of
the site go before these.

Some stand here because eSpeak NG says them without a tone or with a wrong one (傅, 伍, 涂, 戚).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """`pinyin` with tones as digits, and characters of the same sound, which any voice reads so."""

    pinyin: str
    like: str


READINGS: Mapping[str, Reading] = {
    "单": Reading("shan4", "善"),
    "仇": Reading("qiu2", "求"),
    "查": Reading("zha1", "渣"),
    "曾": Reading("zeng1", "增"),
    "解": Reading("xie4", "谢"),
    "区": Reading("ou1", "欧"),
    "盖": Reading("ge3", "舸"),
    "朴": Reading("piao2", "瓢"),
    "任": Reading("ren2", "仁"),
    "华": Reading("hua4", "画"),
    "葛": Reading("ge3", "舸"),
    "冼": Reading("xian3", "显"),
    "缪": Reading("miao4", "妙"),
    "员": Reading("yun4", "运"),
    "种": Reading("chong2", "崇"),
    "黑": Reading("he4", "贺"),
    "繁": Reading("po2", "婆"),
    "折": Reading("she2", "蛇"),
    "燕": Reading("yan1", "烟"),
    "应": Reading("ying1", "英"),
    "尉": Reading("wei4", "卫"),
    "秘": Reading("bi4", "毕"),
    "晁": Reading("chao2", "潮"),
    "乜": Reading("nie4", "聂"),
    "过": Reading("guo1", "郭"),
    "要": Reading("yao1", "腰"),
    "强": Reading("qiang2", "墙"),
    "祭": Reading("zhai4", "债"),
    "不": Reading("fou3", "缶"),
    "贾": Reading("jia3", "甲"),
    "卜": Reading("bu3", "补"),
    "肖": Reading("xiao1", "消"),
    "占": Reading("zhan1", "沾"),
    "那": Reading("na1", "那"),  # no other character is read so
    "薄": Reading("bo2", "伯"),
    "翟": Reading("zhai2", "宅"),
    "覃": Reading("qin2", "秦"),
    "傅": Reading("fu4", "富"),
    "伍": Reading("wu3", "五"),
    "涂": Reading("tu2", "图"),
    "戚": Reading("qi1", "七"),
    "尉迟": Reading("yu4 chi2", "玉迟"),
    "长孙": Reading("zhang3 sun1", "掌孙"),
    "万俟": Reading("mo4 qi2", "墨齐"),
    "单于": Reading("chan2 yu2", "蝉于"),
    "澹台": Reading("tan2 tai2", "谈台"),
    "令狐": Reading("ling2 hu2", "灵狐"),
    "亓官": Reading("qi2 guan1", "齐官"),
    "濮阳": Reading("pu2 yang2", "葡阳"),
    "乐正": Reading("yue4 zheng4", "越正"),
    "子车": Reading("zi3 ju1", "紫居"),
    "宰父": Reading("zai3 fu3", "宰府"),
}


def reading_of(shown: str, surname: str, readings: Mapping[str, Reading]) -> Reading | None:
    """How the beginning of `surname` that is shown is read; None: as its characters are.

    The first character of a compound surname is read as in it: 单 of 单于 is not Shàn.
    """
    whole = readings.get(surname) if shown and surname.startswith(shown) else None
    if whole is None or shown == surname:
        return whole
    syllables = whole.pinyin.split()[: len(shown)]
    return Reading(" ".join(syllables), whole.like[: len(shown)])
