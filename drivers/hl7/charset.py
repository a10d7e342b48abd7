"""From bytes to text: the device's own charset first, then what MSH-18 says, never a guess."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import ProtocolViolation, sentence

_CHARACTER_SET = 17
_HEADER_LIMIT = 4096

_MSH_18 = {
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "GBK": "gb18030",
    "GB2312": "gb18030",
    "BIG-5": "big5",
    "KS X 1001": "euc_kr",
}
"""Of the charsets in HL7 table 0211 those whose bytes can prove the claim wrong."""

_SINGLE_BYTE = {f"8859/{part}": f"iso8859-{part}" for part in (*range(2, 10), 15)}
"""Those that nearly any bytes are: they prove nothing, and put only Latin-1 in question."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message's text, in which charset it was, and a note where that was not the device's own."""

    text: str
    charset: str
    note: str = ""


def decode(data: bytes, charset: str) -> Decoded:
    """The text of a message from a device of `charset`.

    ProtocolViolation if the bytes are no text in it nor in what MSH-18 says, or if both can be
    read and differ: UTF-8 read as GB 18030 looks like text and is none, and so does anything that
    is read as Latin-1.
    """
    if data.isascii():
        return Decoded(data.decode("ascii"), charset)
    sent = _sent(data)
    claimed = _MSH_18.get(sent, "") or (_SINGLE_BYTE.get(sent, "") if charset == "latin-1" else "")
    own = _strictly(data, charset)
    other = _strictly(data, claimed) if claimed else None
    if own is not None:
        if other is not None and other != own:
            raise ProtocolViolation(_contradiction(charset, sent))
        return Decoded(own, charset)
    if other is None:
        raise ProtocolViolation(_neither(charset, claimed))
    return Decoded(other, claimed, f"the message is {claimed}, not {charset}")


def _contradiction(charset: str, sent: str) -> str:
    return sentence(
        "the profile says {charset}, MSH-18 says {claimed}, and the bytes can be either: mend the"
        " profile's charset",
        charset=charset,
        claimed=sent,
    )


def _sent(data: bytes) -> str:
    """The charset that MSH-18 names, in capitals."""
    header = data[:_HEADER_LIMIT].lstrip(b"\xef\xbb\xbf\r\n \t").split(b"\r", 1)[0]
    fields = header.split(header[3:4] or b"|")
    sent = fields[_CHARACTER_SET] if len(fields) > _CHARACTER_SET else b""
    return sent.decode("latin-1").split("~")[0].strip().upper()


def _strictly(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        return None


def _neither(charset: str, claimed: str) -> str:
    if claimed in {"", charset}:
        return sentence("the bytes are not {charset}", charset=charset)
    return sentence(
        "the bytes are not {charset}, and not {claimed} either, which MSH-18 says",
        charset=charset,
        claimed=claimed,
    )
