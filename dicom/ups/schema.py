"""Tables of work items and who hears of them; `gateway.projection` keeps them."""

SCHEMA = """
CREATE TABLE item(
  uid TEXT PRIMARY KEY, state TEXT NOT NULL, version INTEGER NOT NULL, changed INTEGER NOT NULL,
  lock TEXT NOT NULL, owner TEXT NOT NULL, keeper TEXT NOT NULL, content BLOB NOT NULL
);
CREATE INDEX item_state ON item(state, changed);
CREATE TABLE subscription(
  uid TEXT NOT NULL, title TEXT NOT NULL, called TEXT NOT NULL, lock INTEGER NOT NULL,
  PRIMARY KEY(uid, title)
) WITHOUT ROWID;
CREATE INDEX subscription_title ON subscription(title);
CREATE TABLE standing(
  title TEXT PRIMARY KEY, called TEXT NOT NULL, lock INTEGER NOT NULL, keys BLOB
) WITHOUT ROWID;
"""
