"""The statement as a document, in the form of PS3.2 Annex A. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dicom.conformance.keys import query_keys, step_attributes, worklist_keys
from dicom.conformance.statement import Entity, Offered, Statement
from dicom.storage.classes import name_of

_FEW = 6
"""Transfer syntaxes that are named in a table; a longer list is named once, below it."""

_SERVICES = {
    "verification": "Verification",
    "storage": "Storage",
    "find": "Query",
    "move": "Retrieve (C-MOVE)",
    "get": "Retrieve (C-GET)",
    "worklist": "Modality Worklist",
    "performed-steps": "Modality Performed Procedure Step",
    "commitment": "Storage Commitment",
    "ups": "Unified Procedure Step",
}
"""The standard's names of what our services are called."""

_HEAD = """\
# DICOM conformance statement

Made from the code by `make documents`, in the form of PS3.2; a test compares them. A running node
gives its own, with the titles and services of its devices.yaml: `isogate dicom conformance`, or
`GET /api/v1/dicom/conformance`.

## 1. Overview
Isogate receives, keeps, finds, sends on and gives back DICOM objects of every standard class, with
those of radiotherapy; it answers worklists and keeps work items. What it acknowledges is on disk.
"""

_ROLES = """\
### 3.1 Implementation model
Each AE title of devices.yaml is an application entity with its own callers, services and limits;
the table shows one with every service. A caller is admitted by its title and its address; who is
not is answered A-ASSOCIATE-RJ (rejected-permanent), and one too many rejected-transient.
"""

_MEDIA = """\
## 5. Media interchange
None. A study can be exported as a ZIP archive of files after PS3.10, without DICOMDIR.
"""

_WEB = """\
## 4. DICOMweb
{rows}
The base address is `/api/v1/dicomweb`. Callers are accounts and tokens of the gateway, over HTTPS.
Nothing is transcoded: a retrieval that takes other transfer syntaxes only is answered 406.
"""

_WEB_ROWS = (
    ("service", "what is done", "media types"),
    ("---", "---", "---"),
    (
        "STOW-RS",
        "store instances, of any study or of one",
        '`multipart/related; type="application/dicom"`; answers `application/dicom+json`',
    ),
    (
        "QIDO-RS",
        (
            "search studies, series, instances, at every level; `limit`, `offset`, `includefield`;"
            " no fuzzy matching"
        ),
        "`application/dicom+json`",
    ),
    (
        "WADO-RS",
        (
            "retrieve study, series, instance as stored; metadata; bulk data of an instance;"
            " rendered instance and frame"
        ),
        "`application/dicom`, `application/dicom+json`, `application/octet-stream`, `image/png`",
    ),
    (
        "UPS-RS",
        (
            "create, retrieve, update, search; change state, request cancellation; subscribe, and"
            " hear by WebSocket, where nothing is kept while it is closed"
        ),
        "`application/dicom+json`",
    ),
)


def document(statement: Statement) -> str:
    """The whole document, in Markdown."""
    return "\n".join(
        (
            _HEAD,
            *_overview(statement),
            "\n## 2. Network interfaces\n",
            *_network(statement),
            "\n## 3. Application entities\n",
            _ROLES,
            *(line for each in statement.entities for line in _entity(each)),
            "\n### 3.3 What the node asks of others\n",
            *_calls(statement),
            "\n### 3.4 Attributes of queries\n",
            *query_keys(),
            "\n### 3.5 Attributes of the worklist\n",
            *worklist_keys(),
            "\n### 3.6 Attributes of performed procedure steps\n",
            *step_attributes(),
            "\n" + _WEB.format(rows="".join(f"| {' | '.join(row)} |\n" for row in _WEB_ROWS)),
            _MEDIA,
            "## 6. Character sets\n",
            *_charsets(statement),
            "\n## 7. Security\n",
            *_security(statement),
            "\n## 8. SOP classes and transfer syntaxes\n",
            *_registers(statement),
            "",
        )
    )


_KEPT = """
Storage is of level 2 (full). Nothing is coerced unless a rule of the site says so; the object as it
was sent is kept beside what came of it. Objects are kept until a rule of the site removes their
study; without a rule they stay. Where storage commitment is given, rules ask that another system
has them all."""


def _overview(statement: Statement) -> Iterator[str]:
    yield "| service | user (SCU) | provider (SCP) |"
    yield "|---|---|---|"
    offers = [each for entity in statement.entities for each in entity.offers if each.operations]
    provided = {_service(each.service) for each in offers}
    used = {each.service for each in statement.calls}
    for service in sorted(provided | used):
        yield f"| {service} | {_yes(service in used)} | {_yes(service in provided)} |"
    yield "| DICOMweb: STOW-RS, QIDO-RS, WADO-RS | yes | yes |"
    yield "| DICOMweb: UPS-RS | no | yes |"
    yield _KEPT


def _service(name: str) -> str:
    return _SERVICES.get(name, name)


def _yes(stated: bool) -> str:  # noqa: FBT001 - a cell
    return "yes" if stated else "no"


def _network(statement: Statement) -> Iterator[str]:
    limits = statement.limits
    yield "| | |"
    yield "|---|---|"
    yield "| Application context | 1.2.840.10008.3.1.1.1 |"
    yield f"| Implementation Class UID | {statement.implementation} |"
    yield f"| Implementation Version Name | {statement.version} |"
    yield f"| Longest P-DATA-TF taken | {limits.pdu_length:,} bytes, configurable |"
    yield f"| Associations at a time | {statement.associations}, configurable |"
    yield f"| of one address | {statement.per_address}, configurable |"
    yield "| Asynchronous operations | one operation at a time; the window is answered (1, 1) |"
    yield f"| ARTIM | {limits.artim:g} s, configurable |"
    yield f"| Silence between messages | {limits.idle:g} s, configurable; then A-ABORT |"
    yield f"| Silence inside a message | {limits.pdu:g} s, configurable; then A-ABORT |"
    yield f"| Waiting for a peer's answer | {limits.answer:g} s, configurable |"
    yield "| User identity negotiation | read, not acted upon |"
    yield "| Physical network, addresses | TCP over IPv4 and IPv6; listeners of devices.yaml |"


def _entity(entity: Entity) -> Iterator[str]:
    yield f"### 3.2 {entity.title}\n"
    yield f"Up to {entity.associations} associations at a time, configurable.\n"
    yield "| service | SOP classes | operations | transfer syntaxes | role selection | extended |"
    yield "|---|---|---|---|---|---|"
    for each in entity.offers:
        if not each.operations:
            continue  # contexts of another service's sub-operations
        classes = _classes(each)
        role = "SCP of the peer accepted" if each.peer_serves else "none"
        extended = "answered" if each.extended else "none"
        yield (
            f"| {_service(each.service)} | {classes} | {', '.join(each.operations) or 'none'} |"
            f" {_syntaxes(each.transfer_syntaxes)} | {role} | {extended} |"
        )
    yield ""
    yield (
        "Of several transfer syntaxes the first that the peer named counts; for the sub-operations"
        " of a C-GET, that in which most objects of the class came. What is stored is kept"
        " in the transfer syntax in which it came."
    )


def _classes(offered: Offered) -> str:
    if len(offered.sop_classes) > _FEW:
        return f"{len(offered.sop_classes)} classes of table 8.1"
    return "<br>".join(_named(each) for each in offered.sop_classes)


def _syntaxes(syntaxes: Sequence[str]) -> str:
    if len(syntaxes) > _FEW:
        return f"{len(syntaxes)} of table 8.2"
    return "<br>".join(name_of(each) for each in syntaxes)


def _calls(statement: Statement) -> Iterator[str]:
    yield "| service | SOP classes | when |"
    yield "|---|---|---|"
    for each in statement.calls:
        few = len(each.sop_classes) <= _FEW
        classes = "<br>".join(map(_named, each.sop_classes)) if few else "those of table 8.1"
        yield f"| {each.service} | {classes} | {each.when} |"


def _charsets(statement: Statement) -> Iterator[str]:
    yield "Datasets are kept as they came. Names and descriptions are read for the index, pages and"
    yield "searches in these, by defined term; what declares none may be given one by title.\n"
    yield ", ".join(f"`{each}`" for each in statement.charsets) + "."


def _security(statement: Statement) -> Iterator[str]:
    yield "TLS after PS3.15 B.12 (BCP 195): versions 1.2 and 1.3, with these suites for 1.2, and"
    yield "certificates of both sides where the listener names an authority.\n"
    yield ", ".join(f"`{each}`" for each in statement.suites) + ".\n"
    yield "What is stored, searched, sent and exported is in the audit (PS3.15 A.5), which can be"
    yield "sent to a repository by syslog over TLS. De-identification: PS3.15 Annex E, basic"
    yield "profile, with its options, in forwarding and by command."


def _registers(statement: Statement) -> Iterator[str]:
    offers = [each for entity in statement.entities for each in entity.offers]
    classes = [each.sop_classes for each in offers if len(each.sop_classes) > _FEW]
    syntaxes = [each.transfer_syntaxes for each in offers if len(each.transfer_syntaxes) > _FEW]
    yield "### 8.1 SOP classes of storage\n"
    yield from _register(classes)
    yield "\n### 8.2 Transfer syntaxes of storage\n"
    yield from _register(syntaxes)


def _register(lists: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| name | UID |"
    yield "|---|---|"
    for uid in dict.fromkeys(uid for each in lists for uid in each):
        yield f"| {name_of(uid)} | {uid} |"


def _named(uid: str) -> str:
    return f"{name_of(uid)} ({uid})"
