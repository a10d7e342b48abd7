"""One line of a benchmark: ours against a peer or ceiling measured in the same run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Options:
    """`smoke`: as small as still runs. `slow_sync`: milliseconds added to each fsync, or 0."""

    smoke: bool = False
    slow_sync: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """`goal` is what `ratio` (or `ours`, where there is no peer) should reach, as `better` says.

    `size` is the message in words, `ordered` whether order is kept, `durable` whether ours is on
    disk before it counts, `peer_ack` what the other side's answer costs, in words.
    """

    name: str
    case: str
    ours: float
    unit: str
    better: Literal["higher", "lower"]
    peer: float | None = None
    peer_name: str = ""
    goal: float | None = None
    size: str = ""
    ordered: bool = True
    durable: bool = True
    peer_ack: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours / peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        figure = self.ours if self.ratio is None else self.ratio
        return figure >= self.goal if self.better == "higher" else figure <= self.goal


Bench = Callable[[Options], Awaitable[Sequence[Case]]]
"""Every module `bench/<name>.py` has `async def run(options: Options) -> Sequence[Case]`."""
