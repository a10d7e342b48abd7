"""A journalled frame taken apart: MBAP or RTU around it, function, addresses, registers. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.modbus.codec import Function, Refusal, crc16
from gateway import UNKNOWN, Direction, Localized, Part, Profile, WireRecord

_MBAP = 7
_SHORTEST_RTU = 4
_REFUSED = 0x80
_REQUEST = 5

UNIT: Localized = {"en": "Unit", "zh-CN": "单元地址"}
_FUNCTIONS: dict[int, Localized] = {
    Function.COILS: {"en": "Read coils", "zh-CN": "读线圈"},
    Function.DISCRETE_INPUTS: {"en": "Read discrete inputs", "zh-CN": "读离散输入"},
    Function.HOLDING_REGISTERS: {"en": "Read holding registers", "zh-CN": "读保持寄存器"},
    Function.INPUT_REGISTERS: {"en": "Read input registers", "zh-CN": "读输入寄存器"},
}
_BITS = frozenset({Function.COILS, Function.DISCRETE_INPUTS})


def explain(record: WireRecord, _profile: Profile | None) -> Sequence[Part]:
    """The parts of a request or reply; which framing it has, its own length or CRC says."""
    data = record.data
    if _is_mbap(data):
        head = (
            _number({"en": "Transaction", "zh-CN": "事务号"}, data, 0, 2),
            _number({"en": "Protocol", "zh-CN": "协议号"}, data, 2, 4),
            _number({"en": "Length", "zh-CN": "长度"}, data, 4, 6),
            _number(UNIT, data, 6, 7),
        )
        return (*head, *_pdu(data, _MBAP, len(data), record.direction))
    if len(data) >= _SHORTEST_RTU and crc16(data) == 0:
        end = len(data) - 2
        crc = Part({"en": "CRC", "zh-CN": "CRC 校验"}, end, len(data), data[end:].hex(" "))
        return (_number(UNIT, data, 0, 1), *_pdu(data, 1, end, record.direction), crc)
    return (Part(UNKNOWN, 0, len(data)),) if data else ()


def _is_mbap(data: bytes) -> bool:
    return (
        len(data) > _MBAP
        and data[2:4] == b"\0\0"
        and int.from_bytes(data[4:6], "big") == len(data) - 6
    )


def _number(label: Localized, data: bytes, start: int, end: int) -> Part:
    return Part(label, start, end, str(int.from_bytes(data[start:end], "big")))


def _pdu(data: bytes, start: int, end: int, direction: Direction) -> Sequence[Part]:
    code = data[start]
    label = _FUNCTIONS.get(code & ~_REFUSED, {"en": "Function", "zh-CN": "功能码"})
    function = Part(label, start, start + 1, str(code & ~_REFUSED))
    body = start + 1
    if code & _REFUSED:
        return (function, *_refusal(data, body, end))
    if code not in _FUNCTIONS:
        return (function, *_rest(body, end))
    if direction is Direction.OUT:
        return (function, *_request(data, body, end))
    return (function, *_reply(code, data, body, end))


def _refusal(data: bytes, start: int, end: int) -> Sequence[Part]:
    if start == end:
        return ()
    code = data[start]
    known = code in tuple(Refusal)
    word = f"{code} {Refusal(code).name.lower().replace('_', ' ')}" if known else str(code)
    exception = Part({"en": "Exception", "zh-CN": "异常码"}, start, start + 1, word)
    return (exception, *_rest(start + 1, end))


def _request(data: bytes, start: int, end: int) -> Sequence[Part]:
    if end - start != _REQUEST - 1:
        return _rest(start, end)
    return (
        _number({"en": "First address", "zh-CN": "起始地址"}, data, start, start + 2),
        _number({"en": "Count", "zh-CN": "数量"}, data, start + 2, end),
    )


def _reply(code: int, data: bytes, start: int, end: int) -> Sequence[Part]:
    if start == end or data[start] != end - start - 1:
        return _rest(start, end)
    first = start + 1
    width = 1 if code in _BITS else 2
    values = tuple(
        _bits(data, at) if width == 1 else _register(data, at, min(at + 2, end), place)
        for place, at in enumerate(range(first, end, width), 1)
    )
    data_part = Part({"en": "Data", "zh-CN": "数据"}, first, end, "", values)
    return (_number({"en": "Byte count", "zh-CN": "字节数"}, data, start, first), data_part)


def _register(data: bytes, start: int, end: int, place: int) -> Part:
    value = int.from_bytes(data[start:end], "big")
    label = {"en": f"Register {place}", "zh-CN": f"寄存器 {place}"}
    return Part(label, start, end, f"{value} (0x{value:04x})")


def _bits(data: bytes, at: int) -> Part:
    return Part({"en": "Bits 7…0", "zh-CN": "位 7…0"}, at, at + 1, f"{data[at]:08b}")


def _rest(start: int, end: int) -> Sequence[Part]:
    return (Part(UNKNOWN, start, end),) if start < end else ()
