"""An entity as the identifier of an answer, in a character set that has all of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dicom.elements import CHARSET, LONGEST_SHORT, Element, vr_of
from dicom.query.keys import AVAILABILITY, LEVEL, RETRIEVE_TITLE
from dicom.query.question import Question
from dicom.query.search import Row
from dicom.storage.charset import can_encode, encode_text
from dicom.storage.forms import GROUPS

UNIVERSAL = "ISO_IR 192"
IN_CHARSET = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""VRs whose text is in the Specific Character Set (PS3.5 6.1.2.3)."""


def charset_for(texts: Sequence[str], *wanted: str) -> str:
    """The first of the wanted sets that has every text, else Unicode; '' where ASCII is enough."""
    foreign = [text for text in texts if not text.isascii()]
    if not foreign:
        return ""
    return next((each for each in wanted if can_encode(foreign, each.split("\\"))), UNIVERSAL)


def element_of(vr: str, text: str, charset: str) -> Element:
    """Text as an element; what a VR can't hold is left empty rather than bent or cut."""
    if vr == "US":
        fits = text.isdigit() and int(text) <= 0xFFFF  # noqa: PLR2004 - two bytes
        return Element(vr, int(text).to_bytes(2, "little") if fits else b"")
    if vr in IN_CHARSET:
        terms = charset.split("\\")
        return _held(vr, encode_text(_in_place(text, terms) if vr == "PN" else text, terms))
    return _held(vr, text.encode("ascii") if text.isascii() else b"")


def _held(vr: str, value: bytes) -> Element:
    return Element(vr, value if len(value) <= LONGEST_SHORT else b"")


def _in_place(name: str, terms: Sequence[str]) -> str:
    """A name whose ideographs stand first, for sets with extensions: these belong second there.

    The first group is in the set of Value 1 alone (PS3.5 6.2.1.2).
    """
    first, *rest = name.split(GROUPS)
    if len(terms) == 1 or first.isascii() or any(rest[:1]):
        return name
    return GROUPS.join(("", first, *rest[1:]))


def answer_of(question: Question, row: Row, title: str, *preferred: str) -> Mapping[int, Element]:
    """One match: the keys that were asked for, and what every answer has (PS3.4 C.4.1.1.3.2).

    `title` is where the entity can be retrieved; `preferred` are character sets, the best first.
    """
    values = {key.tag: row[key.tag] for key in question.keys}
    texts = [text for tag, text in values.items() if vr_of(tag) in IN_CHARSET]
    charset = charset_for(texts, *filter(None, (*preferred, question.charset)))
    found = {tag: element_of(vr_of(tag), text, charset) for tag, text in values.items()}
    if charset:
        found[CHARSET] = Element("CS", charset.encode("ascii"))
    found[LEVEL] = Element("CS", question.level.name.encode("ascii"))
    found[RETRIEVE_TITLE] = Element("AE", title.encode("ascii"))
    if question.availability:
        found[AVAILABILITY] = Element("CS", b"ONLINE")
    return found
