"""Syslog as ATNA uses it: RFC 5424 messages in RFC 5425 frames. Pure."""

from __future__ import annotations

from gateway.model import Instant, to_datetime

_SECURITY = 10
_NOTICE = 5
PRIORITY = _SECURITY * 8 + _NOTICE
"""Facility 10 (security and authorization), severity 5, as PS3.15 A.6 asks."""

MESSAGE_ID = "DICOM+RFC3881"
_MARK = b"\xef\xbb\xbf"


def framed(at: Instant, host: str, process: str, content: bytes) -> bytes:
    """One audit message as a frame: its length in decimal, a space, and the message.

    RFC 5424 6.4: UTF-8 content begins with a byte-order mark.
    """
    stamp = to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    head = f"<{PRIORITY}>1 {stamp} {_word(host)} isogate {_word(process)} {MESSAGE_ID} - "
    whole = head.encode("ascii") + _MARK + content
    return str(len(whole)).encode() + b" " + whole


def _word(text: str) -> str:
    """A header field: printable ASCII without spaces, or the nil value."""
    kept = "".join(sign for sign in text if "!" <= sign <= "~")
    return kept or "-"
