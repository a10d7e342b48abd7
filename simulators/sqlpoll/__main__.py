"""`python -m simulators.sqlpoll FILE`: a SQLite file that fills with results until Ctrl-C."""

from __future__ import annotations

import argparse
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from simulators.sqlpoll.laboratory import Laboratory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rate", type=float, default=1.0, help="results a second")
    arguments = parser.parse_args()
    with closing(sqlite3.connect(arguments.file)) as connection, suppress(KeyboardInterrupt):
        laboratory = Laboratory(connection)
        laboratory.create()
        while True:
            laboratory.step()
            time.sleep(1 / arguments.rate)


if __name__ == "__main__":
    main()
