from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment

import gateway
from gateway.console.catalogue import LANGUAGES, SOURCE, Catalogue, catalogue, offered
from gateway.console.finding import FLAGS, LEVELS
from gateway.console.language import THEMES
from gateway.console.words import AGES, VALUES
from gateway.model import Direction, Kind, Quality, QuarantineReason, Status
from gateway.registry import DeviceState

HOME = Path(gateway.__file__).parent
TEMPLATES = HOME / "console" / "templates"
TRANSLATED = [tag for tag in LANGUAGES if tag != SOURCE]
CLOSED_SETS = {
    "age": AGES,
    "direction": tuple(Direction),
    "flag": tuple(FLAGS.values()),
    "kind": tuple(Kind),
    "level": tuple(LEVELS),
    "quality": tuple(Quality),
    "reason": tuple(QuarantineReason),
    "state": tuple(DeviceState),
    "status": tuple(Status),
    "theme": THEMES,
    "value": VALUES,
}
BRANDS = {"Isogate", "JSON", "Ctrl", "K"}


def _messages(tag: str) -> list[Message]:
    with (HOME / "console" / "locale" / f"{tag}.po").open("rb") as stream:
        return [message for message in read_po(stream, locale=tag.replace("-", "_")) if message.id]


def _in_templates() -> set[str]:
    found = extract_from_dir(
        TEMPLATES, [("**.html", "jinja2")], options_map={"**.html": {"silent": "false"}}
    )
    return {each if isinstance(each, str) else each[0] for _, _, each, _, _ in found}


def _in_refusals() -> Iterator[str]:
    for path in [*HOME.joinpath("web").glob("*.py"), *HOME.joinpath("api").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                for text in node.args[1:4]:
                    assert isinstance(text, ast.Constant), f"{path}:{text.lineno}: not a literal"
                    yield str(text.value)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_text_of_the_templates_and_refusals_is_translated(tag: str) -> None:
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in _messages(tag) if not m.context}
    wanted = _in_templates() | set(_in_refusals())
    assert len(wanted) > 100
    assert wanted - known == set()
    assert known - wanted == set(), "no page uses these"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_word_of_the_closed_sets_is_translated(tag: str) -> None:
    known = {(message.context, message.id) for message in _messages(tag) if message.context}
    assert known == {(name, str(word)) for name, words in CLOSED_SETS.items() for word in words}


def test_every_word_that_a_shipped_profile_gives_a_value_is_translated() -> None:
    spoken: set[str] = set()
    for path in HOME.parent.glob("drivers/*/profiles/*.yaml"):
        points = yaml.safe_load(path.read_text("utf-8")).get("points", {})
        for point in points.values():
            spoken.update(point.get("states", {}).values() if isinstance(point, dict) else ())
    assert spoken
    assert spoken - set(VALUES) == set(), "add them to gateway.console.words and the catalogues"


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_translation_is_empty_fuzzy_or_short_of_a_placeholder(tag: str) -> None:
    for message in _messages(tag):
        texts = (message.string,) if isinstance(message.string, str) else message.string
        source = message.id if isinstance(message.id, str) else message.id[-1]
        placeholders = re.findall(r"%\(\w+\)s|\{\w+\}", source)
        assert texts, message.id
        for text in texts:
            assert text, message.id
            assert not message.fuzzy, message.id
            assert sorted(re.findall(r"%\(\w+\)s|\{\w+\}", text)) == sorted(placeholders)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    lexed = environment.lex(path.read_text("utf-8"))
    markup = "".join(text if kind == "data" else "\0" for _, kind, text in lexed)
    for attribute in re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', markup):
        assert not attribute.strip("\0"), attribute
    texts = re.sub(r"<[^>]*>|[\w-]+=\"[^\"]*\"", "\n", markup)
    assert set(re.findall(r"[A-Za-z]+", texts)) - BRANDS == set()


def test_a_plural_follows_the_language() -> None:
    words = catalogue("en")
    assert words.ngettext("%(num)s byte", "%(num)s bytes", 1) == "%(num)s byte"
    assert words.ngettext("%(num)s byte", "%(num)s bytes", 0) == "%(num)s bytes"
    assert catalogue("zh-CN").ngettext("%(num)s byte", "%(num)s bytes", 1) == "%(num)s 字节"


def test_a_word_without_an_entry_is_shown_as_it_is() -> None:
    words: Catalogue = catalogue("zh-CN")
    assert words.pgettext("value", "economy-mode") == "economy mode"
    assert words.gettext("Never written anywhere") == "Never written anywhere"


@pytest.mark.parametrize(
    ("tag", "language"),
    [("zh", "zh-CN"), ("zh-Hans-CN", "zh-CN"), ("EN-gb", "en"), ("fr", None), ("", None)],
)
def test_a_reader_is_given_the_nearest_language(tag: str, language: str | None) -> None:
    assert offered(tag) == language
