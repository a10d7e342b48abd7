"""The tables of patients; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE member(key BLOB PRIMARY KEY, family INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX by_family ON member(family);
CREATE TABLE heard(
  seq INTEGER PRIMARY KEY, family INTEGER NOT NULL, at INTEGER NOT NULL, raw INTEGER,
  same BLOB UNIQUE, body BLOB NOT NULL
);
CREATE INDEX heard_by_family ON heard(family);
CREATE TABLE record(key BLOB PRIMARY KEY, root BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX record_by_root ON record(root);
CREATE TABLE person(key BLOB PRIMARY KEY, changed INTEGER NOT NULL, body BLOB NOT NULL)
  WITHOUT ROWID;
CREATE INDEX person_by_change ON person(changed);
CREATE TABLE claim(number BLOB, record BLOB, body BLOB NOT NULL, PRIMARY KEY(number, record))
  WITHOUT ROWID;
CREATE INDEX claim_by_record ON claim(record);
CREATE TABLE term(term BLOB, person BLOB, PRIMARY KEY(term, person)) WITHOUT ROWID;
CREATE INDEX term_by_person ON term(person);
CREATE TABLE question(
  id BLOB PRIMARY KEY, family INTEGER, number BLOB, since INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX question_by_family ON question(family);
CREATE INDEX question_by_number ON question(number);
CREATE TABLE about(question BLOB, record BLOB, field TEXT NOT NULL, PRIMARY KEY(question, record))
  WITHOUT ROWID;
CREATE INDEX about_by_record ON about(record);
CREATE TABLE dismissed(
  id BLOB PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL,
  actor TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
"""
