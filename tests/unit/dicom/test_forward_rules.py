"""Which objects go where."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dicom.forward.rules import Rule, RuleSet, read_rules
from dicom.match import Match
from dicom.options import DicomOptions
from tests.dicom_forwarding import stored
from tests.dicom_objects import CT, RT_PLAN
from tests.dicom_peers import OURS

PEERS = {"pacs": "pacs", "research": "node"}


def goes(match: Match, peer: str = "ct", **facts: Any) -> bool:
    rules = RuleSet((Rule("one", ("pacs",), match),), PEERS)
    return bool(list(rules.errands(stored(**facts), peer)))


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(sender=("ct",)), True),
        (Match(sender=("CT1",)), True),
        (Match(sender=("CT2", "mr")), False),
        (Match(called=(OURS,)), True),
        (Match(called=("OTHER",)), False),
        (Match(modality=("MR", "CT")), True),
        (Match(modality=("ct",)), False),
        (Match(sop_class=(CT,)), True),
        (Match(sop_class=(RT_PLAN,)), False),
        (Match(tags={"StationName": ("LINAC*", "SIM?")}), True),
        (Match(tags={"StationName": ("sim?",)}), False),
        (Match(tags={"StudyDescription": ("*",)}), True),
        (Match(tags={"StudyDescription": ("?*",)}), False),
        (Match(modality=("CT",), sender=("mr",)), False),
    ],
)
def test_all_that_a_rule_names_must_fit(match: Match, *, fits: bool) -> None:
    assert goes(match, StationName="SIM2") is fits


def test_the_first_rule_that_names_a_destination_counts() -> None:
    rules = RuleSet(
        (
            Rule("first", ("pacs",), Match(modality=("CT",)), {"PatientID": "X"}),
            Rule("second", ("pacs", "research")),
        ),
        PEERS,
    )
    errands = list(rules.errands(stored(), "ct"))
    assert [(each.destination, each.rule, dict(each.coerce)) for each in errands] == [
        ("pacs", "first", {"PatientID": "X"}),
        ("research", "second", {}),
    ]


def test_nothing_goes_back_to_whom_it_came_from() -> None:
    rules = RuleSet((Rule("all", ("pacs", "research")),), PEERS)
    assert [each.destination for each in rules.errands(stored(), "node")] == ["pacs"]


texts = st.text(max_size=8)
several = st.lists(texts, max_size=3).map(tuple)
matches = st.builds(
    Match, several, several, several, several, st.dictionaries(texts, several, max_size=2)
)
rule_sets = st.builds(
    RuleSet,
    st.lists(st.builds(Rule, texts, several, matches, st.dictionaries(texts, texts)), max_size=3),
    st.dictionaries(texts, texts, max_size=3),
)


@given(rule_sets)
def test_rules_read_from_an_event_are_the_rules_written_to_it(rules: RuleSet) -> None:
    again = read_rules(orjson.loads(orjson.dumps(rules.as_payload())))
    assert orjson.dumps(again.as_payload()) == orjson.dumps(rules.as_payload())
    one = stored(StationName="SIM")
    assert list(again.errands(one, "a")) == list(rules.errands(one, "a"))


def section(**more: Any) -> dict[str, Any]:
    return {
        "titles": {OURS: {"allow": "anyone"}},
        "peers": {"pacs": {"title": "PACS", "host": "10.0.0.5", "port": 104}},
        "deid": {"research": {"key": "k" * 16}},
        **more,
    }


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"destinations": {"archive": {}}}, "no peer 'archive'"),
        ({"destinations": {"pacs": {"deid": "other"}}}, "no profile 'other'"),
        ({"rules": [{"name": "all", "to": ["pacs"]}]}, "no destination 'pacs'"),
        (
            {
                "destinations": {"pacs": {}},
                "rules": [{"name": "a", "to": ["pacs"], "match": {"called": ["X"]}}],
            },
            "X is none of our titles",
        ),
        (
            {
                "destinations": {"pacs": {"deid": "research"}},
                "rules": [{"name": "a", "to": ["pacs"], "coerce": {"PatientID": "1"}}],
            },
            "pacs removes what `coerce` puts in",
        ),
        (
            {
                "destinations": {"pacs": {}},
                "rules": [{"name": "a", "to": ["pacs"], "coerce": {"Rows": "1"}}],
            },
            "Rows is not changed by rule",
        ),
        (
            {
                "destinations": {"pacs": {}},
                "rules": [{"name": "a", "to": ["pacs"], "match": {"tags": {"Row": ["1"]}}}],
            },
            "Row is not in the index",
        ),
    ],
)
def test_a_section_that_names_what_is_not_there_is_refused(
    more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        DicomOptions.model_validate(section(forward=more))


def test_a_short_key_of_pseudonyms_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        DicomOptions.model_validate(section(deid={"research": {"key": "short"}}))
