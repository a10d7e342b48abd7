"""Pages of plans: courses, a patient's course, a plan, a difference."""

from tps_bridge.pages.course import CoursePages
from tps_bridge.pages.difference import DifferencePages
from tps_bridge.pages.dose import DosePages
from tps_bridge.pages.hand import HandPages
from tps_bridge.pages.kin import KinPages
from tps_bridge.pages.plan import PlanPages
from tps_bridge.pages.records import RecordPages
from tps_bridge.pages.session import SessionPages
from tps_bridge.pages.session_api import SessionApi

__all__ = [
    "CoursePages",
    "DifferencePages",
    "DosePages",
    "HandPages",
    "KinPages",
    "PlanPages",
    "RecordPages",
    "SessionApi",
    "SessionPages",
]
