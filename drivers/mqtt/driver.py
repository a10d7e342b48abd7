"""One link: a session at a broker, and every device that publishes there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from drivers.mqtt.codec import Connack, to_frame
from drivers.mqtt.hearing import listeners_by_topic
from drivers.mqtt.interpret import AvailabilityListener, listeners
from drivers.mqtt.memory import Memory
from drivers.mqtt.pipeline import Names, Pipeline
from drivers.mqtt.profile import MQTT_5, MqttLink
from drivers.mqtt.session import Session, open_session
from drivers.mqtt.topics import fewest, matches
from gateway import Finding, IsogateError, LinkEntry, Ports

_WINDOW_3_1_1 = 1000
"""Messages that a broker may have under way to an MQTT 3.1.1 client, which can't limit them."""

_TOPICS = 1024


class MqttDriver:
    """Serves one link; devices that share a topic each hear every message."""

    def __init__(self, link: LinkEntry) -> None:
        self._link = link.id
        self._options = _options(link)
        self._names = Names(client_id(link))
        self._listeners = listeners_by_topic(link)
        wide = [self._options.discover] if self._options.discover else []
        self._filters = fewest([*wide, *self._listeners])
        others = 0 if self._options.version == MQTT_5 else _WINDOW_3_1_1
        self._window = max(self._options.in_flight, others)
        self._topics = max(_TOPICS, 4 * len(self._listeners))

    async def run(self, ports: Ports) -> None:
        """Serve until the connection ends.

        What the store refuses is not acknowledged: the StoreError ends the run, and the broker
        sends it again in the next connection. When cancelled, commits under way are awaited for
        up to three seconds and acknowledged before the connection is closed.
        """
        connection = open_session(self._link, self._names.client_id, self._options, ports.tap)
        try:
            async with connection as (session, connack):
                memory = await self._recollect(ports, connack)
                await self._serve(ports, session, memory)
        except ExceptionGroup as group:
            raise _cause(group) from group

    async def _recollect(self, ports: Ports, connack: Connack) -> Memory:
        """What the journal knows of this session; a new one is marked there."""
        memory = Memory(self._window, self._topics)
        live = await ports.recent(self._names.client_id, self._window)
        retained = await ports.recent(self._names.retained, self._topics)
        memory.recall((*live, *retained))
        if not connack.session_present:
            memory.forget_session()
            record = ports.record(to_frame(connack), session=self._names.client_id)
            await ports.journal(record)
        return memory

    async def _serve(self, ports: Ports, session: Session, memory: Memory) -> None:
        pipeline = Pipeline(
            ports=ports,
            session=session,
            listeners=self._listeners,
            memory=memory,
            names=self._names,
            limit=self._options.in_flight,
        )
        async with asyncio.TaskGroup() as tasks:
            beside = (
                tasks.create_task(session.stay_alive(), name=f"{self._link} keep-alive"),
                tasks.create_task(pipeline.settle(), name=f"{self._link} acknowledge"),
                tasks.create_task(self._subscribe(ports, session), name=f"{self._link} subscribe"),
            )
            try:
                await self._receive(session, pipeline, tasks)
            finally:
                await pipeline.finish()
                for task in beside:
                    task.cancel()

    async def _subscribe(self, ports: Ports, session: Session) -> None:
        """Beside receiving: what the broker kept for us comes first and must be acknowledged."""
        await session.subscribe(self._filters, replay=self._presence())
        ports.connected(self._names.client_id)

    async def _receive(
        self, session: Session, pipeline: Pipeline, tasks: asyncio.TaskGroup
    ) -> None:
        while True:
            for message in await session.receive():
                if not self._subscribes(message.topic):
                    session.unsubscribe(message.topic)
                await pipeline.take(message, tasks)

    def _subscribes(self, topic: str) -> bool:
        return topic in self._listeners or any(matches(each, topic) for each in self._filters)

    def _presence(self) -> frozenset[str]:
        """Filters of the topics that say who is there: asked for anew in each connection."""
        topics = [
            topic
            for topic, theirs in self._listeners.items()
            if any(isinstance(listener, AvailabilityListener) for listener in theirs)
        ]
        return frozenset(
            pattern for pattern in self._filters if any(matches(pattern, topic) for topic in topics)
        )


def client_id(link: LinkEntry) -> str:
    """The client id of a link; without one in its options, the link's own id."""
    return _options(link).client_id or f"isogate-{link.id}"


def check(links: Sequence[LinkEntry]) -> Iterator[Finding]:
    """Two links that would throw each other out of one broker; topics that name nothing."""
    seen: dict[tuple[str, int, str], str] = {}
    for link in links:
        options = _options(link)
        place = (options.host, options.port, client_id(link))
        other = seen.setdefault(place, link.id)
        if other != link.id:
            message = f"links {other} and {link.id} use client id {place[2]!r} at one broker"
            yield Finding(message, link.id, key="client_id", hint="give each its own")
        for entry in link.devices:
            try:
                list(listeners(entry))
            except ValueError as error:
                yield Finding(str(error), link.id, entry.id, "topic_vars")


def _options(link: LinkEntry) -> MqttLink:
    if not isinstance(link.options, MqttLink):
        raise TypeError(f"link {link.id}: not a link of the mqtt driver")
    return link.options


def _cause(group: ExceptionGroup) -> Exception:
    """The one error behind a group; a bug before an error that was to be expected."""
    leaves = list(_leaves(group))
    bugs = [error for error in leaves if not isinstance(error, (IsogateError, OSError))]
    return (bugs or leaves)[0]


def _leaves(group: ExceptionGroup) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
