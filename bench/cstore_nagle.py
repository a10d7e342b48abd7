"""C-STORE from DCMTK's storescu as it comes, which waits for ACKs (Nagle)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench._dicom_side import ct_files, rt_files, servers
from bench.case import Case, Options
from bench.cstore import Load, measure

LOADS = (
    Load("CT 512 x 512, unmodified storescu", ct_files, 30, 1, {"orthanc": 15, "storescp": 15}),
    Load("RT records, unmodified storescu", rt_files, 30, 1, {"orthanc": 15, "storescp": 15}),
)


async def run(options: Options) -> Sequence[Case]:
    """Rounds in turn, the same files to each."""
    rounds = 1 if options.smoke else 5
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="isogate-bench-") as folder:
        home = Path(folder)
        async with servers(home, nagle=True) as found:
            for load in LOADS:
                cases += await measure(
                    load,
                    home,
                    found,
                    rounds,
                    smoke=options.smoke,
                    nagle=True,
                    name="cstore_nagle",
                )
    return cases
