"""Whether the gateway's own clock is right: every time of receipt hangs on it."""

from gateway.timekeeping.sntp import Offset
from gateway.timekeeping.watch import Standing, Verdict, Watch

__all__ = ["Offset", "Standing", "Verdict", "Watch"]
