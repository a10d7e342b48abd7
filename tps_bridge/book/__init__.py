"""What came and what was noted, folded from events: plans, records, their comparisons, acts."""

from tps_bridge.book.book import Book
from tps_bridge.book.byhand import Reading
from tps_bridge.book.card import (
    BeamCard,
    Comparison,
    PlanCard,
    PlanRow,
    RecordCard,
    RecordRow,
    SummaryRow,
    Trouble,
    card_of,
    record_card_of,
)
from tps_bridge.book.corrected import (
    Adrift,
    Correction,
    Unsure,
    corrections,
    unsure,
    unsure_adrift,
)
from tps_bridge.book.noted import Act, Note, second_of
from tps_bridge.book.whose import Attribution, Stranger, attributions, strangers

__all__ = [
    "Act",
    "Adrift",
    "Attribution",
    "BeamCard",
    "Book",
    "Comparison",
    "Correction",
    "Note",
    "PlanCard",
    "PlanRow",
    "Reading",
    "RecordCard",
    "RecordRow",
    "Stranger",
    "SummaryRow",
    "Trouble",
    "Unsure",
    "attributions",
    "card_of",
    "corrections",
    "record_card_of",
    "second_of",
    "strangers",
    "unsure",
    "unsure_adrift",
]
