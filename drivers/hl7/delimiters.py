"""The characters that a message is divided by, as its MSH says (HL7 v2.5.1, 2.5.4)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway import ProtocolViolation, sentence

ENCODING = "^~\\&"
"""MSH-2 as nearly everyone sends it: component, repetition, escape, subcomponent."""

_HEADER = "MSH"
_WITHOUT_ESCAPE = "^~&"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Five different characters."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """The four of MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent


STANDARD = Delimiters()


def read_delimiters(text: str) -> tuple[Delimiters, str]:
    """The delimiters of a message that begins with MSH, and a note on what was left out.

    What MSH-2 lacks is taken from the standard's own. ProtocolViolation if `text` does not begin
    with MSH and a separator, or two delimiters are the same.
    """
    separator = text[3:4]
    if not text.startswith(_HEADER) or not _may_delimit(separator):
        raise ProtocolViolation(
            sentence("the message does not begin with MSH and a field separator")
        )
    sent = text[4:].split("\r", 1)[0].split("\n", 1)[0].split(separator, 1)[0][:4]
    encoding = _WITHOUT_ESCAPE[:2] + ENCODING[2:] if sent == _WITHOUT_ESCAPE else sent
    encoding += ENCODING[len(encoding) :]
    if len({separator, *encoding}) < 1 + len(ENCODING) or not all(map(_may_delimit, encoding)):
        raise ProtocolViolation(sentence("MSH-2 {text} can't be delimiters", text=repr(sent)))
    note = "" if sent == encoding else f"MSH-2 was {sent!r} and was taken for {encoding!r}"
    return Delimiters(separator, *encoding), note


def _may_delimit(character: str) -> bool:
    return len(character) == 1 and character.isprintable() and not character.isalnum()
