"""What lies where in the data directory of a gateway."""

from __future__ import annotations

STORE = "store"
"""Events, journal, tables: everything that a backup holds."""

TABLES = "store/tables.sqlite"

VIEWS = "store/views.sqlite"

OUTBOX = "store/outbox.sqlite"

KEYS = "keys/ring.json"
"""The usual place of the keyring, which no backup contains."""

CONTROL_SOCKET = "control.sock"

AUDIT = "store/audit.sqlite"

ANCHORS = "audit"
"""Where the end of the audit's chain is kept, outside its database."""

AUDIT_KEY = "keys/audit.key"
