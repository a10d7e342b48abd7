"""From a device's words to events: pure, driven by the profile."""

from gateway.normalizer.change import ChangeFilter
from gateway.normalizer.interpret import Interpretation, Interpreter, PollInterpretation
from gateway.normalizer.meaning import Finding

__all__ = ["ChangeFilter", "Finding", "Interpretation", "Interpreter", "PollInterpretation"]
