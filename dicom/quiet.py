"""pydicom quotes the values that it complains of, and a value may name a patient."""

from __future__ import annotations

import logging
import warnings


def keep_values_out_of_the_log() -> None:
    """For the whole process: pydicom's own words go nowhere. What matters we say ourselves."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module=r"pydicom\.")
