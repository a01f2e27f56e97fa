"""The figures of studies show the designs they are for, and only those."""

import re

import numpy as np
import pytest

from abm.plot.page import style
from abm.plot.page.report import write_report
from abm.plot.studies import curves, heat, indices, scatter, tornado
from abm.plot.studies.points import Points
from tests.plot.studies import X, Y, Z, write_study


@pytest.fixture
def make(tmp_path):
    """Return the function that makes a finished study from points and a law."""
    return lambda kind, *how, **more: write_study(tmp_path / kind, kind, *how, **more)


def png_of(kind, folder):
    content = style.png(kind.figure(Points(folder)), kind.TITLE)
    assert content.startswith(b"\x89PNG")
    return content


def applying(folder):
    return [kind for kind in (curves, heat, tornado, indices, scatter) if kind.applies(Points(folder))]


def test_one_number_is_a_curve_and_a_second_axis_a_family_of_curves(make):
    alone = make("factorial", [{X: x} for x in (1e4, 1e5, 3e5)], lambda p: 1e4 / p[X])
    assert applying(alone) == [curves]
    assert "from 1.01 at 10,000 to 0.0483 at 300,000" in curves.seen(Points(alone)).replace("1.02", "1.01")
    both = make("list", [{X: x, Z: z} for x in (1e4, 1e5, 3e5) for z in ("serum", "both")], lambda p: 0.5)
    assert applying(both) == [curves]
    png_of(curves, both)


def test_two_numbers_are_a_map(make):
    folder = make("factorial", [{X: x, Y: y} for x in (1e4, 1e5, 3e5) for y in (1, 5, 10)], lambda p: 1 / p[Y])
    assert applying(folder) == [heat]
    png_of(heat, folder)
    assert "spans" in heat.seen(Points(folder))


def test_the_longest_bar_of_a_tornado_is_on_top(make):
    points = [{}, {X: 1e4}, {X: 3e5}, {Y: 1}, {Y: 10}]
    folder = make("one_at_a_time", points, lambda p: 0.5 + p.get(X, 0) * 1e-6 + p.get(Y, 0) * 0.1)
    assert applying(folder) == [tornado]
    found = tornado.spans(Points(folder), "both.survival")
    assert [path for path, _, _ in found] == [Y, X]
    assert found[0][1:] == pytest.approx((0.1, 1.0))
    png_of(tornado, folder)


def test_indices_are_ranked(make):
    rows = [
        {"path": path, "name": name, "value": value, "lo": value - 0.1, "hi": value + 0.1}
        for path, value in ((X, 0.2), (Y, 0.7))
        for name in ("mu_star", "mu", "sigma")
    ]
    folder = make("morris", [{X: 1e4, Y: 1.0}], lambda p: 0.5, extra={"both.survival": rows})
    assert applying(folder) == [indices]
    assert indices.ranking(Points(folder)) == [Y, X]
    png_of(indices, folder)


def test_drawn_points_show_their_rank_correlation(make):
    rng = np.random.default_rng(1)
    points = [{X: float(x), Y: float(y)} for x, y in rng.random((30, 2))]
    folder = make("sobol", points, lambda p: 1.0 - p[X])
    assert applying(folder) == [scatter]
    assert "ρ = −1.00" in scatter.seen(Points(folder))
    png_of(scatter, folder)


def test_intervals_are_over_seeds_and_those_of_shares_stay_inside(make):
    folder = make("factorial", [{X: 1e4}, {X: 1e5}], lambda p: 0.5 if p[X] < 5e4 else 0.95, seeds=(1, 3))
    low, high = Points(folder).over_seeds("both.survival").to_dict("records")
    assert low["mean"] == pytest.approx(0.52)
    assert low["lo"] == pytest.approx(0.52 * np.exp(-12.7062 * 0.01 / 0.52), rel=1e-4)
    assert high["hi"] == 1.0
    folder.write_json("measures.json", {})
    low, high = Points(folder).over_seeds("both.survival").to_dict("records")
    assert low["hi"] - low["mean"] == pytest.approx(12.7062 * 0.01, rel=1e-4)
    assert high["hi"] > 1.0


def test_a_single_seed_has_no_interval_and_equal_rows_count_once(make):
    folder = make("factorial", [{X: 1e4}, {X: 1e5}], lambda p: 0.5, seeds=(1,))
    rows = Points(folder).over_seeds("both.survival")
    assert rows[["lo", "hi"]].isna().all(axis=None)
    assert "0.51 (" not in write_report(folder.path).read_text()
    same = [{"id": i, "seed": s, "hash": f"{s}", "point": {X: 1e4}} for i, s in enumerate((1, 2, 1, 2))]
    folder.write_plan(same)
    for seed, value in ((1, 0.4), (2, 0.6)):
        folder.append({"hash": f"{seed}", "status": "done", "values": {"both.survival": value}})
    folder.write_table(lambda point: point)
    (row,) = Points(folder).over_seeds("both.survival").to_dict("records")
    assert row["lo"] == pytest.approx(0.5 * np.exp(-12.7062 * 0.1 / 0.5), rel=1e-4)  # of two, not of four


UNDEFINED = [
    ("factorial", [{X: x} for x in (1e4, 1e5, 3e5)]),
    ("factorial", [{X: x, Y: y} for x in (1e4, 1e5, 3e5) for y in (1, 5, 10)]),
    ("one_at_a_time", [{}, {X: 1e4}, {X: 3e5}, {Y: 1}, {Y: 10}]),
    ("latin_hypercube", [{X: x, Y: y} for x, y in ((1e4, 1), (1e5, 3), (2e5, 2), (3e5, 9))]),
    ("list", [{}]),
    ("latin_hypercube", [{X: 1e4}]),
    ("sobol", [{X: 1e4}, {X: 1e5}]),
]


@pytest.mark.parametrize(("kind", "points"), UNDEFINED)
@pytest.mark.parametrize("law", [lambda p: None, lambda p: 0.5, lambda p: None if p.get(X, 0) > 2e5 else 0.1])
def test_a_report_is_made_whatever_is_undefined_or_equal_or_few(make, kind, points, law):
    folder = make(kind, points, law)
    folder.write_json("undefined.json", {"both.survival": "no value in 2 of 10 rows (4, 5); the others are used"})
    html = write_report(folder.path).read_text()
    assert "no value in 2 of 10 rows (4, 5)" in html


def test_what_is_off_and_what_is_unchanged_are_told_apart_in_the_report(make):
    folder = make("list", [{}, {Y: None}, {Y: 10}], lambda p: 0.5)
    folder.write_table(lambda point: {Y: {None: "off"}.get(point.get(Y, 5.0), point.get(Y, 5.0))})
    html = write_report(folder.path).read_text()
    assert re.findall(r">(off|10|5)<", html) == ["5", "off", "10"]


def test_indices_without_an_interval_are_drawn_and_those_that_are_refused_left_out(make):
    rows = [{"path": X, "name": name, "value": 0.2, "lo": None, "hi": None} for name in ("mu_star", "mu", "sigma")]
    extra = {"serum.survival": [], "both.survival": rows, "undefined": {"serum.survival": "too few"}}
    folder = make("morris", [{X: 1e4}], lambda p: 0.5, extra=extra)
    assert applying(folder) == [indices]
    png_of(indices, folder)
    folder.write_json("sensitivity.json", {"both.survival": [], "undefined": {}})
    assert applying(folder) == []


def test_rows_that_failed_are_named_in_the_report(make):
    folder = make("factorial", [{X: x} for x in (1e4, 1e5, 3e5)], lambda p: 0.5)
    folder.append({"hash": "0", "status": "failed", "reason": "the <model> broke"})
    folder.write_table(lambda point: point)
    html = write_report(folder.path).read_text()
    assert "the &lt;model&gt; broke" in html
    assert "1 failed" in html


def test_measures_have_the_words_of_the_folder_or_those_of_their_names(make):
    points = Points(make("factorial", [{X: x} for x in (1e4, 1e5)], lambda p: 0.5))
    assert points.quantity("both.survival") == "both: survival (fraction of control)"
    assert points.measured("nk.kills_per_nk") == "kills per nk"
    assert points.measured("nk.never_killed_frac") == "never killed (fraction)"
