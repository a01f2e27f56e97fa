"""Figures of individual patients show what was true and what an assay showed apart."""

import numpy as np
import pandas as pd
import pytest

from abm.plot.page import style
from abm.plot.trial import spider, swimmer, waterfall
from abm.plot.trial.clock import MONTHS
from abm.plot.trial.trial import Trial
from abm.results.run import Run
from tests.plot.test_plot_trial import write_trial

N, ERROR = 12, 1.1  # every first visit shows 10 % too much, every other one the truth


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a trial whose visits are every fourth week, and whose assay errs at the first."""
    path = write_trial(tmp_path_factory.mktemp("runs") / "seen", ("four_weekly",), N)
    series, ends = pd.read_csv(path / "series.csv"), pd.read_csv(path / "end_points.csv")
    visits = series.loc[series["time_h"] % 672 == 0, ["arm", "replicate", "time_h", "igm_g_per_L"]]
    visits = visits.sort_values(["replicate", "time_h"])
    visits.insert(2, "visit", (visits["time_h"] / 672).astype(int))
    visits["seen_igm_g_per_L"] = visits["igm_g_per_L"] * np.where(visits["visit"] == 0, ERROR, 1.0)
    visits.to_csv(path / "visits.csv", index=False)
    ends["baseline_igm_g_per_L"] *= ERROR
    ends["true_best_change_frac"] = (1.0 + ends["best_change_frac"]) / ERROR - 1.0
    ends["true_time_to_progression_d"] = ends["time_to_progression_d"] + np.where(ends["replicate"] % 2, 28.0, 0.0)
    ends["true_time_to_progression_d"] = ends["true_time_to_progression_d"].mask(ends["replicate"] % 4 == 2)
    ends.to_csv(path / "end_points.csv", index=False)
    return path


@pytest.fixture(scope="module")
def trial(folder):
    return Trial(Run.open(folder))


def legend(figure):
    return [key.get_text() for key in figure.legends[0].get_texts()]


def test_a_spider_has_true_lines_and_a_point_for_each_visit(trial):
    figure = spider.figure(trial)
    ax = figure.axes[0]
    lines = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2]
    points = [line for line in ax.lines if line.get_marker() == "."]
    assert (len(lines), len(points)) == (N, N)
    for line, seen in zip(lines, points, strict=True):
        assert line.get_ydata()[0] == pytest.approx(0.0, abs=1e-9)  # percent; some readers of CSV round
        assert seen.get_color() == line.get_color()
        true = np.interp(seen.get_xdata(), line.get_xdata(), line.get_ydata())
        assert seen.get_ydata()[0] == 0.0  # each against its own baseline
        assert 1.0 + seen.get_ydata()[1:] / 100.0 == pytest.approx((1.0 + true[1:] / 100.0) / ERROR)
    assert legend(figure)[-2:] == ["true", "seen at a visit"]


def test_no_panel_of_a_spider_cuts_a_point_off(tmp_path):
    figure = spider.figure(Trial(Run.open(write_trial(tmp_path / "two", ("four_weekly", "none"), N))))
    highest = [max(np.nanmax(line.get_ydata()) for line in ax.lines) for ax in figure.axes]
    assert highest[1] > 1.05 * highest[0]  # the last drawn is the highest
    assert {ax.get_ylim() for ax in figure.axes} == {figure.axes[0].get_ylim()}
    assert figure.axes[0].get_ylim()[1] > highest[1]


def test_a_waterfall_has_a_line_for_the_true_change_over_each_bar(trial):
    figure = waterfall.figure(trial)
    ax, rows = figure.axes[0], waterfall.sorted_changes(trial, "four_weekly")
    (true,) = [line for line in ax.lines if line.get_marker() == "_"]
    assert true.get_ydata() == pytest.approx(100 * rows["true_best_change_frac"])
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(rows["percent"])
    assert legend(figure)[-1] == "true change"


def test_a_swimmer_has_a_cross_where_progression_without_error_is_another(trial):
    figure = swimmer.figure(trial)
    ax, rows = figure.axes[0], swimmer.courses(trial, "four_weekly")
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    is_other = (rows.index % 2 == 1) & rows["progression_d"].notna().to_numpy()
    assert np.isfinite(cross.get_xdata()).tolist() == is_other.tolist()
    assert is_other.any()
    assert MONTHS.days * cross.get_xdata()[is_other] == pytest.approx(rows["progression_d"][is_other] + 28.0)
    (alone,) = [line for line in ax.lines if line.get_markerfacecolor() == "white" and line.get_marker() == "X"]
    is_alone = (rows.index % 4 == 2) & rows["progression_d"].notna().to_numpy()
    assert np.isfinite(alone.get_xdata()).tolist() == is_alone.tolist()
    assert is_alone.any()
    assert {"progression without the assay’s error", "progression by that error alone"} < set(legend(figure))
    assert (ax.get_xlim()[1], cross.get_color()) == (pytest.approx(1.03 * trial.end_d / MONTHS.days), style.INK)


def test_where_nothing_errs_nothing_is_told_apart(tmp_path, trial):
    usual = Trial(Run.open(write_trial(tmp_path / "usual", ("four_weekly",), N)))
    assert (trial.has_error, usual.has_error) == (True, False)
    for page in (spider, waterfall, swimmer):
        assert "the assay showed" in page.seen(trial)
        assert "assay" not in page.CAPTION + page.seen(usual)
        assert not {"true", "true change", "progression without the assay’s error"} & set(legend(page.figure(usual)))
