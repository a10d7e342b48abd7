from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.profile import UnknownUnit, dimension
from gateway.profile.ucum import suggestion
from gateway.profile.ucum_tables import BASE, COMMON, HABITS, METRIC, PLAIN, PREFIXES

UNITS = st.sampled_from(sorted({*BASE, *METRIC, *PLAIN}))


@pytest.mark.parametrize(
    "code",
    ["kW.h", "m3/h", "uSv/h", "Cel", "%", "1", "/min", "mm[Hg]", "10*9/L", "10*-3", "{MU}",
     "{count}/s", "V.A{reactive}", "kg.m/s2", "m.s-1", "U/(10.g){feces}", "mmol/L", "dB{A}", "deg",
     "4.[pi].10*-7.N/A2", "[in_i'H2O]", "dar", "ug/kg/(8.h){shift}"],
)  # fmt: skip
def test_units_of_ucum_are_known(code: str) -> None:
    dimension(code)


@pytest.mark.parametrize(
    "code",
    ["", "kw", "KW", "°C", "kWh", "m/", "m..s", "(m", "m)", "m s", "kmin", "k", "m{", "{a}{b}",
     "m/-1", "0", "m^2", "µm", "%%", "k%", "[degf]", "m" * 100, "(" * 70],
)  # fmt: skip
def test_what_is_no_unit_is_refused(code: str) -> None:
    with pytest.raises(UnknownUnit):
        dimension(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [("kW.h", "J"), ("V.A", "W"), ("mm[Hg]", "kPa"), ("Cel", "K"), ("L/min", "m3/h"), ("%", "1"),
     ("[ppm]", "10*-6"), ("uSv/h", "m2/s3"), ("Bq", "/s"), ("bar", "N/m2"), ("mol/L", "/m3"),
     ("Ohm", "V/A"), ("Wb", "T.m2"), ("cm-1", "/m"), ("g%", "g/dL"), ("eV", "erg")],
)  # fmt: skip
def test_units_of_one_quantity_share_a_dimension(one: str, other: str) -> None:
    assert dimension(one) == dimension(other)


@pytest.mark.parametrize(("one", "other"), [("V", "A"), ("h", "Hz"), ("kW", "kW.h"), ("m", "rad")])
def test_units_of_two_quantities_do_not(one: str, other: str) -> None:
    assert dimension(one) != dimension(other)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("kw", "kW"), ("KWH", "kW.h"), ("kWh", "kW.h"), ("°C", "Cel"), ("℃", "Cel"), ("degc", "Cel"),
     ("µSv/h", "uSv/h"), ("usv/h", "uSv/h"), ("m³/h", "m3/h"), ("mmHg", "mm[Hg]"),
     ("var", "V.A{reactive}"), ("rpm", "/min"), ("k W", "kW"), ("xyzzy", "")],
)  # fmt: skip
def test_what_was_probably_meant(written: str, meant: str) -> None:
    assert suggestion(written) == meant


def test_every_definition_and_every_suggestion_is_a_unit() -> None:
    for code in (*METRIC, *PLAIN, *COMMON, *HABITS.values(), *METRIC.values(), *PLAIN.values()):
        dimension(code)


@given(UNITS, UNITS)
def test_a_product_and_a_quotient_add_and_subtract_exponents(one: str, other: str) -> None:
    product, quotient = dimension(f"{one}.{other}"), dimension(f"{one}/{other}")
    both = zip(dimension(one), dimension(other), strict=True)
    assert [(a + b, a - b) for a, b in both] == list(zip(product, quotient, strict=True))


@given(st.sampled_from(sorted(PREFIXES)), st.sampled_from(sorted(METRIC)))
def test_a_prefix_leaves_the_dimension_of_a_metric_unit(prefix: str, unit: str) -> None:
    if prefix + unit not in {*PLAIN, *METRIC, *BASE}:
        assert dimension(prefix + unit) == dimension(unit)


@given(st.text(max_size=90))
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    try:
        assert len(dimension(text)) == 7
    except UnknownUnit as error:
        assert str(error)  # noqa: PT017 - either answer is right
