"""The laboratory's table; `gateway.projection` keeps it."""

SCHEMA = """
CREATE TABLE result(
  seq INTEGER PRIMARY KEY,
  id BLOB NOT NULL,
  device TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL,
  specimen TEXT NOT NULL, issuer TEXT NOT NULL,
  status TEXT NOT NULL, level INTEGER NOT NULL,
  received INTEGER NOT NULL, raw INTEGER, observed INTEGER, same BLOB,
  alike BLOB NOT NULL, again INTEGER NOT NULL,
  listed INTEGER NOT NULL,
  version INTEGER NOT NULL, current INTEGER NOT NULL,
  repeats INTEGER, supersedes INTEGER,
  body BLOB NOT NULL
);
CREATE INDEX by_sample ON result(specimen, device, system, code) WHERE specimen <> '';
CREATE INDEX by_device ON result(device, seq) WHERE current;
CREATE INDEX unusual ON result(status, seq) WHERE current AND status <> 'final';
CREATE INDEX critical ON result(seq) WHERE listed;
CREATE INDEX critical_since ON result(received) WHERE listed;
CREATE INDEX by_received ON result(received) WHERE current;
CREATE INDEX by_raw ON result(raw) WHERE raw IS NOT NULL;
CREATE INDEX by_same ON result(same) WHERE same IS NOT NULL;
CREATE INDEX by_repeats ON result(repeats) WHERE repeats IS NOT NULL;
CREATE INDEX by_supersedes ON result(supersedes) WHERE supersedes IS NOT NULL;
"""
