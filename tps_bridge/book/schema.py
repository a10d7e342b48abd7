"""The tables of the book; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE object(
  uid TEXT PRIMARY KEY,
  blob TEXT NOT NULL, size INTEGER NOT NULL, syntax TEXT NOT NULL,
  sop_class TEXT NOT NULL,
  seq INTEGER NOT NULL, received INTEGER NOT NULL,
  patient TEXT NOT NULL, issuer TEXT NOT NULL,
  state TEXT NOT NULL,
  what TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX object_unread ON object(patient) WHERE state IN ('unread', 'waiting');
CREATE INDEX object_waiting ON object(seq) WHERE state = 'waiting';
CREATE TABLE other(
  uid TEXT NOT NULL, blob TEXT NOT NULL, sop_class TEXT NOT NULL,
  seq INTEGER NOT NULL, received INTEGER NOT NULL,
  PRIMARY KEY(uid, blob)
) WITHOUT ROWID;
CREATE TABLE plan(
  uid TEXT PRIMARY KEY,
  patient TEXT NOT NULL, issuer TEXT NOT NULL,
  digest TEXT NOT NULL,
  seq INTEGER NOT NULL, received INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT '',
  planned INTEGER, delivered INTEGER NOT NULL DEFAULT 0, partial INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0, last_day TEXT NOT NULL DEFAULT '',
  card BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX plan_by_patient ON plan(patient, issuer);
CREATE TABLE record(
  uid TEXT PRIMARY KEY,
  plan TEXT NOT NULL,
  patient TEXT NOT NULL, issuer TEXT NOT NULL,
  seq INTEGER NOT NULL, received INTEGER NOT NULL,
  verification TEXT NOT NULL,
  strange INTEGER, uncounted INTEGER NOT NULL DEFAULT 0,
  card BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX record_strange ON record(seq) WHERE strange;
CREATE INDEX record_uncounted ON record(seq) WHERE uncounted;
CREATE INDEX record_by_plan ON record(plan);
CREATE INDEX record_doubtful ON record(uid)
  WHERE verification IN ('NOT_VERIFIED', 'VERIFIED_OVR');
CREATE INDEX record_by_patient ON record(patient, issuer);
CREATE TABLE volume(
  uid TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  plan TEXT NOT NULL,
  card BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX volume_by_plan ON volume(plan) WHERE plan <> '';
CREATE TABLE summary(
  uid TEXT PRIMARY KEY,
  plan TEXT NOT NULL,
  seq INTEGER NOT NULL, received INTEGER NOT NULL,
  open INTEGER NOT NULL,
  card BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX summary_by_plan ON summary(plan);
CREATE INDEX summary_open ON summary(seq) WHERE open;
CREATE TABLE compared(
  record TEXT PRIMARY KEY,
  digest TEXT NOT NULL,
  worst INTEGER NOT NULL,
  notes INTEGER NOT NULL, warnings INTEGER NOT NULL, alarms INTEGER NOT NULL,
  what TEXT NOT NULL,
  untold INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE noted(
  seq INTEGER PRIMARY KEY,
  act TEXT NOT NULL, plan TEXT NOT NULL,
  who TEXT NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL,
  facts BLOB NOT NULL
);
CREATE INDEX noted_by_plan ON noted(plan);
CREATE TABLE hand_open(plan TEXT PRIMARY KEY) WITHOUT ROWID;
"""
