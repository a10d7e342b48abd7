"""What a service answers or posts, as rows of named values. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from drivers.http.charset import characters
from drivers.http.profile import HttpProfile, Success
from gateway import ProtocolViolation, sentence, unique_members

_DEEPEST = 100
_SHOWN = 60
"""Characters of what a service says instead of success; nothing else of its answer is told."""


class NoRows(ProtocolViolation):
    """The place of the rows is not there at all."""


class Entry(NamedTuple):
    """One row: its values by column, and the whole of it as it stood in the document."""

    values: Mapping[str, object]
    content: bytes


class Answered(NamedTuple):
    """The rows of a document, and where the next ones are, if it says so."""

    rows: Sequence[Entry]
    following: str = ""


def answered(profile: HttpProfile, body: bytes, charset: str = "") -> Answered:
    """What a document says; ProtocolViolation if it can't be read or does not say it is well.

    `charset` is how its sender said that it is encoded, which counts for XML; JSON is UTF-8.
    """
    said = profile.document
    document = _document(profile, body, charset)
    if said.success is not None:
        _succeeded(document, said.success, body)
    rows = document.rows(said.rows, profile.paths())
    if rows is None and not said.may_be_absent:
        raise NoRows(
            sentence(
                "no rows where the profile looks for them, at {place}",
                place=repr(said.rows),
            ),
            body,
        )
    place = profile.request.next if profile.request is not None else ""
    return Answered(rows or (), (document.text(place) or "").strip() if place else "")


def _document(profile: HttpProfile, body: bytes, charset: str) -> Json | Xml:
    said = profile.document
    if said.format == "json" and not said.inside:
        return Json(body)
    text = characters(body, charset, profile.charset)
    if said.inside:
        text = inner_document(text, said.inside, said.namespaces)
    if said.format == "json":
        return Json(text.encode())
    return Xml(text, said.namespaces, mixed=said.success is not None)


class Json:
    """A JSON document; digits stay as sent. ProtocolViolation if it is none, or ambiguous."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        try:
            self._root = json.loads(
                body,
                parse_float=str,
                parse_constant=_no_number,
                object_pairs_hook=unique_members,
            )
        except (ValueError, RecursionError) as error:
            raise ProtocolViolation(
                sentence("the document is no JSON: {error}", error=error), body
            ) from error

    def text(self, path: str) -> str | None:
        """The value at a place; None if there is none."""
        value = _scalar(_at(self._root, path))
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def rows(self, place: str, paths: Mapping[str, str]) -> Sequence[Entry] | None:
        """The values at `paths` of each element at `place`; an object there is one row.

        None if there is nothing. ProtocolViolation if there is something else.
        """
        found = _at(self._root, place)
        if found is None:
            return None
        if isinstance(found, dict):
            found = [found]
        if not isinstance(found, list):
            raise ProtocolViolation(
                sentence("there is no list at {place}", place=repr(place)), self._body
            )
        return [_entry(row, paths) for row in found]


class Xml:
    """An XML document, whose paths are `a/b`, `p:a` and `a/@attribute`.

    With `mixed` an element may hold other things and no row; without, that is no list.
    """

    def __init__(self, text: str, namespaces: Mapping[str, str], *, mixed: bool) -> None:
        self._root = parse_xml(text)
        self._spaces = dict(namespaces)
        self._mixed = mixed

    def text(self, path: str) -> str | None:
        """The text at a place; None if there is none."""
        return _text(self._root, path, self._spaces)

    def rows(self, place: str, paths: Mapping[str, str]) -> Sequence[Entry] | None:
        """The texts at `paths` of each element at `place`; None if nothing is a list of them."""
        found = self._root.findall(place, self._spaces)
        if not found and not self._is_list(place):
            return None
        return [
            Entry(
                {name: _text(element, path, self._spaces) for name, path in paths.items()},
                tostring(element, encoding="utf-8").strip(),
            )
            for element in found
        ]

    def _is_list(self, place: str) -> bool:
        """Whether the element that would hold the rows is there, and empty."""
        above = "" if "{" in place else place.rpartition("/")[0].rstrip("/")
        holder = self._root.find(above, self._spaces) if above else self._root
        if holder is None:
            return False
        return self._mixed or (len(holder) == 0 and not (holder.text or "").strip())


def _succeeded(document: Json | Xml, success: Success, body: bytes) -> None:
    found = document.text(success.at)
    if found is None or found.strip() not in success.one_of:
        raise ProtocolViolation(
            sentence(
                "{place} is {found}, not {wanted}",
                place=success.at,
                found=repr(found)[:_SHOWN],
                wanted=" / ".join(success.one_of),
            ),
            body,
        )


def _entry(row: object, paths: Mapping[str, str]) -> Entry:
    values = {name: _scalar(_at(row, path)) for name, path in paths.items()}
    return Entry(values, json.dumps(row, sort_keys=True).encode())


def inner_document(envelope: str, path: str, namespaces: Mapping[str, str]) -> str:
    """The document that stands as text within an envelope, as many a SOAP service sends it."""
    text = _text(parse_xml(envelope), path, dict(namespaces))
    if text is None:
        raise ProtocolViolation(
            sentence("the envelope holds nothing at {place}", place=repr(path)), envelope.encode()
        )
    return text


def parse_xml(text: str) -> Element:
    """The root; ProtocolViolation for what is no XML, declares a DTD or is nested too deeply.

    These are characters already: an encoding that the text declares was that of its bytes.
    """
    body = text.encode(errors="surrogatepass")
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate("utf-8", namespace_separator="}")

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
    """The member at `a.b.0.c`, or at a JSON Pointer (RFC 6901); None if there is none.

    In a list `name=word` is the first object whose member `name` is that word.
    """
    for step in _steps(path):
        match value:
            case dict():
                value = value.get(step)
            case list() if step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case list() if "=" in step:
                value = _named(value, *step.split("=", 1))
            case _:
                return None
    return value


def _named(elements: Sequence[Any], name: str, word: str) -> Any:
    found = (each for each in elements if isinstance(each, dict) and each.get(name) == word)
    return next(found, None)


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
