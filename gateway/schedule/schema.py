"""The tables of the schedule; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE number(
  key BLOB PRIMARY KEY, owner BLOB NOT NULL, shared INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE noted(
  seq INTEGER PRIMARY KEY, appointment BLOB NOT NULL, at INTEGER NOT NULL, raw INTEGER,
  body BLOB NOT NULL
);
CREATE INDEX noted_by_appointment ON noted(appointment);
CREATE TABLE appointment(
  id BLOB PRIMARY KEY, start INTEGER, day TEXT NOT NULL, patient BLOB, open INTEGER NOT NULL,
  question INTEGER NOT NULL, entries INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX appointment_by_question ON appointment(start, id) WHERE question;
CREATE INDEX appointment_by_start ON appointment(start) WHERE start IS NOT NULL;
CREATE INDEX appointment_by_day ON appointment(day) WHERE start IS NULL;
CREATE INDEX appointment_by_patient ON appointment(patient) WHERE patient IS NOT NULL;
CREATE TABLE ordered(
  seq INTEGER PRIMARY KEY, owner BLOB NOT NULL, at INTEGER NOT NULL, raw INTEGER,
  body BLOB NOT NULL
);
CREATE INDEX ordered_by_owner ON ordered(owner);
CREATE TABLE orders(
  id BLOB PRIMARY KEY, at INTEGER NOT NULL, patient BLOB, open INTEGER NOT NULL,
  source TEXT NOT NULL, raw INTEGER, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX orders_by_patient ON orders(patient) WHERE patient IS NOT NULL;
CREATE INDEX orders_by_time ON orders(at);
CREATE TABLE gate(
  appointment BLOB, room TEXT, name TEXT, at INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT,
  PRIMARY KEY(appointment, room, name)
) WITHOUT ROWID;
CREATE TABLE unreadable(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, raw INTEGER, source TEXT NOT NULL,
  why TEXT NOT NULL
);
"""
