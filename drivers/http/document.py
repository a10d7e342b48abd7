"""What a service answers or posts, as rows of named values. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from drivers.http.profile import HttpProfile
from gateway import ProtocolViolation, sentence

_DEEPEST = 100


class Entry(NamedTuple):
    """One row: its values by column, and the whole of it as it stood in the document."""

    values: Mapping[str, object]
    content: bytes


def rows_of(profile: HttpProfile, body: bytes) -> Sequence[Entry]:
    """The rows of a document; ProtocolViolation if it can't be read."""
    document = profile.document
    if document.inside:
        body = inner_document(body, document.inside, document.namespaces)
    if document.format == "json":
        return list(json_rows(body, document.rows, profile.paths()))
    return list(xml_rows(body, document.rows, profile.paths(), document.namespaces))


def json_rows(body: bytes, rows: str, paths: Mapping[str, str]) -> Iterator[Entry]:
    """The values at `paths` of each element at `rows`; digits stay as sent.

    An object there is one row. ProtocolViolation if the body is no JSON or has neither there.
    """
    try:
        document = json.loads(body, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation(
            sentence("the document is no JSON: {error}", error=error), body
        ) from error
    found = _at(document, rows)
    if found is None:
        return
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise ProtocolViolation(sentence("there is no list at {place}", place=repr(rows)), body)
    for row in found:
        values = {name: _scalar(_at(row, path)) for name, path in paths.items()}
        yield Entry(values, json.dumps(row, sort_keys=True).encode())


def xml_rows(
    body: bytes, rows: str, paths: Mapping[str, str], namespaces: Mapping[str, str]
) -> Iterator[Entry]:
    """The texts at `paths` of each element at `rows` (`a/b`, `p:a`, `a/@attribute`)."""
    spaces = dict(namespaces)
    for element in parse_xml(body).iterfind(rows, spaces):
        values = {name: _text(element, path, spaces) for name, path in paths.items()}
        yield Entry(values, tostring(element, encoding="utf-8").strip())


def inner_document(body: bytes, path: str, namespaces: Mapping[str, str]) -> bytes:
    """The document that stands as text within an envelope, as many a SOAP service sends it."""
    text = _text(parse_xml(body), path, dict(namespaces))
    if text is None:
        raise ProtocolViolation(
            sentence("the envelope holds nothing at {place}", place=repr(path)), body
        )
    return text.encode()


def parse_xml(body: bytes) -> Element:
    """The root; ProtocolViolation for what is no XML, declares a DTD or is nested too deeply."""
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate(namespace_separator="}")

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ProtocolViolation(
                sentence("XML nested more than {depth} deep", depth=_DEEPEST), body
            )
        builder.start(_clark(tag), {_clark(name): text for name, text in attributes.items()})

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_clark(tag))

    def refuse(*_declaration: object) -> NoReturn:
        raise ProtocolViolation(sentence("XML with a document type is refused"), body)

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes no keywords
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise ProtocolViolation(
            sentence("the document is no XML: {error}", error=error), body
        ) from error
    return builder.close()


def _clark(tag: str) -> str:
    return f"{{{tag}" if "}" in tag else tag


def _text(element: Element, path: str, namespaces: dict[str, str]) -> str | None:
    place, _, attribute = path.rpartition("@")
    if attribute and path != attribute:
        found = element.find(place.rstrip("/"), namespaces) if place.rstrip("/") else element
        return None if found is None else found.get(attribute)
    return element.findtext(path, None, namespaces)


def _at(value: Any, path: str) -> Any:
    """The member at `a.b.0.c`, or at a JSON Pointer (RFC 6901); None if there is none."""
    for step in _steps(path):
        match value:
            case dict():
                value = value.get(step)
            case list() if step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return None
    return value


def _steps(path: str) -> Sequence[str]:
    if path.startswith("/"):
        return [step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/")]
    return path.split(".") if path else ()


def _scalar(value: Any) -> object:
    """A value of its own; what holds others is shown as it stands."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
