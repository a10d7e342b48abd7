"""What people of the site say that a code, a unit or a sender means, over the profiles."""

from gateway.mapping.desk import Mappings
from gateway.mapping.export import fragments
from gateway.mapping.mapping import (
    CodeMapping,
    Kept,
    SenderMapping,
    SiteMapping,
    UnitMapping,
    named,
    of_payload,
)
from gateway.mapping.overlay import Overlay

__all__ = [
    "CodeMapping",
    "Kept",
    "Mappings",
    "Overlay",
    "SenderMapping",
    "SiteMapping",
    "UnitMapping",
    "fragments",
    "named",
    "of_payload",
]
