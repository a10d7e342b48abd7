"""Texts of a package and their translations: what is missing, what is left over, and mending it.

`python -m gateway.testing.catalogue` brings the catalogues of all installed rooms up to date:
new texts are added without a translation, unused ones go. `--check` changes nothing, and fails
where something is missing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.config import discover_rooms

TAG = "zh-CN"
"""The language that every room speaks beside English."""

CONSOLE = "gateway.console"
_SENTENCES = "gateway.console.sentences"
_SHARED = ("gateway.web", "gateway.api", "gateway.room")
"""Packages whose texts the console's catalogue translates."""

_SPOKEN: Mapping[str, Mapping[int, str]] = {
    "gettext": {0: ""},
    "ngettext": {0: "", 1: ""},
    "Column": {1: "label"},
    "Choice": {1: "label"},
    "Search": {1: "label"},
    "Field": {1: "label", 4: "hint"},
    "Fault": {0: "text"},
    "refused": {1: "text"},
    "done": {2: "message"},
    "csv": {2: "head"},
    "Refusal": {1: "title", 2: "why", 3: "advice"},
    "Invalid": {1: "why"},
}
"""Calls whose arguments, by place and name, are message ids."""

_SENTENCE: Mapping[str, Mapping[int, str]] = {"sentence": {0: "text"}}
"""The call of `gateway.model.sentence`, anywhere in the gateway and its drivers."""

_OF_ROOM = frozenset({"Column", "Choice", "Search", "Field", "Fault", "texts"})
"""Names that count only where a module has them from `gateway.room`."""

_MARK = "texts"
"""The call all of whose arguments are message ids."""

_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")

Text: TypeAlias = str | tuple[str, str]
"""A message id, or singular and plural."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package with `templates/` and `locale/`; `words` are its closed sets by context.

    Texts are the arguments of `calls`, in its own modules and those of the packages `beside`.
    """

    name: str
    words: Mapping[str, Collection[str]]
    beside: Sequence[str] = ()
    calls: Mapping[str, Mapping[int, str]] = field(default_factory=lambda: _SPOKEN)
    also: Collection[str] = ()

    @property
    def home(self) -> Path:
        return Path(str(files(self.name)))

    @property
    def catalogue(self) -> Path:
        return self.home / "locale" / f"{TAG}.po"

    def read(self) -> Catalog:
        if not self.catalogue.exists():
            return Catalog(locale=TAG.replace("-", "_"))
        with self.catalogue.open("rb") as stream:
            return read_po(stream, locale=TAG.replace("-", "_"), abort_invalid=True)

    def texts(self) -> set[Text]:
        """What its templates and modules say."""
        found: set[Text] = {*self.also, *_in_templates(self.home / "templates")}
        for name in (self.name, *self.beside):
            for path in sorted(Path(str(files(name))).rglob("*.py")):
                found |= set(_in_module(path, self.calls))
        return found


def console(words: Mapping[str, Collection[str]]) -> Package:
    return Package(CONSOLE, words, _SHARED)


def sentences(also: Collection[str]) -> Package:
    """What the gateway and its drivers say of their own accord; `also` is said without a call."""
    return Package(_SENTENCES, {}, ("gateway", "drivers"), _SENTENCE, also)


def rooms() -> list[Package]:
    """The packages of all installed rooms that show pages."""
    found = [room for room in discover_rooms().values() if room.package]
    return [Package(room.package, room.words) for room in found]


def faults(package: Package, shared: Collection[Text] = ()) -> list[str]:
    """What is wrong with a package's catalogue; texts of `shared` are translated elsewhere."""
    known = {_key(message): message for message in _messages(package.read())}
    texts = package.texts()
    wanted = {("", each if isinstance(each, str) else each[0]) for each in texts - set(shared)}
    wanted |= {(context, word) for context, words in package.words.items() for word in words}
    mine = wanted | {("", each if isinstance(each, str) else each[0]) for each in texts}
    return [
        *(f"not translated: {text!r}" for _, text in sorted(wanted - known.keys())),
        *(f"used nowhere: {text!r}" for _, text in sorted(known.keys() - mine)),
        *(fault for message in known.values() for fault in _faults_of(message)),
    ]


def merge(package: Package, shared: Collection[Text] = ()) -> None:
    """Write the catalogue anew: with what is missing, without what is left over."""
    old = package.read()
    fresh = Catalog(locale=TAG.replace("-", "_"))
    for text in package.texts():
        first = text if isinstance(text, str) else text[0]
        had = old.get(first)
        if had is not None or text not in set(shared):
            fresh.add(text, had.string if had is not None else None)
    for context, words in package.words.items():
        for word in words:
            had = old.get(word, context)
            fresh.add(str(word), had.string if had is not None else None, context=context)
    package.catalogue.parent.mkdir(exist_ok=True)
    with package.catalogue.open("wb") as stream:
        stream.write(_HEAD.format(package=package.name).encode())
        write_po(stream, fresh, width=0, sort_output=True, omit_header=True, no_location=True)


_HEAD = """# {package} in Simplified Chinese.
msgid ""
msgstr ""
"Language: zh_CN\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _key(message: Message) -> tuple[str, str]:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return message.context or "", text


def _faults_of(message: Message) -> Iterator[str]:
    string = message.string or ""
    said = (string,) if isinstance(string, str) else tuple(string)
    source = message.id if isinstance(message.id, str) else message.id[-1]
    placeholders = sorted(_PLACEHOLDER.findall(source))
    if message.fuzzy or not said or not all(said):
        yield f"translation missing or doubtful: {source!r}"
    for text in said:
        if text and sorted(_PLACEHOLDER.findall(text)) != placeholders:
            yield f"placeholders differ: {source!r} | {text!r}"


def _in_templates(folder: Path) -> Iterator[Text]:
    if not folder.exists():
        return
    options = {"**.html": {"silent": "false"}}
    for _, _, text, _, _ in extract_from_dir(folder, [("**.html", "jinja2")], options_map=options):
        yield text if isinstance(text, str) else (text[0], text[1])


def _in_module(path: Path, calls: Mapping[str, Mapping[int, str]]) -> Iterator[Text]:
    module = ast.parse(path.read_text("utf-8"))
    foreign = _OF_ROOM - _from_room(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if name in foreign:
            continue
        places = calls.get(name, {})
        names = set(places.values())
        marked = name == _MARK and calls is _SPOKEN
        given = [each for place, each in enumerate(node.args) if place in places or marked]
        given += [each.value for each in node.keywords if each.arg and each.arg in names]
        spoken = [text for each in given for text in _literals(each)]
        if name == "ngettext" and len(spoken) == 2:  # noqa: PLR2004 - singular and plural
            yield spoken[0], spoken[1]
        else:
            yield from spoken


def _from_room(module: ast.Module) -> set[str]:
    """Names imported from `gateway.room`, and classes of the module itself."""
    found = {node.name for node in ast.walk(module) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gateway.room"):
            found |= {alias.name for alias in node.names}
    return found


def _literals(node: ast.expr) -> Iterator[str]:
    """A text, or the texts of a list."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
            yield part.value


def main(arguments: Sequence[str]) -> int:
    from gateway.console.sentences import COMMON, UNMARKED  # noqa: PLC0415 - a large import
    from gateway.console.text.closed_sets import CLOSED_SETS  # noqa: PLC0415 - as above

    own = console(CLOSED_SETS)
    shared = own.texts()
    wrong = 0
    none: set[Text] = set()
    alone = ((own, none), (sentences((*COMMON, *UNMARKED)), none))
    for package, others in (*alone, *((room, shared) for room in rooms())):
        if "--check" not in arguments:
            merge(package, others)
        for fault in faults(package, others):
            print(f"{package.name}: {fault}")  # noqa: T201 - a command of developers
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
