"""What pydicom says of a value stays out of the log."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset

from dicom.quiet import keep_values_out_of_the_log

BIRTH = "3 Feb 1961"


@pytest.fixture
def pydicom_log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("pydicom")
    level = logger.level
    yield logger
    logger.setLevel(level)


def complain() -> None:
    made = Dataset()
    made.PatientBirthDate = BIRTH


def test_a_value_that_breaks_a_rule_is_quoted_nowhere(
    pydicom_log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        complain()
        assert said, "it complains by itself"
        assert BIRTH in str(said[0].message) + caplog.text
        caplog.clear()
        said.clear()
        keep_values_out_of_the_log()
        complain()
    assert [str(each.message) for each in said] == []
    assert caplog.text == ""
