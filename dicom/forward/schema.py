"""The tables of the queues; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE rules(payload TEXT NOT NULL);
CREATE TABLE entry(
  destination TEXT NOT NULL,
  seq INTEGER NOT NULL,
  place INTEGER NOT NULL,
  uid TEXT NOT NULL, sop_class TEXT NOT NULL, syntax TEXT NOT NULL,
  study TEXT NOT NULL, modality TEXT NOT NULL,
  digest TEXT NOT NULL, size INTEGER NOT NULL, content TEXT NOT NULL,
  rule TEXT NOT NULL, coerce TEXT NOT NULL,
  queued INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  doubt INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  sent_as TEXT NOT NULL DEFAULT '',
  trans TEXT NOT NULL DEFAULT '',
  changed INTEGER NOT NULL,
  altered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(destination, seq)
) WITHOUT ROWID;
CREATE INDEX entry_by_state ON entry(destination, state, place);
CREATE INDEX entry_open ON entry(destination, state, size, queued) WHERE state <> 'done';
CREATE INDEX entry_dead ON entry(destination) WHERE state = 'dead';
CREATE INDEX entry_by_uid ON entry(uid);
CREATE INDEX entry_by_study ON entry(study);
CREATE INDEX entry_by_transaction ON entry(trans) WHERE trans <> '';
CREATE TABLE done(destination TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE lane(
  destination TEXT NOT NULL, lane INTEGER NOT NULL,
  seqs TEXT NOT NULL,
  PRIMARY KEY(destination, lane)
) WITHOUT ROWID;
"""
