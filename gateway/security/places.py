"""From which networks people have signed in."""

from __future__ import annotations

_MOST_OF_ONE = 8


class Places:
    """The last eight networks of each account; only its own sign-ins add to them."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def note(self, name: str, network: str) -> None:
        """An account has signed in from there."""
        others = [each for each in self._known.get(name, ()) if each != network]
        self._known[name] = [*others, network][-_MOST_OF_ONE:]

    def know(self, name: str, network: str) -> bool:
        return network in self._known.get(name, ())
