"""A journalled frame taken apart: its envelope, its records, their fields. Pure.

Frames: LIS1-A 6.3. Records and fields: LIS2-A2 6 to 13; field 1 is the record's own letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from drivers.astm.codec import (
    ACK,
    CR,
    ENQ,
    EOT,
    ETB,
    NAK,
    STX,
    checksum,
    ends_message,
    text_of,
)
from drivers.astm.journal import transfers
from drivers.astm.records import Delimiters
from gateway import (
    UNKNOWN,
    AnalyzerProfile,
    Localized,
    Part,
    Profile,
    ProtocolViolation,
    RawId,
    Stretch,
    Whole,
    WireRecord,
    field_part,
    labelled,
)

_SIGNALS: dict[int, Localized] = {
    ENQ: {"en": "ENQ: asks to send", "zh-CN": "ENQ：请求发送"},
    EOT: {"en": "EOT: end of the transfer", "zh-CN": "EOT：传输结束"},
    ACK: {"en": "ACK: accepted", "zh-CN": "ACK：已接收"},
    NAK: {"en": "NAK: refused", "zh-CN": "NAK：拒收"},
}
_RECORDS: dict[str, Localized] = {
    "H": {"en": "H Header", "zh-CN": "H 消息头"},
    "P": {"en": "P Patient", "zh-CN": "P 患者"},
    "O": {"en": "O Order", "zh-CN": "O 申请"},
    "R": {"en": "R Result", "zh-CN": "R 结果"},
    "C": {"en": "C Comment", "zh-CN": "C 备注"},
    "Q": {"en": "Q Request", "zh-CN": "Q 查询"},
    "M": {"en": "M Manufacturer", "zh-CN": "M 厂家"},
    "S": {"en": "S Scientific", "zh-CN": "S 科研"},
    "L": {"en": "L Terminator", "zh-CN": "L 结束"},
}
_FIELDS: dict[str, tuple[str, str]] = {
    "H-2": ("delimiters", "分隔符"),
    "H-5": ("sender", "发送方"),
    "H-12": ("processing id", "处理标识"),
    "H-13": ("version", "版本"),
    "H-14": ("time", "时间"),
    "P-3": ("practice's patient id", "诊室患者号"),
    "P-4": ("laboratory's patient id", "检验科患者号"),
    "P-6": ("name", "姓名"),
    "P-8": ("birth date", "出生日期"),
    "P-9": ("sex", "性别"),
    "O-3": ("sample", "样本"),
    "O-4": ("instrument's sample", "仪器样本号"),
    "O-5": ("test", "项目"),
    "O-6": ("priority", "优先级"),
    "O-16": ("sample type", "样本类型"),
    "R-2": ("sequence", "序号"),
    "R-3": ("test", "项目"),
    "R-4": ("value", "数值"),
    "R-5": ("unit", "单位"),
    "R-6": ("range", "参考范围"),
    "R-7": ("flags", "标志"),
    "R-9": ("status", "状态"),
    "R-13": ("completed", "完成时间"),
    "C-4": ("comment", "备注"),
    "L-3": ("reason", "原因"),
}
_TEXT: Localized = {"en": "Text", "zh-CN": "正文"}
_PIECE: Localized = {"en": "Part of a record", "zh-CN": "记录片段"}
_END = re.compile(rb"[\x03\x17]")
_NUMBERED = 2


def explain(record: WireRecord, profile: Profile | None) -> Sequence[Part]:
    """The parts of a frame or signal. Components are told apart where the frame has the header."""
    data = record.data
    if len(data) == 1 and data[0] in _SIGNALS:
        return (Part(_SIGNALS[data[0]], 0, 1),)
    if len(data) < _NUMBERED or data[0] != STX:
        return (Part(UNKNOWN, 0, len(data)),) if data else ()
    found = _END.search(data, _NUMBERED)
    end = found.start() if found else len(data)
    text = Stretch.read(data[_NUMBERED:end], _NUMBERED, _charset(profile))
    return (
        Part({"en": "STX: start of the frame", "zh-CN": "STX：帧开始"}, 0, 1),
        Part({"en": "Frame number", "zh-CN": "帧序号"}, 1, _NUMBERED, chr(data[1])),
        Part(_TEXT, text.start, text.end, "", tuple(_records(text.split(chr(CR))))),
        *_tail(data, end),
    )


def assemble(records: Sequence[WireRecord], raw_id: RawId, profile: Profile | None) -> Whole | None:
    """The records of the transfer that a frame belongs to, as they read without the frames."""
    for told in transfers(records):
        frames = told.transfer.frames
        if raw_id in {frame.raw_id for frame in frames}:
            content, pieces, ends = _joined(frames)
            lines = _lines(content, ends, _charset(profile))
            return Whole(tuple(_records(lines)), tuple(pieces))
    return None


def _joined(frames: Sequence[WireRecord]) -> tuple[bytes, list[tuple[RawId, int]], list[int]]:
    """The texts of frames, where each ends, and where one ends a record although no CR does."""
    content = b""
    pieces, ends = [], []
    for frame in frames:
        content += text_of(frame.data)
        pieces.append((frame.raw_id, len(content)))
        if ends_message(frame.data):
            ends.append(len(content))
    return content, pieces, ends


def _lines(content: bytes, ends: Sequence[int], charset: str) -> Iterator[Stretch]:
    start = 0
    for end in (*ends, len(content)):
        for line in content[start:end].split(b"\r"):
            text = line.lstrip(b"\n")
            yield Stretch.read(text, start + len(line) - len(text), charset)
            start += len(line) + 1
        start = end


def _charset(profile: Profile | None) -> str:
    return profile.charset if isinstance(profile, AnalyzerProfile) else "utf-8"


def _tail(data: bytes, end: int) -> Sequence[Part]:
    if end == len(data):
        return ()
    last: Localized = {"en": "ETX: end of the text", "zh-CN": "ETX：正文结束"}
    more: Localized = {"en": "ETB: more follows", "zh-CN": "ETB：后续还有"}
    said = data[end + 1 : end + 3]
    verdict = "" if said.upper() == checksum(data[1 : end + 1]) else " ≠ "
    counted = checksum(data[1 : end + 1]).decode() if verdict else ""
    parts = [
        Part(more if data[end] == ETB else last, end, end + 1),
        Part(
            {"en": "Checksum", "zh-CN": "校验和"},
            end + 1,
            end + 1 + len(said),
            said.decode("ascii", "backslashreplace") + verdict + counted,
        ),
        Part({"en": "CR LF", "zh-CN": "CR LF"}, end + 3, len(data)),
    ]
    return [part for part in parts if part.start < part.end]


def _records(lines: Iterable[Stretch]) -> list[Part]:
    """One part a record; what continues the frame before is a piece."""
    parts, delimiters = [], None
    for line in lines:
        if line.text[:1] == "H":
            delimiters = _declared(line.text)
        if line.text:
            parts.append(_record(line, delimiters))
    return parts


def _declared(header: str) -> Delimiters | None:
    try:
        return Delimiters.of(header)
    except ProtocolViolation:
        return None


def _record(line: Stretch, delimiters: Delimiters | None) -> Part:
    kind, separator = line.text[:1], line.text[1:2]
    if kind not in _RECORDS or separator.isalnum() or separator.isspace():
        return line.part(_PIECE)
    if not separator:
        return line.part(_RECORDS[kind])
    fields = tuple(
        _field(field, f"{kind}-{number}", delimiters)
        for number, field in enumerate(line.split(separator), 1)
        if field.text and number > 1
    )
    return line.part(_RECORDS[kind], fields)


def _field(field: Stretch, place: str, delimiters: Delimiters | None) -> Part:
    label = labelled(place, _FIELDS)
    if delimiters is None or place == "H-2":
        return field.part(label)
    return field_part(field, place, label, delimiters.repeat, delimiters.component)
