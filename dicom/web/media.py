"""Media types of requests and answers (RFC 9110 12.5.1, PS3.18 8.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message

DICOM = "application/dicom"
JSON = "application/dicom+json"
PLAIN_JSON = "application/json"
RELATED = "multipart/related"
OCTETS = "application/octet-stream"
PNG = "image/png"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A type in lower case, and its parameters, whose values stay as they are."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def quality(self) -> float:
        try:
            return float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0


def media_type(text: str) -> MediaType:
    """One type; one without a name if it is none."""
    message = Message()
    message["content-type"] = text
    found = message.get_params(failobj=[]) or [("", "")]
    name = found[0][0].strip().lower()
    parameters = {key.lower(): value for key, value in found[1:]}
    return MediaType(name if "/" in name else "", parameters)


def accepted(text: str) -> Sequence[MediaType]:
    """The types of an Accept field that are taken at all, the best first; without one, all are."""
    found = [media_type(each) for each in _split(text or "*/*")]
    return sorted((each for each in found if each.quality > 0), key=lambda each: -each.quality)


def takes(types: Iterable[MediaType], *wanted: str) -> str:
    """The first of the wanted names that a client takes; '' if it takes none of them."""
    names = [each.name for each in types]
    for name in names:
        for each in wanted:
            if name in (each, "*/*", f"{each.partition('/')[0]}/*"):
                return each
    return ""


def parts_of(types: Iterable[MediaType]) -> Sequence[MediaType]:
    """The types that parts of a multipart answer may have, as parameters of it say."""
    return [
        MediaType(each.parameters.get("type", "*/*").lower(), each.parameters)
        for each in types
        if each.name in (RELATED, "multipart/*")
    ]


def _split(text: str) -> Iterable[str]:
    """At commas outside of quotes."""
    part, quoted = "", False
    for character in text:
        if character == '"':
            quoted = not quoted
        if character == "," and not quoted:
            yield part
            part = ""
        else:
            part += character
    yield part
