"""MSH: who sends what, and whether it is anything that is taken."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.hl7.message import Message, Segment
from drivers.hl7.refusal import missing, rejected
from gateway import sentence

VERSIONS = (
    *("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1"),
    *("2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"),
)
RESULTS = frozenset({"ORU^R01", "OUL^R21", "OUL^R22", "OUL^R23", "OUL^R24"})
PATIENTS = frozenset(
    f"ADT^A{number}"
    for number in (
        *("01", "02", "03", "04", "05", "06", "07", "08", "11", "13", "18", "24", "28", "31"),
        *("34", "36", "37", "40"),
    )
)
APPOINTMENTS = frozenset(f"SIU^S{number}" for number in (*range(12, 25), 26))
"""S25 is a query (HL7 v2.5.1, 10.4.15), not a notification."""

ORDERS = frozenset({"ORM^O01", "OMG^O19", "OML^O21", "OML^O33", "OML^O35"})
ACCEPTED = RESULTS | PATIENTS | APPOINTMENTS | ORDERS
ACKNOWLEDGEMENT = "ACK"

_TYPES = frozenset(kind.split("^")[0] for kind in ACCEPTED)
_PROCESSING = frozenset({"", "P", "Q"})
_UNSTATED_VERSION = "2.3.1"
_CONDITIONS = frozenset({"AL", "NE", "ER", "SU"})


@dataclass(frozen=True, slots=True)
class Header:
    """What an answer needs to know of a message. `accept` and `application` are MSH-15 and -16.

    Chinese analyzers write other things into MSH-16 (0 result, 1 calibration, 2 control): only
    the codes of HL7 table 0155 ask for the enhanced mode.
    """

    application: str
    facility: str
    receiver: str
    receiving_facility: str
    code: str
    trigger: str
    control_id: str
    processing: str
    version: str
    charset: str
    accept_when: str
    answer_when: str
    marked: str

    @classmethod
    def of(cls, message: Message) -> Header:
        msh = message.header
        kind = msh.components(9)
        accept, answer = msh.component(15), msh.component(16)
        return cls(
            application=msh.text(3),
            facility=msh.text(4),
            receiver=msh.text(5),
            receiving_facility=msh.text(6),
            code=kind[0].strip(),
            trigger=kind[1].strip() if len(kind) > 1 else "",
            control_id=msh.text(10).strip(),
            processing=msh.component(11).strip(),
            version=_version(msh),
            charset=msh.raw(18),
            accept_when=accept if accept in _CONDITIONS else "",
            answer_when=answer if answer in _CONDITIONS else "",
            marked=msh.raw(16),
        )

    @property
    def kind(self) -> str:
        """`ORU^R01`."""
        return f"{self.code}^{self.trigger}"

    @property
    def enhanced(self) -> bool:
        return bool(self.accept_when or self.answer_when)

    @property
    def senders(self) -> tuple[str, ...]:
        """The names it may be known by, the more exact one first."""
        application = self.application.split("^")[0].strip()
        facility = self.facility.split("^")[0].strip()
        return (f"{application}|{facility}", application)

    def before(self, version: str) -> bool:
        """Whether the message is of an older version than this one."""
        return VERSIONS.index(self.version) < VERSIONS.index(version)

    @property
    def known_version(self) -> bool:
        return self.version in VERSIONS


def check_header(header: Header) -> None:
    """Refusal: AR for what is not taken (200 to 203), AE 101 for what must be said and is not."""
    if not header.code:
        raise missing(sentence("the message type"), "MSH-9")
    if header.code not in _TYPES:
        why = sentence("messages of type {type} are not taken here", type=header.code[:20])
        raise rejected(200, why, "MSH-9.1")
    if header.kind not in ACCEPTED:
        why = sentence("{type} is not taken here", type=header.kind[:40])
        raise rejected(201, why, "MSH-9.2")
    if not header.known_version:
        why = sentence("version {version} is not known here", version=repr(header.version[:20]))
        raise rejected(203, why, "MSH-12")
    if header.processing not in _PROCESSING:
        why = sentence("processing id {id} is not taken", id=repr(header.processing[:10]))
        raise rejected(202, why, "MSH-11")
    if not header.control_id:
        raise missing(sentence("the message control id"), "MSH-10")


def _version(msh: Segment) -> str:
    return msh.component(12).strip() or _UNSTATED_VERSION
