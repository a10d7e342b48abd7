"""How a title answers queries, in the section `dicom` of devices.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dicom.storage.charset import known_charset

Charset = Annotated[str, AfterValidator(known_charset)]


class AnswerOptions(BaseModel):
    """Limits and character sets of answers.

    A caller of `charsets` is answered in its set; others in that of their query, else in
    `charset`. What a set lacks is answered in Unicode (ISO_IR 192), never with a question mark.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    most: int = Field(default=5000, ge=1, le=1_000_000, description="answers to one query")
    charset: Charset = Field(default="ISO_IR 192", description="where the query says nothing")
    charsets: Mapping[str, Charset] = Field(default={}, description="by calling AE title")

    def preferred(self, calling: str, asked: str) -> tuple[str, ...]:
        """Character sets for a caller whose query is in `asked`, the best first."""
        own = self.charsets.get(calling)
        return tuple(filter(None, (own, asked, self.charset)))
