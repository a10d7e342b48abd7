"""Brachytherapy channel by channel: read, counted, compared, and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from simulators.rt import STATIC, Part, Ran, approved, brachy_plan, brachy_record, plan, record
from simulators.rt.compose import item
from tests.unit.tps.rt import plan_of, record_of
from tests.unit.tps.treatment_case import treatments
from tps_bridge.block import BlockKind
from tps_bridge.compare import Difference, Severity, Tolerances, compare_application, said
from tps_bridge.ledger import FindingKind, FractionState, Ledger, facts_of, given_by, ledger_of
from tps_bridge.ledger.channel import misfit
from tps_bridge.ledger.fact import Given, GivenChannel, PlannedBeam, PlannedChannel
from tps_bridge.plan import SECONDS, Source
from tps_bridge.plan.decay import MOST, factors, isotope
from tps_bridge.record import Verification
from tps_bridge.rt import Malformed

PLANNED = {1: 110.0, 2: 120.0, 3: 130.0}
NOW = datetime(2025, 6, 9, 9, 0)  # noqa: DTZ001 - DICOM times have no zone


def ledger(made: Dataset, *records: Dataset) -> Ledger:
    facts = facts_of(plan_of(made))
    parts = [part for each in records for part in given_by(record_of(each))]
    return ledger_of(facts, facts.groups[0], parts)


def differences(made: Dataset, given_: Dataset) -> tuple[Difference, ...]:
    return compare_application(plan_of(made), record_of(given_), 0, Tolerances())


def english(difference: Difference) -> str:
    text = said(difference)
    assert not isinstance(text, str)
    return text["en"]


def grave(made: Dataset, given_: Dataset) -> list[str]:
    """Where and what, of differences that are more than within the tolerance."""
    return [
        " ".join((*(one.key for one in each.path[-1:]), english(each)))
        for each in differences(made, given_)
        if each.severity >= Severity.WARN
    ]


def setup(made: Dataset) -> Dataset:
    one: Dataset = made.TreatmentSessionApplicationSetupSequence[0]
    return one


def channel(made: Dataset, number: int) -> Dataset:
    several = setup(made).RecordedChannelSequence
    found: Dataset = next(each for each in several if each.ChannelNumber == number)
    return found


def pulsed(pulses: int = 40) -> Dataset:
    made = approved(brachy_plan())
    made.BrachyTreatmentType = "PDR"
    for each in made.ApplicationSetupSequence[0].ChannelSequence:
        each.NumberOfPulses, each.PulseRepetitionInterval = pulses, 3600
    return made


def test_channels_sources_and_dwells_of_a_plan_are_read() -> None:
    plan = plan_of(pulsed())
    (source,) = plan.sources
    assert source == Source(1, "Ir-192", 73.83, 40_700.0, "uGy/h at 1 m", "20250601080000")
    first = plan.applications[0].channels[0]
    assert (first.number, first.time, first.source, first.final) == (1, 110.0, 1, 6.0)
    assert (first.applicator, first.tube) == ("A1", 1)
    assert (first.pulses, first.interval, first.stops) == (40, 3600.0, 6)


def _two_channels_with_a_number(made: Dataset) -> None:
    made.ApplicationSetupSequence[0].ChannelSequence[1].ChannelNumber = 1


def _time_below_zero(made: Dataset) -> None:
    made.ApplicationSetupSequence[0].ChannelSequence[1].ChannelTotalTime = -1.0


def _weight_does_not_end(made: Dataset) -> None:
    made.ApplicationSetupSequence[0].ChannelSequence[1].FinalCumulativeTimeWeight = 9.0


def _pulses_below_zero(made: Dataset) -> None:
    made.ApplicationSetupSequence[0].ChannelSequence[1].NumberOfPulses = -4


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_two_channels_with_a_number, "two items have ChannelNumber 1"),
        (_time_below_zero, "channel 2: ChannelTotalTime is negative"),
        (_weight_does_not_end, "channel 2: the last control point has the weight 6"),
        (_pulses_below_zero, "channel 2: NumberOfPulses is negative"),
    ],
)
def test_a_plan_that_can_t_be_is_refused(spoil: Callable[[Dataset], None], what: str) -> None:
    made = brachy_plan()
    spoil(made)
    with pytest.raises(Malformed, match=what):
        plan_of(made)


def test_channels_overrides_and_doses_of_a_record_are_read() -> None:
    made = brachy_record(brachy_plan(), 1, factor=1.1)
    told = [item(ReferencedDoseReferenceNumber=1, CalculatedDoseReferenceDoseValue=3.1)]
    setup(made).ReferencedCalculatedDoseReferenceSequence = told
    for number in PLANNED:
        each = item(ReferencedDoseReferenceNumber=2, CalculatedDoseReferenceDoseValue=0.5)
        channel(made, number).ReferencedCalculatedDoseReferenceSequence = [each]
    point = channel(made, 1).BrachyControlPointDeliveredSequence[2]
    point.OverrideSequence = [item(OverrideReason="forced dwell")]
    (beam,) = record_of(made).beams
    assert [(each.number, each.specified, each.delivered) for each in beam.channels] == [
        (1, 121.0, 121.0),
        (2, 132.0, 132.0),
        (3, 143.0, 143.0),
    ]
    assert beam.channels[0].source == Source(
        1, "Ir-192", 73.83, 40_700.0, "uGy/h at 1 m", "20250601080000"
    )
    assert (beam.channels[2].points[-1].index, beam.channels[2].points[-1].position) == (11, 25.0)
    assert beam.overrides == ("forced dwell",)
    assert beam.verification is Verification.OVERRIDDEN
    assert [(each.reference, each.dose) for each in beam.doses] == [(1, 3.1), (2, 1.5)]
    assert beam.at == "20250609090000"


def test_a_negative_time_in_a_record_is_refused() -> None:
    made = brachy_record(brachy_plan(), 1, [Ran(1, delivered=-1.0)])
    with pytest.raises(Malformed, match="channel 1: DeliveredChannelTotalTime is negative"):
        record_of(made)


@pytest.mark.parametrize("day", ["20250601", "20250609", "20250701", "20250801"])
def test_an_application_is_whole_when_each_channel_is_by_the_decay(day: str) -> None:
    made = approved(brachy_plan())
    at = datetime.strptime(f"{day}09", "%Y%m%d%H")  # noqa: DTZ007 - DICOM times have no zone
    given_ = brachy_record(made, 1, at=at)
    found = ledger(made, given_)
    assert (found.delivered, found.findings) == (1, ())
    assert grave(made, given_) == []


def test_a_fresh_source_gives_the_plan_in_less_time() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1, factor=0.5)
    assert ledger(made, given_).delivered == 0
    source = given_.RecordedSourceSequence[0]
    source.SourceStrengthReferenceDate = "20250609"
    source.ReferenceAirKermaRate = 81_400.0
    found = ledger(made, given_)
    assert (found.delivered, found.findings) == (1, ())
    assert grave(made, given_) == []


WRONG: dict[str, tuple[list[Ran], str, str]] = {
    "missing": (
        [Ran(1), Ran(2)],
        "channel 3 of the plan is not told",
        "3 it is missing",
    ),
    "dummy": (
        [Ran(1, 1.0, 1.0)],
        "channel 2 of the plan is not told; channel 3 of the plan is not told",
        "2 it is missing",
    ),
    "unknown": (
        [Ran(9, 360.0, 360.0)],
        (
            "channel 1 of the plan is not told; channel 2 of the plan is not told; "
            "channel 3 of the plan is not told; channel 9 is not in the plan"
        ),
        "9 it is not in the plan",
    ),
    "one too many": (
        [Ran(1), Ran(2), Ran(3), Ran(9, 5.0, 5.0)],
        "channel 9 is not in the plan",
        "9 it is not in the plan",
    ),
    "swapped": (
        [Ran(1, 130.0), Ran(2, 120.0), Ran(3, 110.0)],
        "channel 1 was to give 130 s, by the other channels it is 110 s",
        "1 specified time: 130 s instead of 110 s",
    ),
    "shifted": (
        [Ran(1, 110.0, 170.0), Ran(2, 120.0), Ran(3, 130.0, 70.0)],
        "channel 1 gave 170 s of 110 s",
        "1 time given: 170 s instead of 110 s",
    ),
    "ten times": (
        [Ran(1, 1100.0), Ran(2, 1200.0), Ran(3, 1300.0)],
        "it was to take 10 times as long as planned; the source makes it 1 to 1.08 times",
        "1 specified time: 3600 s instead of 388.232 s",
    ),
    "one not asked for": (
        [Ran(1), Ran(2), Ran(3, 0.0, 0.0)],
        "channel 3 was to give nothing, the plan has 130 s",
        "3 specified time: 0 s instead of",
    ),
    "twice": (
        [Ran(1), Ran(2), Ran(3), Ran(2)],
        "channel 2 is told twice",
        "",
    ),
}


@pytest.mark.parametrize(("ran", "detail", "words"), WRONG.values(), ids=WRONG)
def test_channels_that_are_not_the_plan_s_count_for_nothing(
    ran: list[Ran], detail: str, words: str
) -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1, ran)
    found = ledger(made, given_)
    assert found.delivered == 0
    (open_,) = found.uncounted
    assert (open_.kind, open_.detail) == (FindingKind.UNPLACED, detail)
    if words:
        assert any(each.startswith(words) for each in grave(made, given_)), grave(made, given_)


def _no_time(made: Dataset) -> None:
    del channel(made, 2).DeliveredChannelTotalTime


def _no_number(made: Dataset) -> None:
    del channel(made, 2).ChannelNumber


def _another_isotope(made: Dataset) -> None:
    made.RecordedSourceSequence[0].SourceIsotopeName = "Co-60"


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (_no_time, "channel 2 tells no time"),
        (_no_number, "a channel has no number; channel 2 of the plan is not told"),
        (
            _another_isotope,
            "the source of channel 1 is Co-60, the plan's is Ir-192; the source of ",
        ),
    ],
)
def test_what_is_not_told_or_another_source_counts_for_nothing(
    spoil: Callable[[Dataset], None], detail: str
) -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1)
    spoil(given_)
    (open_,) = ledger(made, given_).uncounted
    assert open_.detail.startswith(detail)


def test_channels_that_nobody_asked_for_may_be_listed() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1, [Ran(1), Ran(2), Ran(3), Ran(4, 0.0, 0.0)])
    assert ledger(made, given_).findings == ()
    assert grave(made, given_) == []


def test_an_interrupted_application_gave_what_each_channel_gave() -> None:
    made = approved(brachy_plan())
    ran = [Ran(1), Ran(2, 120.0, 60.0), Ran(3, delivered=0.0)]
    given_ = brachy_record(made, 1, ran, factor=1.0, termination="MACHINE")
    found = ledger(made, given_)
    (first, *_) = found.fractions
    assert (first.state, found.findings) == (FractionState.PARTIAL, ())
    assert first.beams[0].reached == pytest.approx(170.0)
    assert grave(made, given_)[1:] == []


def test_a_short_channel_is_not_lost_in_the_long_ones() -> None:
    made = approved(brachy_plan())
    made.ApplicationSetupSequence[0].ChannelSequence[2].ChannelTotalTime = 2.0
    ran = [Ran(1, 110.0, 111.0), Ran(2, 120.0, 121.0), Ran(3, 2.0, 0.0)]
    found = ledger(made, brachy_record(made, 1, ran))
    assert found.fractions[0].state is FractionState.PARTIAL


@pytest.mark.parametrize("of_all", [False, True], ids=["time of a pulse", "time of all"])
def test_pulses_that_were_not_given_are_not_given(of_all: bool) -> None:  # noqa: FBT001
    made = pulsed()
    whole = ledger(made, brachy_record(made, 1))
    assert (whole.delivered, whole.findings) == (1, ())
    times = {number: time / 4 if of_all else time for number, time in PLANNED.items()}
    ran = [Ran(each, PLANNED[each], times[each], pulses=10) for each in PLANNED]
    given_ = brachy_record(made, 1, ran)
    found = ledger(made, given_)
    assert (found.fractions[0].state, found.uncounted) == (FractionState.PARTIAL, ())
    assert found.fractions[0].beams[0].reached == pytest.approx(90.0)
    assert "1 pulses given: 10 instead of 40" in grave(made, given_)


def _other_pulses(made: Dataset) -> None:
    channel(made, 1).SpecifiedNumberOfPulses = channel(made, 1).DeliveredNumberOfPulses = 20


def _no_pulses(made: Dataset) -> None:
    del channel(made, 1).SpecifiedNumberOfPulses, channel(made, 1).DeliveredNumberOfPulses


def _more_pulses(made: Dataset) -> None:
    channel(made, 1).DeliveredNumberOfPulses = 41


def _half_of_both(made: Dataset) -> None:
    channel(made, 1).DeliveredNumberOfPulses = 10
    channel(made, 1).DeliveredChannelTotalTime = 60.0


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (_other_pulses, "channel 1 was to give 20 pulses, the plan has 40"),
        (_no_pulses, "channel 1 doesn't tell its pulses"),
        (_more_pulses, "channel 1 gave 41 pulses of 40"),
        (_half_of_both, "channel 1 gave 10 of 40 pulses and 60 s of 110 s"),
    ],
)
def test_pulses_that_are_not_clear_count_for_nothing(
    spoil: Callable[[Dataset], None], detail: str
) -> None:
    made = pulsed()
    given_ = brachy_record(made, 1, factor=1.0)
    spoil(given_)
    (open_,) = ledger(made, given_).uncounted
    assert open_.detail == detail


def test_times_without_a_source_lie_between_bounds() -> None:
    made = approved(brachy_plan())
    inside, outside = (brachy_record(made, 1, factor=factor) for factor in (2.5, 3.5))
    assert ledger(made, inside).delivered == 0
    del made.SourceSequence[0].SourceIsotopeHalfLife
    assert ledger(made, inside).delivered == 1
    untold = [each.keyword for each in differences(made, inside) if not each.severity]
    assert untold == ["ReferenceAirKermaRate", "CumulativeTimeWeight"]
    (open_,) = ledger(made, outside).uncounted
    assert "the source is not told, at most it is 0.333 to 3 times" in open_.detail


@pytest.mark.parametrize(
    "written", ["Ir-192", "IR192", "192Ir", "Iridium-192", "192-Ir", "mHDR Ir-192 v2", "ir 192"]
)
def test_an_isotope_is_known_however_it_is_written(written: str) -> None:
    assert isotope(written) == "Ir-192"


@pytest.mark.parametrize("written", ["", "Sir192", "Ir-192 or Co-60", "Ir", "Xx-192"])
def test_an_isotope_that_is_not_clear_stays_as_it_is_written(written: str) -> None:
    assert isotope(written) == written


def test_times_may_be_of_the_reference_date_or_of_the_day() -> None:
    planned = Source(1, "Ir-192", 74.0, 40_000.0, "uGy/h at 1 m", "20250601120000")
    found = factors(planned, None, "20250814120000")
    assert (found.least, found.most, found.reference) == pytest.approx((1.0, 2.0, 2.0))
    assert [found.fits(each) for each in (0.9, 0.985, 1.5, 2.03, 2.1)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    late = factors(planned, None, "20260814120000")
    assert late.exact
    assert not late.fits(MOST * 1.01)
    for unknown in (None, replace(planned, half_life=None), replace(planned, since="2025")):
        assert not factors(unknown, None, "20250814").exact
    assert not factors(planned, None, "").exact
    assert factors(replace(planned, half_life=1e-9), None, "20250814").exact is False


def test_dwells_and_applicators_are_compared() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1)
    one = channel(given_, 1)
    one.BrachyControlPointDeliveredSequence[2].ControlPointRelativePosition = 65.0
    del one.BrachyControlPointDeliveredSequence[11]
    one.RecordedSourceApplicatorSequence[0].SourceApplicatorID = "A3"
    one.TransferTubeNumber = 3
    assert grave(made, given_) == [
        "1 transfer tube: 3 instead of 1",
        "1 source applicator: A3 instead of A1",
        "2 position in the channel: 65 mm instead of 5 mm (by 60, tolerance 2: Isogate's default)",
        "11 it is missing",
    ]


def test_another_isotope_is_a_difference() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1)
    _another_isotope(given_)
    assert grave(made, given_) == ["1 isotope: Co-60 instead of Ir-192"]


def test_times_that_were_not_made_longer_are_looked_at() -> None:
    """The planning system may have written them for the day; nobody can tell, so it is said."""
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1, factor=1.0)
    assert ledger(made, given_).delivered == 1
    (found,) = [each for each in differences(made, given_) if each.severity is Severity.WARN]
    assert said(found) == {
        "en": "specified time: 360 s instead of 388.232 s (by 7.272%, tolerance 2.000%: "
        "the decay of the source)",
        "zh-CN": "规定照射时间: 应为 388.232 s，实为 360 s（偏差 7.272%，容差 2.000%：放射源衰变）",
    }


def test_what_a_record_does_not_tell_was_not_compared() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1)
    del given_.RecordedSourceSequence
    for number in PLANNED:
        del channel(given_, number).RecordedSourceApplicatorSequence
    del channel(given_, 2).BrachyControlPointDeliveredSequence[3].ReferencedControlPointIndex
    found = [each for each in differences(made, given_) if each.severity is Severity.UNTOLD]
    rest = ": not told, so not compared"
    assert [english(each) for each in found] == [
        f"source applicator (channel 1, 2, 3){rest}",
        f"isotope (channel 1, 2, 3){rest}",
        f"strength of the source (channel 1, 2, 3){rest}",
        f"position in the channel (channel 2){rest}",
        f"time at each dwell (channel 1, 2, 3){rest}",
    ]
    first = said(found[0])
    assert not isinstance(first, str)
    assert first["zh-CN"] == "施源器（通道 1, 2, 3）：未注明，未对比"


def test_an_application_that_the_plan_has_not_is_a_difference() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1)
    setup(given_).ReferencedBrachyApplicationSetupNumber = 7
    assert grave(made, given_) == ["7 it is not in the plan"]
    (open_,) = ledger(made, given_).uncounted
    assert open_.kind is FindingKind.UNKNOWN_BEAM


def test_a_record_of_beams_tells_nothing_of_an_application() -> None:
    made = approved(brachy_plan())
    given_ = record(approved(plan(STATIC)), 1, [Part(1)], PrimaryDosimeterUnit="")
    (open_,) = ledger(made, given_).uncounted
    assert open_.detail == "it tells no channels"


def test_what_was_continued_is_for_people() -> None:
    made = approved(brachy_plan())
    given_ = brachy_record(made, 1, [Ran(3, 50.0)], delivery="CONTINUATION")
    (open_,) = ledger(made, given_).uncounted
    assert open_.detail == "it doesn't tell where the application was continued"
    assert grave(made, given_) == []


async def test_the_page_says_what_was_not_compared_and_a_wrong_channel_blocks(
    tmp_path: Path,
) -> None:
    made = approved(brachy_plan())
    whole = brachy_record(made, 1)
    async with treatments(tmp_path) as t:
        await t.take(made, whole)
        uid = str(made.SOPInstanceUID)
        page = await t.page(f"/plans/{uid}?lang=en")
        assert "not all was compared" in page
        assert "channel 2: 129.40/129.40 s" in page
        shown = await t.page(f"/plans/{uid}/difference?record={whole.SOPInstanceUID}&lang=en")
        assert "time at each dwell (channel 1, 2, 3): not told, so not compared" in shown
        assert "Not all was told." in shown
        assert "Everything that was told agrees" not in shown
        wrong = brachy_record(made, 2, [Ran(1, 130.0), Ran(2, 120.0), Ran(3, 110.0)], at=NOW)
        await t.take(wrong)
        row = await t.book.plan(uid)
        assert row is not None
        (first,) = await t.desk.checks(row)
        assert BlockKind.COUNT in {each.kind for each in first.checks if each.blocks}
        page = await t.page(f"/plans/{uid}?lang=en")
        assert "channel 1 was to give 130 s, by the other channels it is 110 s" in page


TIMES = st.lists(st.floats(5.0, 600.0), min_size=2, max_size=12)


def application(times: list[float]) -> PlannedBeam:
    several = tuple(PlannedChannel(n, time, 5) for n, time in enumerate(times, 1))
    return PlannedBeam(1, "", sum(times), 7.0, unit=SECONDS, channels=several)


def part(times: dict[int, float]) -> Given:
    several = tuple(GivenChannel(n, time, time) for n, time in times.items())
    whole = sum(times.values())
    return Given(
        "r", 0, 1, 1, 1, "TREATMENT", True, "NORMAL", whole, 0.0, whole, "", "20250609", "",
        unit=SECONDS, channels=several,
    )  # fmt: skip


@given(TIMES, st.floats(0.34, 2.9))
def test_one_factor_for_all_channels_fits(times: list[float], factor: float) -> None:
    told = {n: round(time * factor, 1) for n, time in enumerate(times, 1)}
    assert misfit(application(times), part(told)) == ""


@given(TIMES, st.floats(0.34, 2.9), st.data())
def test_a_channel_that_is_off_by_more_than_the_tolerance_never_fits(
    times: list[float], factor: float, data: st.DataObject
) -> None:
    told = {n: time * factor for n, time in enumerate(times, 1)}
    wrong = data.draw(st.sampled_from(sorted(told)))
    others = sum(times) - times[wrong - 1]
    least = 0.05 * max(1.0, times[wrong - 1] / others)
    off = data.draw(st.one_of(st.floats(0.0, 1 - min(least, 0.9)), st.floats(1 + least, 9.0)))
    told[wrong] = told[wrong] * off
    moved = abs(told[wrong] - times[wrong - 1] * factor) * min(1.0, others / sum(times))
    if moved > 0.06 * max(told.values()):
        assert misfit(application(times), part(told)) != ""


@given(TIMES, st.data())
def test_another_set_of_channels_never_fits(times: list[float], data: st.DataObject) -> None:
    told = dict(enumerate(times, 1))
    gone = data.draw(st.sampled_from(sorted(told)))
    moved = {99 if n == gone else n: time for n, time in told.items()}
    assert misfit(application(times), part(moved)) != ""
    del told[gone]
    assert misfit(application(times), part(told)) != ""
