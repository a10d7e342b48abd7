"""The tables of reports; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE value(
  result BLOB PRIMARY KEY, seq INTEGER NOT NULL, device TEXT NOT NULL, test TEXT NOT NULL,
  state TEXT NOT NULL, at INTEGER NOT NULL, since INTEGER NOT NULL, raised INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX open_values ON value(since) WHERE state IN ('waiting', 'to-retract');
CREATE INDEX newest ON value(since);
CREATE INDEX by_seq ON value(seq);
CREATE TABLE report(
  act INTEGER PRIMARY KEY, result BLOB NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
  told TEXT NOT NULL, way TEXT NOT NULL, note TEXT NOT NULL
);
CREATE INDEX of_value ON report(result);
"""
