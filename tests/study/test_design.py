"""Designs visit the points they promise, inside the ranges, drawn by SciPy and SALib."""

import json

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from abm.core.errors import InputError
from abm.document.load import apply_overrides
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.axis import Axis
from abm.study.design import AnyDesign, Range, label, range_of
from abm.study.rows import as_base

SHIELD, LAG, N = "processes.shield.max_frac", "processes.potency.lag", "populations.b_cells.n"
RANGES = {SHIELD: {"lo": 0.5, "hi": 1.0}, LAG: {"lo": "30 min", "hi": "10 h", "scale": "log"}, N: {"lo": 10, "hi": 60}}


@pytest.fixture(scope="module")
def base(tiny):
    return json.loads(as_base(tiny()))


def points(base, **design):
    made = TypeAdapter(AnyDesign).validate_python(design)
    found = list(made.points(base))
    assert len(found) == made.n_points()
    return found


def test_a_factorial_has_every_combination_once(base):
    found = points(base, kind="factorial", axes={SHIELD: [0.5, 1.0], "arm": ["serum", "both"], N: [1, 2, 3]})
    assert len({tuple(point.values()) for point in found}) == 12
    assert found[1] == {SHIELD: 0.5, "arm": "serum", N: 2}


def test_one_at_a_time_begins_at_the_base_and_changes_one(base):
    found = points(base, kind="one_at_a_time", axes={SHIELD: {"lo": 0.5, "hi": 1.0}, N: [7]})
    assert found == [{}, {SHIELD: 0.5}, {SHIELD: 1.0}, {N: 7}]


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_drawn_points_fill_every_range_evenly(base, kind):
    found = points(base, kind=kind, n=64, axes=RANGES)
    shield = np.array([point[SHIELD] for point in found])
    lag_h = np.array([float(point[LAG].removesuffix(" h")) for point in found])
    assert np.histogram(shield, 8, (0.5, 1.0))[0].tolist() == [8] * 8
    assert np.histogram(np.log(lag_h), 8, (np.log(0.5), np.log(10.0)))[0].tolist() == [8] * 8
    assert {type(point[N]) for point in found} == {int}
    assert found == points(base, kind=kind, n=64, axes=RANGES)


def test_a_range_is_the_parameter_s_own_bounds_where_none_is_given(base):
    found = points(base, kind="latin_hypercube", n=32, axes={"populations.b_cells.low_fraction": {}})
    values = [point["populations.b_cells.low_fraction"] for point in found]
    assert min(values) < 0.05
    assert max(values) > 0.95


def test_saltelli_takes_each_axis_in_turn_from_the_other_sample(base):
    found = points(base, kind="saltelli", n=4, axes={SHIELD: {}, "populations.b_cells.low_fraction": {}})
    a, b, first, second = (found[i : i + 4] for i in range(0, 16, 4))
    for i in range(4):
        assert first[i] == a[i] | {SHIELD: b[i][SHIELD]}
        assert second[i] == b[i] | {SHIELD: a[i][SHIELD]}


def test_every_morris_trajectory_changes_each_axis_once(base):
    found = points(base, kind="morris", n=3, axes=RANGES)
    for i in range(0, 12, 4):
        changed = [
            {k for k in RANGES if a[k] != b[k]} for a, b in zip(found[i : i + 3], found[i + 1 : i + 4], strict=True)
        ]
        assert sorted(next(iter(one)) for one in changed) == sorted(RANGES)
        assert {len(one) for one in changed} == {1}


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"processes.shild.max_frac": {}}, "did you mean 'shield'"),
        ({"processes.shield.kind": {}}, "no number with a range"),
        ({SHIELD: {"lo": 1.0, "hi": 0.5}}, "is no range"),
        ({"populations.b_cells.cd20.median": {}}, "is no range"),
        ({SHIELD: {"lo": 0.0, "scale": "log"}}, "a logarithmic range cannot start at 0"),
        ({SHIELD: {"lo": 0.0, "scale": "inverse"}}, "an inverse range cannot start at 0"),
    ],
)
def test_an_axis_without_a_usable_range_is_refused_by_name(base, axes, told):
    with pytest.raises(InputError, match=told):
        points(base, kind="latin_hypercube", n=4, axes=axes)


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "factorial", "axes": {}},
        {"kind": "factorial", "axes": {SHIELD: []}},
        {"kind": "list", "points": []},
        {"kind": "sobol", "n": 12, "axes": {SHIELD: {}}},
        {"kind": "latin_hypercube", "n": 0, "axes": {SHIELD: {}}},
        {"kind": "list", "points": [{}], "axis": {}},
        {"kind": "grid", "axes": {SHIELD: [1]}},
        {"kind": "factorial", "axes": {SHIELD: {"values": [1], "lo": 0}}},
    ],
)
def test_a_design_without_points_is_refused(design):
    with pytest.raises(ValidationError):
        TypeAdapter(AnyDesign).validate_python(design)


def test_axes_are_named_in_words_with_their_unit(base):
    assert label(base, "populations.b_cells.cd20.median") == "CD20 per cell: median"
    assert label(base, LAG) == "potency: Time constant of the response (h)"
    assert label(base, "arm") == "arm"


def test_how_much_patients_differ_is_an_axis_like_any_other():
    base = json.loads(as_base(load_scenario("configs/scenarios/gertz2004_second.yaml")))
    path = "cohort.vary.processes.growth.rate.cv"
    assert range_of(base, path, Axis(lo=0.5, hi=1.5)).unit == ""
    assert label(base, path).endswith("(1/h): Coefficient of variation, log-normal")


def test_another_kind_takes_over_what_it_knows_and_leaves_the_defaults_of_the_one_before():
    base = json.loads(as_base(load_scenario("configs/scenarios/gertz2004.yaml")))
    before = base["processes"]["growth"]
    after = apply_overrides(base, {"processes.growth.kind": "gompertz_growth"}, Scenario)["processes"]["growth"]
    assert before["kind"] == "logistic_growth"
    assert after == {key: value for key, value in before.items() if key != "rel_capacity"} | {"kind": "gompertz_growth"}
    own = apply_overrides(base, {"processes.growth.rel_capacity": 1.5}, Scenario)
    kept = apply_overrides(own, {"processes.growth.kind": "gompertz_growth"}, Scenario)["processes"]["growth"]
    assert kept["rel_capacity"] == 1.5  # said by somebody, so refused by name and not dropped


def test_on_the_inverse_scale_strength_is_even_and_begins_with_next_to_none():
    own = Range(path="processes.igg.k_uM", lo=0.2, hi=100.0, scale="inverse")
    strengths = [1.0 / own.number(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert (own.number(0.0), own.number(1.0)) == (pytest.approx(100.0), pytest.approx(0.2))
    assert np.diff(strengths) == pytest.approx(np.full(4, (5.0 - 0.01) / 4))
