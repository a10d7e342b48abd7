"""`/healthz`, `/readyz` and `/metrics`: for the probe and the monitoring system."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute

from gateway.api.broadcast import Broadcast
from gateway.room import Access, Permission, access
from gateway.room.route import route
from gateway.web import GatewayView, Metric, Refusal, Sample, json_response
from gateway.web.metric import CONTENT_TYPE, exposition

_STATM = Path("/proc/self/statm")


class Health:
    def __init__(self, view: GatewayView, broadcast: Broadcast) -> None:
        self._view = view
        self._broadcast = broadcast

    def routes(self) -> list[BaseRoute]:
        return [
            route("/healthz", self.alive, dict[str, str]),
            route("/readyz", self.ready, dict[str, str]),
            route("/metrics", self.metrics, str, media_type=CONTENT_TYPE),
        ]

    @access(Access.PUBLIC)
    async def alive(self) -> Response:
        """The process answers."""
        return json_response({"status": "alive", "version": self._view.version})

    @access(Access.PUBLIC)
    async def ready(self) -> Response:
        """Acknowledgements are given; 503 with the reason while they are withheld."""
        readiness = self._view.readiness()
        if not readiness.ready:
            raise Refusal(
                503,
                "Acknowledgements are withheld",
                "The gateway cannot store what it receives: {reason}.",
                "Devices that wait for an acknowledgement send again. The gateway goes on by "
                "itself when the cause is gone.",
                reason=readiness.reason,
            )
        return json_response({"status": "ready"})

    @access(Permission.READ_METRICS)
    async def metrics(self) -> Response:
        """Counters and gauges in the Prometheus text format."""
        text = exposition([*self._own(), *self._view.metrics()])
        return Response(text, media_type=CONTENT_TYPE)

    def _own(self) -> Iterator[Metric]:
        view = self._view
        states = Counter(status.state.value for status in view.registry)
        yield Metric("isogate_devices", "Devices by state.", "gauge", _by("state", states))
        links = Counter(str(link.state) for link in view.links())
        yield Metric("isogate_links", "Links by state.", "gauge", _by("state", links))
        ready = view.readiness().ready
        yield Metric.single(
            "isogate_ready", "1 while acknowledgements are given.", "gauge", int(ready)
        )
        seq = view.store.last_seq
        yield Metric.single("isogate_events_total", "Seq of the last event.", "counter", seq)
        streams = self._broadcast
        yield Metric.single(
            "isogate_stream_clients", "Clients of the live stream.", "gauge", streams.clients
        )
        yield Metric.single(
            "isogate_stream_cut_total", "Clients cut for being slow.", "counter", streams.cut
        )
        yield from _process()


def _by(label: str, counts: Counter[str]) -> list[Sample]:
    return [Sample(count, {label: name}) for name, count in sorted(counts.items())]


def _process() -> Iterable[Metric]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield Metric.single(
        "process_cpu_seconds_total",
        "User and system CPU time.",
        "counter",
        usage.ru_utime + usage.ru_stime,
    )
    if _STATM.exists():
        pages = int(_STATM.read_text("ascii").split()[1])
        size = pages * resource.getpagesize()
        yield Metric.single("process_resident_memory_bytes", "Resident memory.", "gauge", size)
    yield Metric.single("isogate_time_seconds", "The machine's clock.", "gauge", time.time())
