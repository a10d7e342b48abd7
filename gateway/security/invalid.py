"""What a person or program filled in wrongly."""

from __future__ import annotations

from typing import Any

from gateway.web import Refusal


class Invalid(Refusal):
    """`field` is the one that it is about; `why` a message id, told beside it."""

    def __init__(self, field: str, why: str, **facts: Any) -> None:
        super().__init__(422, "Not accepted", why, "Correct it and send it again.", **facts)
        self.field = field
