"""The tables of the index; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE patient(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL, issuer TEXT NOT NULL,
  only_study TEXT NOT NULL,
  name TEXT NOT NULL, birth TEXT NOT NULL, sex TEXT NOT NULL,
  UNIQUE(id, issuer, only_study)
);
CREATE TABLE patient_name(
  word TEXT, patient INTEGER, PRIMARY KEY(word, patient)
) WITHOUT ROWID;
CREATE TABLE study(
  uid TEXT PRIMARY KEY,
  patient INTEGER NOT NULL REFERENCES patient(key),
  date TEXT NOT NULL, time TEXT NOT NULL,
  accession TEXT NOT NULL, id TEXT NOT NULL,
  description TEXT NOT NULL, referring TEXT NOT NULL,
  received INTEGER NOT NULL,
  day TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX study_by_patient ON study(patient);
CREATE INDEX study_by_day ON study(day);
CREATE INDEX study_by_accession ON study(accession) WHERE accession <> '';
CREATE INDEX study_by_received ON study(received);
CREATE TABLE sender(
  study TEXT, title TEXT, PRIMARY KEY(study, title)
) WITHOUT ROWID;
CREATE TABLE series(
  uid TEXT PRIMARY KEY,
  study TEXT NOT NULL REFERENCES study(uid),
  modality TEXT NOT NULL, number TEXT NOT NULL,
  description TEXT NOT NULL, date TEXT NOT NULL, time TEXT NOT NULL,
  body_part TEXT NOT NULL, station TEXT NOT NULL,
  protocol TEXT NOT NULL, institution TEXT NOT NULL, manufacturer TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX series_by_study ON series(study);
CREATE TABLE instance(
  uid TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  series TEXT NOT NULL, study TEXT NOT NULL,
  sop_class TEXT NOT NULL, number TEXT NOT NULL,
  digest TEXT NOT NULL, size INTEGER NOT NULL,
  received INTEGER NOT NULL,
  since INTEGER NOT NULL,
  sent TEXT NOT NULL,
  body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX instance_by_sent ON instance(sent) WHERE sent <> '';
CREATE INDEX instance_by_series ON instance(series);
CREATE INDEX instance_by_study ON instance(study);
CREATE INDEX instance_by_digest ON instance(digest);
CREATE INDEX instance_by_seq ON instance(seq);
CREATE TABLE conflict(
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  uid TEXT NOT NULL,
  digest TEXT NOT NULL, size INTEGER NOT NULL,
  received INTEGER NOT NULL,
  sent TEXT NOT NULL,
  words TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(seq, kind)
) WITHOUT ROWID;
CREATE INDEX conflict_by_digest ON conflict(digest);
CREATE INDEX conflict_by_sent ON conflict(sent) WHERE sent <> '';
CREATE INDEX conflict_by_uid ON conflict(uid);
CREATE TABLE held(study TEXT PRIMARY KEY, who TEXT NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL)
WITHOUT ROWID;
CREATE TABLE removed(
  seq INTEGER PRIMARY KEY,
  study TEXT NOT NULL,
  patient TEXT NOT NULL, issuer TEXT NOT NULL,
  rule TEXT NOT NULL,
  instances INTEGER NOT NULL, bytes INTEGER NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX removed_by_study ON removed(study);
CREATE TABLE leaving(
  removal INTEGER, digest TEXT, PRIMARY KEY(removal, digest)
) WITHOUT ROWID;
CREATE TABLE holding(
  sop_class TEXT, syntax TEXT, instances INTEGER NOT NULL, PRIMARY KEY(sop_class, syntax)
) WITHOUT ROWID;
CREATE TABLE total(
  instances INTEGER NOT NULL, bytes INTEGER NOT NULL, latest INTEGER NOT NULL
);
INSERT INTO total VALUES(0, 0, 0);
"""
