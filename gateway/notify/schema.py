"""The tables of the notifier; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE matter(
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  open INTEGER NOT NULL,
  hidden INTEGER,
  device TEXT NOT NULL,
  source TEXT NOT NULL,
  notice TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX matter_open ON matter(seq) WHERE open;
CREATE INDEX matter_by_seq ON matter(seq);
CREATE TABLE silence(
  id INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  reason TEXT NOT NULL,
  by TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ended INTEGER
);
CREATE INDEX silence_standing ON silence(until) WHERE ended IS NULL;
"""
