"""Who reads a page: language, theme and time zone, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.console.sentences import sentences
from gateway.console.text import times
from gateway.console.text.catalogue import Catalogue
from gateway.model import Instant, Localized, localize


@dataclass(frozen=True, slots=True)
class Reader:
    words: Catalogue
    theme: str
    zone: ZoneInfo
    now: Instant

    @property
    def language(self) -> str:
        return self.words.tag

    def text(self, text: Localized) -> str:
        return localize(text, self.words.tag)

    def said(self, sentence: str) -> str:
        """What the gateway or a driver said of its own accord, as far as it is translated."""
        return sentences(self.words.tag).say(sentence)

    def moment(self, instant: Instant) -> str:
        return times.moment(instant, self.zone)

    def exact(self, instant: Instant) -> str:
        return times.exact(instant, self.zone)

    def age(self, instant: Instant) -> str:
        return times.age(instant, self.now, self.words)

    def who(self, id_: str) -> str:
        """A principal's id (`gateway.room.Principal`) as people call them."""
        kind, _, name = id_.partition(":")
        match kind:
            case "person":
                return name
            case "ae":
                return self.words.gettext("%(name)s (machine)") % {"name": name}
            case "token":
                return self.words.gettext("%(name)s (program)") % {"name": name}
            case "room":
                return self.words.gettext("the gateway")
            case "owner":
                return self.words.gettext("the command line")
            case _:
                return id_

    def zone_name(self) -> str:
        return times.zone_name(self.now, self.zone)
