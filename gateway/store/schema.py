"""The tables of a segment, and the version of the data directory that they belong to."""

from __future__ import annotations

FORMAT = 4
"""Version of the data directory. Any other is refused: it may hold what we would misread."""

TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL, device TEXT NOT NULL, driver TEXT NOT NULL, version TEXT NOT NULL,
  kind TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, unit TEXT NOT NULL,
  simulated INTEGER NOT NULL, token INTEGER NOT NULL
);
CREATE TABLE channel(
  id INTEGER PRIMARY KEY,
  link TEXT NOT NULL, device TEXT NOT NULL, direction TEXT NOT NULL, session TEXT NOT NULL
);
CREATE TABLE block(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE block_channel(
  channel INTEGER NOT NULL, bucket INTEGER NOT NULL, PRIMARY KEY(channel, bucket)
) WITHOUT ROWID;
CREATE TABLE event(
  seq INTEGER PRIMARY KEY,
  span INTEGER NOT NULL,
  id_high INTEGER NOT NULL,
  id_low INTEGER NOT NULL,
  device INTEGER NOT NULL,
  series INTEGER,
  received INTEGER NOT NULL,
  observed INTEGER NOT NULL,
  raw INTEGER,
  marks INTEGER NOT NULL,
  text TEXT,
  number REAL,
  subject BLOB,
  body BLOB
);
CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY, raw INTEGER NOT NULL, link TEXT NOT NULL, device TEXT NOT NULL,
  reason TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE resolution(quarantine INTEGER PRIMARY KEY, at INTEGER NOT NULL, body BLOB NOT NULL);
"""
"""One segment: the facts of one month and retention class.

An `event` row is one event, or the events of one message or poll (`body` holds them in columns,
`span` is their number less one, the id that of their occurrence). `observed` is relative to
`received`. `subject` finds a patient's events (`gateway.store.subject`). Quarantine entries share
the sequence of events, so both are ordered across segments.

Where `meta` names a key, every body and block is sealed with it. In plain text are then, beside
times and numbers, the names of links, devices, points, units and sessions, and in segments of
telemetry the numbers that came alone.
"""

INDEXES = """
CREATE INDEX event_id ON event(id_high);
CREATE INDEX event_device ON event(device);
CREATE INDEX event_subject ON event(subject) WHERE subject IS NOT NULL;
"""
"""Ids are found by their first half and compared whole: half the index for the same certainty."""

SEGMENT = TABLES + INDEXES

INSERT_BLOCK = "INSERT INTO block VALUES(?,?,?)"
INSERT_BLOCK_CHANNEL = "INSERT OR IGNORE INTO block_channel VALUES(?,?)"
INSERT_EVENT = "INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
INSERT_QUARANTINE = "INSERT INTO quarantine VALUES(?,?,?,?,?,?,?)"
INSERT_RESOLUTION = "INSERT OR IGNORE INTO resolution VALUES(?,?,?)"
INSERT_DEVICE = "INSERT INTO device VALUES(?,?)"
INSERT_SERIES = "INSERT INTO series VALUES(?,?,?,?,?,?,?,?,?,?,?)"
INSERT_CHANNEL = "INSERT INTO channel VALUES(?,?,?,?,?)"
