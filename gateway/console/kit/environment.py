"""Templates in one language, with what all of them may use."""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from gateway.console.kit.anatomy import anatomy
from gateway.console.kit.dump import as_text, preview, rows
from gateway.console.text.catalogue import CONSOLE, LANGUAGES, Catalogue, catalogue
from gateway.console.text.language import THEMES
from gateway.console.text.units import written


@cache
def environment(tag: str, packages: tuple[str, ...]) -> Environment:
    """The console's templates and those of `packages`, whose texts come out in one language."""
    templates = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in (CONSOLE, *packages)]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: Catalogue = catalogue(tag, packages)
    templates.globals.update(
        word=words.pgettext,
        languages=LANGUAGES,
        themes=THEMES,
        anatomy=anatomy,
        dump_rows=rows,
        dump_preview=preview,
        dump_text=as_text,
    )
    templates.filters["unit"] = written
    templates.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    return templates
