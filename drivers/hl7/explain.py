"""A journalled message taken apart: framing, segments, fields, components. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.hl7.charset import decode
from drivers.hl7.delimiters import Delimiters, read_delimiters
from drivers.hl7.mllp import CR, FS, VT
from gateway import (
    UNKNOWN,
    AnalyzerProfile,
    Part,
    Profile,
    ProtocolViolation,
    Stretch,
    WireRecord,
    field_part,
    labelled,
)

_SEGMENTS: dict[str, tuple[str, str]] = {
    "MSH": ("Header", "消息头"),
    "MSA": ("Acknowledgement", "应答"),
    "ERR": ("Error", "错误"),
    "PID": ("Patient", "患者"),
    "PV1": ("Visit", "就诊"),
    "ORC": ("Order", "申请单"),
    "OBR": ("Observation request", "检验申请"),
    "OBX": ("Result", "结果"),
    "NTE": ("Note", "备注"),
    "SPM": ("Sample", "样本"),
    "SAC": ("Container", "容器"),
    "SCH": ("Appointment", "预约"),
    "EVN": ("Event", "事件"),
    "MRG": ("Merged patient", "被合并患者"),
    "TQ1": ("Timing", "时间安排"),
    "RGS": ("Resources", "资源组"),
    "AIS": ("Service", "服务项目"),
    "AIG": ("Equipment", "设备资源"),
    "AIL": ("Location", "地点资源"),
    "AIP": ("Staff", "人员资源"),
}
_FIELDS: dict[str, tuple[str, str]] = {
    "MSH-2": ("delimiters", "分隔符"),
    "MSH-3": ("sender", "发送方"),
    "MSH-7": ("time", "时间"),
    "MSH-9": ("type", "类型"),
    "MSH-10": ("control id", "控制标识"),
    "MSH-12": ("version", "版本"),
    "MSH-18": ("charset", "字符集"),
    "MSA-1": ("answer", "应答码"),
    "MSA-2": ("control id", "控制标识"),
    "PID-3": ("patient id", "患者号"),
    "PID-5": ("name", "姓名"),
    "PID-7": ("birth date", "出生日期"),
    "PID-8": ("sex", "性别"),
    "OBR-2": ("placer's order", "申请方单号"),
    "OBR-3": ("filler's order", "执行方单号"),
    "OBR-4": ("service", "检验服务"),
    "OBX-2": ("value type", "数值类型"),
    "OBX-3": ("test", "项目"),
    "OBX-5": ("value", "数值"),
    "OBX-6": ("unit", "单位"),
    "OBX-7": ("range", "参考范围"),
    "OBX-8": ("flags", "标志"),
    "OBX-11": ("status", "状态"),
    "OBX-14": ("observed", "检验时间"),
    "NTE-3": ("note", "备注"),
    "SPM-2": ("sample", "样本"),
    "SPM-4": ("sample type", "样本类型"),
}
_HEADER = "MSH"
_NAME = 3
_BEFORE = "\ufeff\n \t"


def explain(record: WireRecord, profile: Profile | None) -> Sequence[Part]:
    """The parts of a message as it crossed; fields that are empty have none."""
    data = record.data
    start = len(VT) if data.startswith(VT) else 0
    end = len(data) - len(FS + CR) if data.endswith(FS + CR) else len(data)
    text = _text(data[start:end], start, profile)
    opening = Part({"en": "VT: start of the message", "zh-CN": "VT：消息开始"}, 0, start)
    closing = Part({"en": "FS CR: end of the message", "zh-CN": "FS CR：消息结束"}, end, len(data))
    parts = (opening, *_segments(text), closing)
    return [part for part in parts if part.start < part.end]


def _text(message: bytes, start: int, profile: Profile | None) -> Stretch:
    own = profile.charset if isinstance(profile, AnalyzerProfile) else "utf-8"
    try:
        charset = decode(message, own).charset
    except ProtocolViolation:
        charset = "ascii"
    return Stretch.read(message, start, charset)


def _segments(text: Stretch) -> Sequence[Part]:
    lines = text.split("\r" if "\r" in text.text else "\n")
    try:
        delimiters, _ = read_delimiters(text.text.lstrip(_BEFORE + "\r"))
    except ProtocolViolation:
        return (text.part(UNKNOWN),)
    return [_segment(line, delimiters) for line in lines if line.text.strip(_BEFORE)]


def _segment(line: Stretch, delimiters: Delimiters) -> Part:
    name = line.text.strip(_BEFORE)[:_NAME]
    fields = line.split(delimiters.field)
    shift = 1 if name == _HEADER else 0
    parts = tuple(
        _field(field, f"{name}-{number + shift}", delimiters)
        for number, field in enumerate(fields)
        if number and field.text
    )
    return line.part(labelled(name, _SEGMENTS), parts)


def _field(field: Stretch, place: str, delimiters: Delimiters) -> Part:
    label = labelled(place, _FIELDS)
    if place == f"{_HEADER}-2":
        return field.part(label)
    return field_part(field, place, label, delimiters.repetition, delimiters.component)
