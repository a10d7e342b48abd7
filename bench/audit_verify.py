"""Verifying a chain of a million entries.

The ceiling reads the same rows with SQLite and computes one HMAC-SHA-256 over each body: what
nobody can leave out.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from bench.case import Case, Options
from gateway.audit import verify
from gateway.audit.anchors import Anchor, Anchors
from gateway.audit.chain import START, Chain, Row
from gateway.audit.tables import Tables, rows_of
from gateway.model import Instant

_KEY = b"k" * 32
_GOAL_S = 5.0
_GROUP = 10_000
_BODY = (
    '{"name":"王护士","address":"10.1.2.3","subject":["7","his","","","",""],'
    '"objects":[["path","/samples/7"]]}'
).encode()
_FIRST = 1_795_435_200_000_000


def write_chain(path: Path, anchors: Path, count: int) -> None:
    """A whole chain of `count` entries with its head."""
    tables, heads = Tables(path), Anchors(anchors, _KEY)
    chain = Chain(_KEY)
    before, rows = START, []
    for seq in range(1, count + 1):
        row = Row(
            seq, _FIRST + seq, "person:wang", "results.read", "success", b"p" * 16, _BODY, b""
        )
        before = chain.mac(before, row)
        rows.append(row._replace(mac=before))
        if len(rows) == _GROUP or seq == count:
            tables.add(rows)
            rows = []
    heads.move(Anchor(count, Instant(_FIRST), before))
    heads.close()
    tables.close()


def ceiling(path: Path) -> None:
    keyed = HMAC(_KEY, SHA256())
    for row in rows_of(path):
        one = keyed.copy()
        one.update(row.body)
        one.finalize()


async def run(options: Options) -> Sequence[Case]:
    count = 2_000 if options.smoke else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path, anchors = Path(folder) / "audit.sqlite", Path(folder) / "anchors"
        write_chain(path, anchors, count)
        begun = time.perf_counter()
        ceiling(path)
        bare = time.perf_counter() - begun
        begun = time.perf_counter()
        verdict = verify(path, anchors, _KEY)
        ours = time.perf_counter() - begun
    if not verdict.is_whole or verdict.entries != count:
        raise AssertionError(verdict)
    return [
        Case(
            name="audit_verify",
            case=f"{count:,} entries, seconds",
            ours=ours,
            unit="s",
            better="lower",
            goal=_GOAL_S,
            size="one reading of patient data an entry, about 250 bytes",
        ),
        Case(
            name="audit_verify",
            case="against one HMAC a row",
            ours=ours,
            unit="s",
            better="lower",
            peer=bare,
            peer_name="SELECT and one HMAC-SHA-256 over each body",
            size="as above",
        ),
    ]
