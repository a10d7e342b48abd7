"""What a letter says, in the language of whoever reads it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from gateway.model import Instant, localize, to_datetime
from gateway.notify.options import Person
from gateway.notify.written import one_line
from gateway.room import Notice, read_notice

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "low": "low",
        "medium": "medium",
        "high": "HIGH",
        "critical": "CRITICAL",
        "several": "{count} notices",
        "advice": "What to do: ",
        "page": "Page: ",
        "stage": "Nobody has acknowledged this yet ({stage}).",
        "over": "over",
        "simulated": "From a simulated device.",
        "end": "Sent by Isogate of {site}. Answers to this letter reach nobody.",
    },
    "zh-CN": {
        "low": "低",
        "medium": "中",
        "high": "高",
        "critical": "紧急",
        "several": "{count} 条通知",
        "advice": "处置建议：",
        "page": "页面：",
        "stage": "至今无人确认（第 {stage} 次升级）。",
        "over": "已解除",
        "simulated": "来自模拟设备。",
        "end": "由{site}的 Isogate 自动发送，请勿回复。",
    },
}


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery's content."""

    key: str
    notice: Notice
    stage: int
    at: Instant
    simulated: bool

    @classmethod
    def read(cls, payload: bytes) -> Told:
        said: dict[str, Any] = orjson.loads(payload)
        return cls(
            said["key"],
            read_notice(said),
            said["stage"],
            Instant(said["at"]),
            bool(said.get("simulated")),
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """Whose letters these are: the site's name and zone, the sender, the address of the pages."""

    site: Mapping[str, str] | str
    zone: ZoneInfo
    sender: str
    pages: str


def letter(paper: Paper, person: Person, several: Sequence[Told], now: datetime) -> EmailMessage:
    """One letter about one or several notices, plain text; the error of a part that can't be said.

    Its Message-ID is made of their keys: the same letter twice is recognizably one.
    """
    languages = (person.language,) if person.language else ("zh-CN", "en")
    message = EmailMessage()
    site = one_line(localize(paper.site, languages[0]))
    message["From"] = formataddr((f"Isogate {site}", paper.sender))
    message["To"] = formataddr((one_line(person.name), person.mail))
    message["Date"] = format_datetime(now)
    message["Subject"] = _subject(several, languages[0])
    keys = "\n".join(each.key for each in several)
    domain = paper.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{sha256(keys.encode()).hexdigest()[:32]}@{domain}>"
    message["X-Isogate-Keys"] = one_line(" ".join(each.key for each in several)[:900])
    message["Auto-Submitted"] = "auto-generated"
    parts = [_body(paper, several, tag) for tag in languages]
    message.set_content("\n\n".join(parts), charset="utf-8")
    return message


def _subject(several: Sequence[Told], tag: str) -> str:
    words = _WORDS[tag]
    gravest = max(several, key=lambda each: each.notice.priority.rank)
    first = f"[{words[gravest.notice.priority]}] {localize(gravest.notice.title, tag)}"
    more = f" · {words['several'].format(count=len(several))}" if len(several) > 1 else ""
    return one_line(first + more)[:200]


def _body(paper: Paper, several: Sequence[Told], tag: str) -> str:
    words = _WORDS[tag]
    paragraphs = ["\n".join(_lines(paper, each, tag)) for each in several]
    end = words["end"].format(site=localize(paper.site, tag))
    return "\n\n".join([*paragraphs, end])


def _lines(paper: Paper, told: Told, tag: str) -> list[str]:
    words, notice = _WORDS[tag], told.notice
    moment = to_datetime(told.at).astimezone(paper.zone).strftime("%Y-%m-%d %H:%M:%S")
    state = "" if notice.open else f" ({words['over']})"
    said = [
        f"{moment} [{words[notice.priority]}] {localize(notice.title, tag)}{state}",
        localize(notice.text, tag),
        words["stage"].format(stage=told.stage) if told.stage else "",
        f"{words['advice']}{localize(notice.advice, tag)}" if notice.advice else "",
        f"{words['page']}{paper.pages}{notice.path}" if paper.pages and notice.path else "",
        words["simulated"] if told.simulated else "",
    ]
    return [line for line in said if line]
