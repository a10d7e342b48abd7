"""From a device's words to events: pure, driven by the profile."""

from gateway.normalizer.change import ChangeFilter
from gateway.normalizer.interpret import (
    Finding,
    Interpretation,
    Interpreter,
    PollInterpretation,
)

__all__ = ["ChangeFilter", "Finding", "Interpretation", "Interpreter", "PollInterpretation"]
