"""A measure says once what a number is: unit, words, axis, and how a reader sees it."""

import json

import pytest

from abm.core.measure import Measure, Measures, of_ending, readable
from abm.core.units import UnitError


def test_axis_and_what_a_reader_sees_follow_from_unit_and_kind():
    level, flag = Measure("drug_ug_per_mL", "ug/mL", "drug in plasma"), Measure("flare", "1", "IgM flares", "share")
    assert (level.axis, level.factor) == ("drug in plasma (µg/mL)", 1.0)
    assert (flag.axis, flag.factor) == ("IgM flares (%)", 100.0)
    assert Measure("il6", "1", "IL-6", shown="relative").axis == "IL-6 (relative)"
    assert Measure("n_b_alive", "cells", "B cells alive").axis == "B cells alive"


@pytest.mark.parametrize(("unit", "words", "error"), [("parsec", "far", UnitError), ("h", " ", ValueError)])
def test_a_measure_without_a_unit_or_without_words_is_refused(unit, words, error):
    with pytest.raises(error):
        Measure("way", unit, words)


def test_the_very_name_comes_before_a_pattern_and_a_longer_pattern_before_a_shorter():
    known = Measures([Measure("*_nM", "nM", "free *"), Measure("dheas_nM", "nM", "DHEAS"),
                      Measure("bound_*_nM", "nM", "bound *")])  # fmt: skip
    assert known.of("rituximab_nM").axis == "free rituximab (nM)"
    assert known.of("dheas_nM").words == "DHEAS"
    assert known.of("bound_ofatumumab_like_nM").words == "bound ofatumumab like"
    assert known.find("_nM") is None


def test_what_was_declared_reads_back_equal_and_what_is_damaged_is_passed_over():
    known = Measures([Measure("deaths_*", "cells", "B cells dead by *"), Measure("time_h", "h", "time")])
    text = json.dumps(known.plain(["time_h", "deaths_cdc", "unheard_of"]))
    assert list(Measures.read(json.loads(text))) == [known.of("time_h"), known.of("deaths_cdc")]
    assert list(Measures.read({"a": None, "b": {"name": "b"}, "c": {"name": "c", "unit": "?", "words": "c"}})) == []


@pytest.mark.parametrize(
    ("name", "axis", "kind"),
    [
        ("albumin_g_per_L", "albumin (g/L)", "number"),
        ("lysed_frac", "lysed (%)", "share"),
        ("time_to_partial_d", "time to partial (d)", "time"),
        ("rel_cd20", "rel cd20", "number"),
    ],
)
def test_a_name_that_nobody_declared_is_read_by_its_ending(name, axis, kind):
    assert (of_ending(name).axis, of_ending(name).kind) == (axis, kind)


@pytest.mark.parametrize(
    ("unit", "seen"), [("ug/mL", "µg/mL"), ("1/nL", "per nL"), ("1", ""), ("molecules/cell", "molecules per cell")]
)
def test_units_are_written_as_a_reader_expects_them(unit, seen):
    assert readable(unit) == seen
