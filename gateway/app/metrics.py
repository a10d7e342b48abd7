"""What the engine counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.store import StoreHealth, StoreState
from gateway.supervisor import LinkState, LinkStatus
from gateway.web import Metric, Sample


def engine_metrics(links: Sequence[LinkStatus], store: StoreState) -> Iterable[Metric]:
    """The links and the store."""
    yield Metric(
        "isogate_link_up",
        "1 while the link's driver is connected.",
        "gauge",
        [Sample(link.state is LinkState.UP, {"link": link.id}) for link in links],
    )
    yield Metric(
        "isogate_link_restarts_total",
        "How often the link's driver was started again.",
        "counter",
        [Sample(link.restarts, {"link": link.id}) for link in links],
    )
    yield Metric(
        "isogate_store_health",
        "1 for the state that the event store is in.",
        "gauge",
        [Sample(store.health is health, {"health": health}) for health in StoreHealth],
    )
