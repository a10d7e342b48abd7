from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.document import Document
from gateway.config.parse import MAX_BYTES, parse_yaml, plain, read_yaml

FILE = Path("devices.yaml")


def parsed(text: str) -> Document:
    return parse_yaml(text.encode(), FILE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("-12", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("010", 10),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1.2.3", "1.2.3"),
        ("1e999", "1e999"),
        ("9" * 31, "9" * 31),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_quoted_scalars_stay_text() -> None:
    assert parsed("a: '12'\nb: \"true\"").value == {"a": "12", "b": "true"}


def test_keys_are_text() -> None:
    assert parsed("{0: closed, true: open, 1.5: x}").value == {
        "0": "closed",
        "true": "open",
        "1.5": "x",
    }


def test_places_of_keys_and_values_count_from_one_in_characters() -> None:
    document = parsed("site: {名称: 医院, id: demo}\nlist:\n  - a\n  - b: c\n")
    assert document.spot(("site", "id")).key == (1, 16)
    assert document.spot(("site", "id")).value == (1, 20)
    assert document.spot(("list", 1, "b")).value == (4, 8)


def test_a_trail_that_breaks_off_leads_to_the_last_place_that_exists() -> None:
    document = parsed("a:\n  b: 1\n")
    assert document.spot(("a", "x", "y")).key == (1, 1)


def test_an_alias_stands_for_its_anchor() -> None:
    assert parsed("a: &x {k: 1}\nb: *x").value == {"a": {"k": 1}, "b": {"k": 1}}


def test_aliases_do_not_multiply_without_bound() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    document = parsed("\n".join(["l0: &l0 [x]", *levels]))
    assert "aliases written out" in document.problems[0].message


def test_an_alias_to_its_own_surroundings_is_refused() -> None:
    assert "no anchor that is complete" in parsed("a: &x [*x]").problems[0].message


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5000, "- " * 5000])
def test_depth_is_bounded(text: str) -> None:
    assert len(parsed(text).problems) == 1


def test_size_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"# " + b"x" * MAX_BYTES)
    assert "larger than 8 MB" in read_yaml(file).problems[0].message


def test_an_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    assert "No such file" in read_yaml(tmp_path / "absent.yaml").problems[0].message
    assert "can't be read" in read_yaml(tmp_path).problems[0].message


def test_a_character_that_yaml_forbids_is_located() -> None:
    problem = parsed("a: 1\nb: 电\x01\n").problems[0]
    assert (problem.line, problem.column) == (2, 5)


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1", FILE).value == {"a": 1}


# PyYAML writes YAML 1.1, which leaves `0E0` unquoted: in YAML 1.2 that is a number.
texts = st.text(max_size=20).filter(lambda text: not text or isinstance(plain(text), str))
quoted = st.sampled_from(["null", "true", "12", "-1.5", "0x1F"])
json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts | quoted,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_like, st.sampled_from(["block", "flow"]))
def test_what_pyyaml_writes_is_read_back(value: object, style: str) -> None:
    flow = style == "flow"
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, default_flow_style=flow)
    document = parsed(text)
    assert not document.problems
    assert document.value == value


@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_a_problem(data: bytes) -> None:
    document = parse_yaml(data, FILE)
    for problem in document.problems:
        assert problem.line >= 1
        assert problem.column >= 1
