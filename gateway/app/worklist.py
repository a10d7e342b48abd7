"""Works off the quarantine after a mapping was mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gateway.app.configuration import Configuration
from gateway.config import Site
from gateway.model import QuarantineReason
from gateway.store import EventStore, QuarantineEntry
from gateway.supervisor import Again, Outcome

_PAGE = 200


async def interpret_again(
    store: EventStore,
    again: Again,
    configuration: Configuration,
    site: Site,
    *,
    device: str | None,
    reason: QuarantineReason | None,
    actor: str,
) -> Mapping[str, Any]:
    """Read every open entry that fits once more; what became of them, for JSON.

    `resolved` and `events` count, `waiting` says for each reason in words how many still wait.
    """
    links = {link.id: link for link in site.links}
    resolved = events = after = 0
    waiting: Counter[str] = Counter()
    while entries := await store.quarantine(
        after=after, limit=_PAGE, reason=reason, device=device, open_only=True
    ):
        after = entries[-1].id
        for entry in entries:
            link = links.get(entry.entry.link)
            outcome = (
                _without_link(entry)
                if link is None
                else await again.read(entry, link, configuration.drivers[link.driver], actor)
            )
            resolved += not outcome.waits
            events += outcome.events
            waiting.update([outcome.waits] if outcome.waits else [])
    return {"resolved": resolved, "events": events, "waiting": dict(waiting.most_common())}


def _without_link(entry: QuarantineEntry) -> Outcome:
    return Outcome(entry, waits=f"devices.yaml has no link {entry.entry.link!r} any more")
