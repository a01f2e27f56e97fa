import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.units import (
    MAX_TEXT,
    TABLE,
    UnitError,
    like,
    names_its_unit,
    nearest_unit,
    parse_quantity,
    quantity_text,
    suffix,
    unit_of,
)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("24 h", "h", 24.0),
        ("24h", "h", 24.0),
        ("0.5 min", "h", 1 / 120),
        ("22 d", "h", 528.0),
        ("1 year", "d", 365.25),
        ("1 month", "d", 365.25 / 12),
        ("2 weeks", "d", 14.0),
        ("25 %", "1", 0.25),
        ("0.25", "1", 0.25),
        ("10000", "cells", 10000.0),
        ("10 µg/mL", "mg/L", 10.0),
        ("10 μg/mL", "ug/mL", 10.0),
        ("4 g/dL", "ug/mL", 40000.0),
        ("0.8 nM", "uM", 0.0008),
        ("2 per h", "1/h", 2.0),
        ("2 /h", "1/min", 2 / 60),
        ("2 1/h", "/h", 2.0),
        ("2 h^-1", "1/h", 2.0),
        ("2 h⁻¹", "1/h", 2.0),
        ("3e5 /M/s", "1/nM/h", 1.08),
        ("120 µm²/s", "um^2/h", 432000.0),
        ("375 mg/m^2", "mg/m^2", 375.0),
        ("100 molecules/cell/s", "molecules/s", 100.0),
        ("88000 molecules per cell", "per_cell", 88000.0),
        ("88000 per cell", "1/cell", 88000.0),
        ("5e4 cells/mL", "cells/uL", 50.0),
        ("145 kDa", "kDa", 145.0),
        ("200 uL", "mL", 0.2),
        ("-3 um", "um", -3.0),
        (".5 h", "min", 30.0),
        ("10 mcg/mL", "ug/mL", 10.0),
        ("10 mcg / ml", "ug/mL", 10.0),
        ("10 ug/ml", "ug/mL", 10.0),
        ("200 µl", "uL", 200.0),
        ("2 l", "mL", 2000.0),
        ("1 cc", "mL", 1.0),
        ("24 hrs", "h", 24.0),
        ("30 mins", "h", 0.5),
        ("36 secs", "h", 0.01),
        ("2 wk", "d", 14.0),
        ("2 wks", "d", 14.0),
        ("1 yr", "d", 365.25),
        ("2 yrs", "d", 730.5),
        ("375 mg / m²", "mg/m^2", 375.0),
    ],
)
def test_a_quantity_is_converted_to_the_unit_asked_for(text, unit, value):
    assert parse_quantity(text, unit) == pytest.approx(value, rel=1e-15)


def test_conversion_rounds_once():
    assert parse_quantity("0.1 min", "h") == 0.1 / 60
    assert parse_quantity("10 %", "1") == 0.1
    assert parse_quantity("36 s", "h") == 0.01


def test_the_molar_mass_links_mass_and_molar_concentration():
    assert parse_quantity("1 ug/mL", "nM", kDa=145) == pytest.approx(1000 / 145)
    assert parse_quantity("100 nM", "ug/mL", kDa=145) == pytest.approx(14.5)
    with pytest.raises(UnitError, match="dimension"):
        parse_quantity("1 h", "nM", kDa=145)


@pytest.mark.parametrize(
    ("text", "unit", "message", "near"),
    [
        ("24", "h", "unit missing", ""),
        ("24 um", "h", "dimension length, not time", ""),
        ("10 ug/mL", "nM", "dimension mass/length^3, not amount/length^3", ""),
        ("25 cells", "1", "dimension count, not pure number", ""),
        ("3 h^5", "h", "unknown unit", ""),
        ("3 h/", "h", "unknown unit", ""),
        ("3 //h", "1/h", "unknown unit", ""),
        ("h", "h", "no finite number", ""),
        ("", "h", "no finite number", ""),
        ("nan h", "h", "no finite number", ""),
        ("inf h", "h", "no finite number", ""),
        ("1.5.2 h", "h", "no finite number", ""),
        ("1e400 h", "h", "too large", ""),
        ("1e9999 h", "h", "unknown unit", ""),
        ("9" * 5000 + " h", "h", "no finite number", ""),
        ("10**10**8 h", "h", "unknown unit", ""),
        ("\uff13 h", "h", "no finite number", ""),
    ],
)
def test_a_bad_quantity_is_refused(text, unit, message, near):
    with pytest.raises(UnitError) as refused:
        parse_quantity(text, unit)
    assert message in str(refused.value)
    assert refused.value.nearest == near or not near
    assert len(str(refused.value)) < 3 * MAX_TEXT


@pytest.mark.parametrize(
    ("text", "unit", "near"),
    [
        ("10 UG/ML", "ug/mL", "ug/mL"),
        ("10 Mcg/Ml", "ug/mL", "mcg/mL"),
        ("24 NM", "nM", "nM"),
        ("24 MM", "um", "mm"),
        ("24 nm", "nM", "nM"),
        ("24 HRS", "h", "hrs"),
        ("24 huors", "h", "hours"),
        ("24 moths", "h", "months"),
        ("3 kDA", "kDa", "kDa"),
    ],
)
def test_the_unit_that_was_probably_meant_is_of_the_same_size(text, unit, near):
    with pytest.raises(UnitError) as refused:
        parse_quantity(text, unit)
    assert refused.value.nearest == near


@pytest.mark.parametrize("text", ["1 mgg/mL", "1 mcgg/mL", "1 xg/mL", "1 ngm/mL", "5 um", "3 mu/mL", "1 ug/mLL"])
def test_no_unit_is_suggested_where_a_letter_is_a_power_of_ten(text):
    with pytest.raises(UnitError) as refused:
        parse_quantity(text, "ug/mL")
    assert refused.value.nearest == ""


@settings(deadline=None, max_examples=300)
@given(st.text("mcungkpfdlLMgs/ ", max_size=6), st.sampled_from(["ug/mL", "uL", "nM", "um", "h", "mg/m2"]))
def test_a_suggested_unit_differs_in_capitals_alone_or_is_a_word(text, unit):
    near = nearest_unit(text, unit)
    if near:
        assert unit_of(near).powers == unit_of(unit).powers
        assert near.lower() == text.replace(" ", "").lower() or max(map(len, near.split("/"))) > 3


def test_a_long_text_is_no_unit_and_takes_no_time():
    assert nearest_unit("/".join("S" * 40), "h") == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,5 h", "'1,5 h' has a decimal comma: write 1.5 h"),
        ("-0,5 h", "'-0,5 h' has a decimal comma: write -0.5 h"),
        ("0,500 h", "has a decimal comma: write 0.500 h"),
        ("1,5e3 h", "has a decimal comma: write 1.5e3 h"),
        ("1.000,5 h", "has a decimal comma: write 1000.5 h"),
        ("1,000 h", "has a comma: write 1000 h or 1.000 h"),
        ("1,000.5 h", "has a thousands separator: write 1000.5 h"),
        ("1,000,000 h", "has a thousands separator: write 1000000 h"),
        ("1.000.000 h", "has a thousands separator: write 1000000 h"),
        ("1 000 h", "has a thousands separator: write 1000 h"),
        ("1\u202f000 h", "has a thousands separator: write 1000 h"),
        ("1'000 h", "has a thousands separator: write 1000 h"),
        ("1_000 h", "has a thousands separator: write 1000 h"),
    ],
)
def test_a_comma_or_what_parts_thousands_is_named(text, message):
    with pytest.raises(UnitError) as refused:
        parse_quantity(text, "h")
    assert message in str(refused.value)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["h", "1", "nM", "cells", "1/h"]))
def test_any_text_is_a_number_or_a_unit_error(text, unit):
    with contextlib.suppress(UnitError):
        assert abs(parse_quantity(text, unit)) < float("inf")


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["h", "1/h", "um^2/s", "1/M/s", "kDa"]))
def test_a_written_quantity_reads_back_to_the_same_float(value, unit):
    assert parse_quantity(quantity_text(value, unit), unit) == value


@settings(deadline=None)
@given(st.sampled_from(sorted(TABLE)), st.sampled_from(sorted(TABLE)))
def test_products_of_symbols_have_added_dimensions(a, b):
    joined = unit_of(f"{a}*{b}").powers
    assert joined == tuple(x + y for x, y in zip(TABLE[a].powers, TABLE[b].powers, strict=True))


@pytest.mark.parametrize("unit", ["", "furlong", "h h", "x" * 200, "h*", "nM^9"])
def test_an_unknown_unit_is_refused(unit):
    with pytest.raises(UnitError):
        unit_of(unit)


@pytest.mark.parametrize(
    ("unit", "ending"),
    [
        ("h", "h"),
        ("1/h", "per_h"),
        ("/h", "per_h"),
        ("um/min", "um_per_min"),
        ("um^2/s", "um2_per_s"),
        ("ug/mL", "ug_per_mL"),
        ("1/M/s", "per_M_per_s"),
        ("mg/m^2", "mg_per_m2"),
        ("%", "percent"),
        ("1", ""),
    ],
)
def test_a_name_ends_in_its_unit(unit, ending):
    assert suffix(unit) == ending
    assert names_its_unit(f"quantity_{ending}", unit) == bool(ending)
    assert not names_its_unit("quantity", unit)


def test_a_name_in_another_unit_does_not_count():
    assert names_its_unit("kon_per_M_s", "1/M/s")
    assert not names_its_unit("duration_d", "h")
    assert not names_its_unit("ash", "h")


def test_the_message_names_units_of_the_same_dimension():
    assert like("h") == "a number with a unit, such as '1 h' (s, min, h, d, week, month, year)"
    assert like("1/h") == "a number with a unit, such as '1 /h'"
    assert like("cells") == "a number"
