"""The tables of the alarms; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE alarm(
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  standing TEXT NOT NULL,
  rank INTEGER NOT NULL,
  since INTEGER NOT NULL,
  raised INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  number INTEGER NOT NULL,
  active INTEGER NOT NULL,
  shelved_until INTEGER,
  seq INTEGER NOT NULL,
  raw INTEGER,
  state TEXT NOT NULL,
  facts TEXT NOT NULL,
  seen TEXT NOT NULL,
  actor TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX by_standing ON alarm(standing, rank) WHERE standing <> 'normal';
CREATE INDEX by_shelf ON alarm(shelved_until) WHERE shelved_until IS NOT NULL;
CREATE TABLE looked_at(upto INTEGER NOT NULL);
INSERT INTO looked_at VALUES(0);
CREATE TABLE cause(
  child TEXT NOT NULL, alarm TEXT NOT NULL, PRIMARY KEY(alarm, child)
) WITHOUT ROWID;
CREATE TABLE step(
  seq INTEGER NOT NULL,
  alarm TEXT NOT NULL,
  step TEXT NOT NULL,
  standing TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  note TEXT NOT NULL,
  refused TEXT NOT NULL,
  raw INTEGER,
  PRIMARY KEY(alarm, seq, step)
) WITHOUT ROWID;
CREATE INDEX step_by_seq ON step(seq);
"""
