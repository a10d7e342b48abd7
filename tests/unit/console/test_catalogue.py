from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from jinja2 import Environment

import gateway
from gateway.console.sentences import COMMON, UNMARKED
from gateway.console.text.catalogue import LANGUAGES, SOURCE, Catalogue, catalogue, offered
from gateway.console.text.closed_sets import CLOSED_SETS
from gateway.console.text.words import VALUES
from gateway.testing.catalogue import TAG, Package, console, faults, merge, rooms, sentences

HOME = Path(gateway.__file__).parent
CONSOLE = console(CLOSED_SETS)
SHARED = CONSOLE.texts()
SENTENCES = sentences((*COMMON, *UNMARKED))
PACKAGES = [CONSOLE, SENTENCES, *rooms()]
TEMPLATES = sorted(path for each in PACKAGES for path in each.home.glob("templates/**/*.html"))
BRANDS = {"Isogate", "JSON", "CSV", "YAML", "Python", "Ctrl", "K"}


def test_every_language_on_offer_is_checked() -> None:
    assert {TAG, SOURCE} == LANGUAGES.keys()
    assert len(SHARED) > 100


@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.name)
def test_every_text_is_translated_and_every_translation_used(package: Package) -> None:
    others = () if package in (CONSOLE, SENTENCES) else SHARED
    assert faults(package, others) == [], "run `make catalogues`, and translate what is empty"


def test_every_word_that_a_shipped_profile_gives_a_value_is_translated() -> None:
    spoken: set[str] = set()
    for path in HOME.parent.glob("drivers/*/profiles/*.yaml"):
        points = yaml.safe_load(path.read_text("utf-8")).get("points", {})
        for point in points.values():
            spoken.update(point.get("states", {}).values() if isinstance(point, dict) else ())
    assert spoken
    assert spoken - set(VALUES) == set(), "add them to gateway.console.text.words"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(path: Path) -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    lexed = environment.lex(path.read_text("utf-8"))
    markup = "".join(text if kind == "data" else "\0" for _, kind, text in lexed)
    for attribute in re.findall(r'(?:title|aria-label|placeholder|alt)="([^"]*)"', markup):
        assert not attribute.strip("\0"), attribute
    tags = r"<[^>]*>|[\w-]+=\"[^\"]*\"|(?<=\0) required(?=\0)"
    texts = re.sub(tags, "\n", markup)
    assert set(re.findall(r"[A-Za-z]+", texts)) - BRANDS == set()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    name = f"ward_{uuid4().hex}"
    home = tmp_path / name
    (home / "templates" / "ward").mkdir(parents=True)
    (home / "templates" / "ward" / "beds.html").write_text(
        '{{ _("Beds") }} {{ ngettext("%(num)s bed", "%(num)s beds", n) }}'
    )
    (home / "__init__.py").touch()
    (home / "pages.py").write_text(
        "from gateway.room import Column\n"
        'FREE = Column("free", "Free", len)\nFIELD = Field("x", "Not a form")\n'
        'kit.done(request, "/beds", "%(name)s is moved.")\n'
        'name = say("Not a text of the page")\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    return Package(name, {"bed": ("free", "taken")})


def test_texts_come_from_templates_calls_and_closed_sets(package: Package) -> None:
    assert package.texts() == {
        "Beds",
        ("%(num)s bed", "%(num)s beds"),
        "Free",
        "%(name)s is moved.",
    }
    merge(package)
    assert len(faults(package)) == 6


def test_a_merge_keeps_translations_and_drops_what_is_unused(package: Package) -> None:
    merge(package)
    text = package.catalogue.read_text("utf-8")
    text = text.replace('msgid "Beds"\nmsgstr ""', 'msgid "Beds"\nmsgstr "床位"')
    package.catalogue.write_text(text + '\nmsgid "Gone"\nmsgstr "没了"\n', "utf-8")
    assert "used nowhere: 'Gone'" in faults(package)
    merge(package)
    assert "床位" in package.catalogue.read_text("utf-8")
    assert "没了" not in package.catalogue.read_text("utf-8")


def test_a_translation_that_loses_a_placeholder_is_found(package: Package) -> None:
    merge(package)
    text = package.catalogue.read_text("utf-8")
    moved = 'msgid "%(name)s is moved."\nmsgstr ""'
    package.catalogue.write_text(text.replace(moved, moved[:-1] + '已移动。"'), "utf-8")
    assert "placeholders differ: '%(name)s is moved.' | '已移动。'" in faults(package)


def test_a_text_of_the_console_need_not_be_translated_again(package: Package) -> None:
    merge(package, {"Beds"})
    assert "Beds" not in package.catalogue.read_text("utf-8")
    assert not any("Beds" in fault for fault in faults(package, {"Beds"}))


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
