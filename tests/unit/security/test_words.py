"""Every text of the accounts' pages is there in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from gateway import security
from gateway.console.catalogue import CONSOLE
from gateway.security.roles import WORDS, Role
from gateway.security.token import TokenKind

HOME = Path(security.__file__).parent
_ARGUMENTS = {"Refusal": slice(1, 4), "Invalid": slice(1, 2), "done": slice(2, 3)}
_RETURNED = {"conflict", "weakness", "_do"}
_NAMED = {"WRONG", "WAIT", "BUSY"}


def known(package: Path) -> set[str]:
    with (package / "locale" / "zh-CN.po").open("rb") as stream:
        found = [each for each in read_po(stream, locale="zh_CN") if each.id and not each.context]
    assert all(each.string for each in found)
    return {each.id if isinstance(each.id, str) else each.id[0] for each in found}


def in_templates() -> Iterator[str]:
    options = {"**.html": {"silent": "false"}}
    found = extract_from_dir(HOME / "templates", [("**.html", "jinja2")], options_map=options)
    for _, _, text, _, _ in found:
        yield text if isinstance(text, str) else text[0]


def in_code() -> Iterator[str]:
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield from _texts(node)


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _ARGUMENTS:
            yield from _constants(node.args[_ARGUMENTS[name]])
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in _RETURNED:
            returned = (each.value for each in ast.walk(node) if isinstance(each, ast.Return))
            yield from _constants(each for each in returned if each is not None)
        case ast.Assign(targets=[ast.Name(id=name)]) if name in _NAMED:
            yield from _constants([node.value])


def _constants(nodes: Iterator[ast.expr] | list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value


def test_every_text_is_translated_and_none_is_left_over() -> None:
    wanted = {*in_templates(), *in_code(), *WORDS.values()}
    wanted |= {"Not signed in", "Not accepted", "Correct it and send it again."}
    wanted |= {"Check name, password and code, and try again."}
    assert len(wanted) > 150
    console = known(HOME.parent / CONSOLE.removeprefix("gateway."))
    own = known(HOME)
    assert wanted - own - console == set()
    assert own - wanted == set(), "no page uses these"


def test_every_role_and_kind_of_token_has_a_word() -> None:
    with (HOME / "locale" / "zh-CN.po").open("rb") as stream:
        found = {(each.context, each.id) for each in read_po(stream, locale="zh_CN")}
    words = {("role", str(role)) for role in Role} | {("token", str(kind)) for kind in TokenKind}
    assert words <= found
