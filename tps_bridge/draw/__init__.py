"""Pictures of beams as SVG, made here: no script, no style, colours by the page's classes. Pure."""

from tps_bridge.draw.eye import Eye, eye
from tps_bridge.draw.trajectory import Curve, Trajectory, trajectory

__all__ = ["Curve", "Eye", "Trajectory", "eye", "trajectory"]
