"""One connection to a broker. The only module that knows paho-mqtt."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from drivers.mqtt.codec import Connack, Publish, encode, puback, strip_length
from drivers.mqtt.profile import MQTT_5, MqttLink, Tls
from gateway import DeviceUnavailable, Direction, ProtocolViolation, Tap, sentence

log = logging.getLogger(__name__)

MAX_PACKET = 1_048_576
"""Bytes of the largest packet that an MQTT 5 broker may send us."""

_ANSWER = 10.0
_FAREWELL = 1.0
_BURST = 256

_NEWLY = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
_ALWAYS = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE

_SHORTEST = 60
"""Seconds; a broker that forgets us sooner forgets what came during a reconnect."""


class Session:
    """A connected client. Its acknowledgements are of this connection and die with it.

    Nothing is discarded: when `in_flight` messages wait to be received, the socket is not read.
    """

    def __init__(self, name: str, client_id: str, options: MqttLink, tap: Tap) -> None:
        self._name = name
        self._options = options
        self._tap = tap
        self._loop = asyncio.get_running_loop()
        self._client = _client(client_id, options)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_socket_open = self._on_socket_open
        self._socket: Any = None
        self._connack: asyncio.Future[Connack] = self._loop.create_future()
        self._subscribed: dict[int, tuple[str, asyncio.Future[None]]] = {}
        self._inbox: list[Publish] = []
        self._arrived = asyncio.Event()
        self._reading = False
        self._lost: Exception | None = None
        self._closed = False

    async def connect(self) -> Connack:
        """Connect and wait for the broker's answer; DeviceUnavailable if it doesn't take us."""
        options = self._options
        try:
            await asyncio.to_thread(
                self._client.connect,
                options.host,
                options.port,
                options.keepalive,
                clean_start=False
                if options.version == MQTT_5
                else paho.MQTT_CLEAN_START_FIRST_ONLY,
                properties=_connect_properties(options),
            )
        except OSError as error:
            raise self._unavailable(sentence("can't be reached: {error}", error=error)) from error
        self._attach()
        try:
            async with asyncio.timeout(_ANSWER):
                return await self._connack
        except TimeoutError as error:
            raise self._unavailable(sentence("does not answer")) from error

    async def subscribe(self, filters: Sequence[str], replay: Container[str]) -> None:
        """Subscribe; DeviceUnavailable if the broker refuses a filter, or grants it less QoS.

        An MQTT 5 broker sends the retained messages of a subscription that it knows already only
        for the filters in `replay`, an older one always.
        """
        for pattern in filters:
            if self._options.version == MQTT_5:
                handling = _NEWLY if pattern not in replay else _ALWAYS
                options = SubscribeOptions(qos=self._options.qos, retainHandling=handling)
                _, number = self._client.subscribe(pattern, options=options)
            else:
                _, number = self._client.subscribe(pattern, self._options.qos)
            if number is None:
                raise self._lost or self._unavailable(sentence("is gone"))
            self._subscribed[number] = pattern, self._loop.create_future()
        try:
            async with asyncio.timeout(_ANSWER):
                await asyncio.gather(*(answer for _, answer in self._subscribed.values()))
        except TimeoutError as error:
            raise self._unavailable(sentence("does not answer a subscription")) from error

    def unsubscribe(self, topic: str) -> None:
        """Ask the broker to send nothing more on `topic`; nobody waits for its answer."""
        if self._lost is None:
            self._client.unsubscribe(topic)

    async def receive(self) -> list[Publish]:
        """At least one message, in order of arrival; raises what ended the connection."""
        while not self._inbox:
            if self._lost is not None:
                raise self._lost
            self._arrived.clear()
            await self._arrived.wait()
        messages, self._inbox = self._inbox, []
        self._resume()
        return messages

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send a PUBACK for each, in this order, together."""
        if self._lost is not None:
            return
        for packet_id in packet_ids:
            self._client.ack(packet_id, 1)
        self._tap(Direction.OUT, b"".join(map(puback, packet_ids)))

    async def stay_alive(self) -> None:
        """Keep the connection alive while the session lasts."""
        while self._lost is None:
            self._client.loop_misc()
            await asyncio.sleep(1)

    async def close(self) -> None:
        """Send what waits to be sent, then DISCONNECT; give up after a second."""
        self._closed = True
        if self._socket is None:
            return
        try:
            async with asyncio.timeout(_FAREWELL):
                if self._lost is None:
                    self._client.disconnect()
                while self._lost is None:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            pass
        finally:
            self._detach()

    def _attach(self) -> None:
        self._socket = self._client.socket()
        self._client.on_socket_register_write = self._on_register_write
        self._client.on_socket_unregister_write = self._on_unregister_write
        self._client.on_socket_close = self._on_socket_close
        if self._client.want_write():
            self._loop.add_writer(self._socket, self._client.loop_write)
        self._resume()

    def _detach(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    def _resume(self) -> None:
        if not self._reading and self._socket is not None and self._lost is None:
            self._reading = True
            self._loop.add_reader(self._socket, self._readable)
            self._go_on()

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def _go_on(self) -> None:
        """Read what TLS has decrypted already: no readiness of the socket will announce it."""
        if _pending(self._socket):
            self._loop.call_soon(self._readable)

    def _readable(self) -> None:
        if not self._reading:
            return
        for _ in range(_BURST):
            before = len(self._inbox)
            self._client.loop_read()
            if self._lost is not None:
                return
            if len(self._inbox) >= self._options.in_flight:
                self._pause()
                return
            if len(self._inbox) == before and not _pending(self._socket):
                return
        self._go_on()

    def _on_connect(
        self, _client: paho.Client, _data: Any, flags: paho.ConnectFlags,
        reason: ReasonCode, properties: Properties | None,
    ) -> None:  # fmt: skip
        encoded = None
        if self._options.version == MQTT_5:
            encoded = _encoded(properties)
        answer = Connack(bool(flags.session_present), reason.value, encoded)
        self._tap(Direction.IN, encode(answer))
        if self._connack.done():
            return
        if reason.is_failure:
            self._end(
                self._unavailable(sentence("refuses the connection: {reason}", reason=reason))
            )
        elif why := self._shortcoming(properties):
            self._end(self._unavailable(why))
        else:
            self._connack.set_result(answer)

    def _shortcoming(self, properties: Properties | None) -> str:
        """What this broker will not do that nothing may be lost without (MQTT 5, 3.2.2.3)."""
        if getattr(properties, "MaximumQoS", 1) < self._options.qos:
            return sentence("delivers with QoS 0 only, which loses messages: say so with `qos: 0`")
        kept = getattr(properties, "SessionExpiryInterval", self._options.session_expiry)
        if kept < _SHORTEST and self._options.qos:
            return sentence("keeps messages for {seconds} s only, which loses some", seconds=kept)
        if kept < self._options.session_expiry:
            log.warning(
                "Link %s: the broker keeps messages for %d s, not for `session_expiry` %d s.",
                self._name,
                kept,
                self._options.session_expiry,
            )
        return ""

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._end(ProtocolViolation(sentence("the broker sent a topic that is not UTF-8")))
            return
        properties = None
        if self._options.version == MQTT_5:
            properties = _encoded(message.properties)
        packet = Publish(
            topic, bytes(message.payload), message.qos, message.mid, message.dup, message.retain,
            properties,
        )  # fmt: skip
        self._inbox.append(packet)
        self._arrived.set()

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, number: int,
        reasons: list[ReasonCode], _properties: Properties | None,
    ) -> None:  # fmt: skip
        pattern, answered = self._subscribed.pop(number, ("", None))
        if answered is None or answered.done():
            return
        for reason in reasons:
            if reason.is_failure:
                why = sentence(
                    "refuses the subscription to {filter}: {reason}", filter=pattern, reason=reason
                )
            elif reason.value < self._options.qos:
                why = sentence(
                    "grants {filter} with QoS 0 only, which loses messages: say so with `qos: 0`",
                    filter=pattern,
                )
            else:
                continue
            answered.set_exception(self._unavailable(why))
            return
        answered.set_result(None)

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: paho.DisconnectFlags,
        reason: ReasonCode, _properties: Properties | None,
    ) -> None:  # fmt: skip
        self._end(self._unavailable(sentence("closed the connection: {reason}", reason=reason)))

    def _end(self, error: Exception) -> None:
        """The connection is over; the first reason counts."""
        if self._lost is not None:
            return
        self._lost = error
        if not self._connack.done():
            self._connack.set_exception(error)
        for _, answer in self._subscribed.values():
            if not answer.done():
                answer.set_exception(error)
        self._arrived.set()

    def _on_socket_open(self, _client: paho.Client, _data: Any, _sock: Any) -> None:
        """A late connection, in its thread, must not take the session from the next one."""
        if self._closed:
            raise ConnectionAbortedError

    def _on_register_write(self, _client: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._client.loop_write)

    def _on_unregister_write(self, _client: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_socket_close(self, _client: paho.Client, _data: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)
        self._reading = False
        self._socket = None

    def _unavailable(self, what: str) -> DeviceUnavailable:
        options = self._options
        place = f"{options.host}:{options.port}"
        return DeviceUnavailable(sentence("broker {place}: {why}", place=place, why=what))


@asynccontextmanager
async def open_session(
    name: str, client_id: str, options: MqttLink, tap: Tap
) -> AsyncIterator[tuple[Session, Connack]]:
    """A session at the broker and the broker's answer; closed politely at the end."""
    session = Session(name, client_id, options, tap)
    try:
        yield session, await session.connect()
    finally:
        await session.close()


def _client(client_id: str, options: MqttLink) -> paho.Client:
    is_5 = options.version == MQTT_5
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=None if is_5 else False,
        protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    if options.username is not None:
        secret = options.password
        client.username_pw_set(options.username, secret.get_secret_value() if secret else None)
    if options.tls is not None:
        client.tls_set_context(_tls(options.tls))
    return client


def _tls(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def _clean_start(options: MqttLink) -> bool | int:
    """Never; MQTT 3.1.1 says so by `clean_session` and knows no other word."""
    return False if options.version == MQTT_5 else paho.MQTT_CLEAN_START_FIRST_ONLY


def _connect_properties(options: MqttLink) -> Properties | None:
    if options.version != MQTT_5:
        return None
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = options.session_expiry
    properties.ReceiveMaximum = options.in_flight
    properties.MaximumPacketSize = MAX_PACKET
    return properties


def _encoded(properties: Any) -> bytes:
    return strip_length(properties.pack()) if properties is not None else b""


def _pending(sock: Any) -> bool:
    """Whether TLS holds decrypted bytes that no readiness of the socket will announce."""
    return isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
