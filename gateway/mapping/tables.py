"""The mappings in force, folded from what people did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

import apsw

from gateway.mapping.mapping import SET, WITHDRAW, Kept, of_payload
from gateway.model import DeviceEvent, Instant
from gateway.room import ACTION_SYSTEM

_SCHEMA = """
CREATE TABLE mapping(
  kind TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
  payload TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY(kind, scope, name)
);
"""
_PUT = "INSERT OR REPLACE INTO mapping VALUES(?,?,?,?,?,?,?)"


class Tables:
    """Mappings by kind, scope and name, on the connection of their projection."""

    format: ClassVar = 1
    schema: ClassVar = _SCHEMA

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def fold(self, events: Sequence[DeviceEvent]) -> Sequence[DeviceEvent]:
        for event in events:
            if event.code.system == ACTION_SYSTEM and event.payload:
                self._fold(event)
        return ()

    def all(self) -> list[Kept]:
        """Every mapping in force, in the order in which they were set."""
        rows = self._connection.execute("SELECT payload, actor, at, seq FROM mapping ORDER BY seq")
        return [
            Kept(of_payload(json.loads(str(payload))), str(actor), Instant(int(at)), int(seq))
            for payload, actor, at, seq in rows
        ]

    def _fold(self, event: DeviceEvent) -> None:
        payload = event.payload or {}
        key = tuple(str(payload.get(name, "")) for name in ("kind", "scope", "key"))
        match event.code.code:
            case code if code == SET:
                text = json.dumps(dict(payload), ensure_ascii=False)
                self._connection.execute(
                    _PUT, (*key, text, event.actor, event.received_at, event.seq)
                )
            case code if code == WITHDRAW:
                self._connection.execute(
                    "DELETE FROM mapping WHERE kind = ? AND scope = ? AND name = ?", key
                )
