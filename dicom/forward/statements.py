"""The statements of the queues. Each has an index: a queue holds all that was ever sent."""

from __future__ import annotations

COLUMNS = (
    "destination, seq, place, uid, sop_class, syntax, study, modality, digest, size, rule, coerce,"
    " queued, state, attempts, doubt, error, sent_as, trans, changed, altered"
)
_READ = COLUMNS.replace(
    " doubt,",
    " doubt AND NOT EXISTS(SELECT 1 FROM entry AS other"
    " WHERE other.uid = entry.uid AND +other.destination = entry.destination"
    " AND other.content <> entry.content AND (other.doubt OR other.sent_as <> '')),",
)
"""Where other content may have come under the same UID, a duplicate is not known to be ours."""
ADD = f"INSERT OR IGNORE INTO entry({COLUMNS}, content) VALUES({','.join('?' * 22)})"
LAST_PLACE = "SELECT coalesce(max(place), 0) FROM entry"
OF = " WHERE destination = ? AND seq = ?"
DOUBT = "UPDATE entry SET doubt = 1 WHERE destination = ? AND seq = ? AND state = 'waiting'"
FAIL = (
    "UPDATE entry SET attempts = attempts + 1, error = ?, doubt = doubt OR ?, changed = ?"
    " WHERE destination = ? AND seq = ?"
)
SETTLE = (
    "UPDATE entry SET state = ?1, attempts = iif(?1 = 'dead', attempts + 1, 0),"
    " doubt = iif(?1 = 'dead', doubt OR ?7, 0), altered = ?8,"
    " error = ?2, sent_as = ?3, trans = '', changed = ?4 WHERE destination = ?5 AND seq = ?6"
)
ASK = (
    "UPDATE entry SET trans = ?, changed = ?"
    " WHERE destination = ? AND seq = ? AND state = 'committing'"
)
ARCHIVE = (
    "UPDATE entry SET state = 'done', error = '', changed = ?"
    " WHERE destination = ? AND seq = ? AND state = 'committing'"
)
LAPSE = (
    "UPDATE entry SET state = ?, error = ?, trans = '', changed = ?, attempts = attempts + 1"
    " WHERE destination = ? AND seq = ? AND state = 'committing'"
)
ABANDON = (
    "UPDATE entry SET state = 'dropped', changed = ?"
    " WHERE destination = ? AND seq = ? AND state IN ('waiting', 'dead', 'committing')"
)
AGAIN = (
    "UPDATE entry SET state = 'waiting', attempts = 0, error = '', trans = '',"
    " doubt = doubt OR sent_as <> '', place = ?, changed = ?"
    " WHERE destination = ? AND seq = ? AND state <> 'waiting'"
)
OTHER = "SELECT 1 FROM entry WHERE uid = ? AND +destination = ? AND content <> ?"
"""The plus keeps SQLite from reading all of a destination."""
ENTRIES = f"SELECT {_READ} FROM entry"  # noqa: S608 - columns of our own
COUNTS = """
SELECT destination, state, count(*), sum(size), min(queued) FROM entry WHERE state <> 'done'
GROUP BY destination, state
"""
DONE = "INSERT INTO done VALUES(?, 1) ON CONFLICT(destination) DO UPDATE SET count = count + 1"
