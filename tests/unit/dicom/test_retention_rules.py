"""Which studies a rule lets go, and what keeps the others. Nothing here touches a disk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from dicom.options import DicomOptions
from dicom.retention.rules import Aged, Kept, Rule, Verdict, judge
from gateway import Instant

DAY = 86_400_000_000
NOW = Instant(100 * DAY)
OLD = Aged(
    "1.2.3",
    "P-1",
    "HIS",
    "Zhang^Wei",
    "20260101",
    first_at=Instant(0),
    last_at=Instant(10 * DAY),
    seqs=frozenset({1, 2}),
    bytes=1000,
    modalities=frozenset({"CT"}),
    senders=frozenset({"CT1"}),
)
RULE = Rule("ct", 90, frozenset({"CT", "SR"}))


def verdict(study: Aged = OLD, *rules: Rule, excess: int = 0) -> Verdict | None:
    return judge(rules or (RULE,), study, NOW, excess)


def test_a_study_goes_when_its_last_object_is_old_enough() -> None:
    assert verdict() == Verdict("ct", None)
    young = replace(OLD, last_at=Instant(10 * DAY + 1))
    assert verdict(young) == Verdict("ct", Kept.YOUNG)


@pytest.mark.parametrize("modalities", [{"CT", "RTSTRUCT"}, {"MR"}, {""}, set()])
def test_no_rule_is_for_a_study_of_which_any_series_is_of_another_kind(
    modalities: set[str],
) -> None:
    assert verdict(replace(OLD, modalities=frozenset(modalities))) is None


def test_a_rule_for_senders_wants_all_objects_from_them() -> None:
    rule = replace(RULE, senders=frozenset({"CT1"}))
    assert verdict(OLD, rule) == Verdict("ct", None)
    assert verdict(replace(OLD, senders=frozenset({"CT1", "PACS"})), rule) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"held": True}, Kept.HELD),
        ({"contradicted": True}, Kept.CONTRADICTED),
        ({"owed": True}, Kept.OWED),
    ],
)
def test_what_anybody_still_needs_is_kept(changed: dict[str, bool], why: Kept) -> None:
    assert verdict(replace(OLD, **changed)) == Verdict("ct", why)  # type: ignore[arg-type]


def test_it_is_kept_until_every_destination_of_the_rule_has_it() -> None:
    rule = replace(RULE, sent_to=("pacs", "archive"))
    assert verdict(replace(OLD, sent_to=frozenset({"pacs"})), rule) == Verdict("ct", Kept.UNSENT)
    both = replace(OLD, sent_to=frozenset({"pacs", "archive", "research"}))
    assert verdict(both, rule) == Verdict("ct", None)


def test_a_rule_for_a_full_disk_removes_only_as_much_as_is_needed() -> None:
    rule = replace(RULE, only_when_full=True)
    assert verdict(OLD, rule) == Verdict("ct", Kept.ROOM)
    assert verdict(OLD, rule, excess=1) == Verdict("ct", None)


def test_the_first_rule_that_lets_it_go_counts() -> None:
    strict = replace(RULE, name="strict", days=365)
    assert verdict(OLD, strict, RULE) == Verdict("ct", None)
    assert verdict(OLD, RULE, strict) == Verdict("ct", None)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"modality": ["CT", "RTPLAN"]}, "objects of radiotherapy are removed by no rule"),
        ({"modality": []}, "at least 1 item"),
        ({"days": 0}, "greater than or equal to 1"),
        ({"sent_to": ["nowhere"]}, "ct: no destination 'nowhere'"),
    ],
)
def test_a_rule_that_is_dangerous_or_names_nothing_is_refused(
    rule: dict[str, object], words: str
) -> None:
    written = {"name": "ct", "days": 90, "modality": ["CT"], **rule}
    with pytest.raises(ValidationError, match=words):
        DicomOptions.model_validate(
            {"titles": {"OURS": {"allow": "anyone"}}, "retention": {"rules": [written]}}
        )


def test_where_commitment_is_given_a_rule_names_who_has_the_objects() -> None:
    titles = {"OURS": {"allow": "anyone", "services": ["storage", "commitment"]}}
    peers = {"pacs": {"title": "PACS", "host": "127.0.0.1", "port": 104}}
    rule = {"name": "ct", "days": 90, "modality": ["CT"]}
    with pytest.raises(ValidationError, match="`sent_to` is needed"):
        DicomOptions.model_validate({"titles": titles, "retention": {"rules": [rule]}})
    sent = {**rule, "sent_to": ["pacs"]}
    DicomOptions.model_validate({"titles": titles, "peers": peers, "retention": {"rules": [sent]}})


def test_two_rules_of_one_name_are_refused() -> None:
    rule = {"name": "ct", "days": 90, "modality": ["CT"]}
    with pytest.raises(ValidationError, match="two rules are named 'ct'"):
        DicomOptions.model_validate(
            {"titles": {"OURS": {"allow": "anyone"}}, "retention": {"rules": [rule, rule]}}
        )
