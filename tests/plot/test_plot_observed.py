"""Observations are drawn where they were seen, and held against what is simulated at the same moment."""

import numpy as np
import pandas as pd
import pytest

from abm.plot import published
from abm.plot.page import style
from abm.plot.tables import Tables
from abm.plot.trial import agreement as of_trial
from abm.plot.trial import igm, pharmacokinetics, predictive_check, spider, time_to_progression
from abm.plot.trial.trial import Trial
from abm.plot.well import agreement, alive, survival_cd20
from abm.results.run import Run
from abm.statistics.survival import kaplan_meier
from tests.plot.conftest import Recipe, write_run
from tests.plot.test_plot_trial import write_trial

COLUMNS = ["arm", "of", "time_h", "value", "lo", "hi", "unit", "words", "beside", "group", "source"]
LEVEL, DRUG = "igm_g_per_L", "rituximab_ug_per_mL"


def tell(folder, *rows):
    """Write the observations of a run: arm, measure, time, value, and who was seen."""
    told = [(*row[:4], None, None, "1", "", "", *(row[4:] or ("",)), "measured: own.csv") for row in rows]
    pd.DataFrame(told, columns=COLUMNS).to_csv(folder / "observed.csv", index=False)
    return folder


def drawn(ax):
    """Return where observations are drawn."""
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_gid() == style.OBSERVED]


@pytest.fixture(scope="module")
def well(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "well", Recipe())
    told = [("both", "survival_raw", t_h, value) for t_h, value in ((1.25, 0.6), (4.0, 0.2), (None, 0.1))]
    return Tables(tell(folder, *told, ("serum", "specific_lysis", 20.0, 0.3), ("serum", "rituximab_nM", 1.0, 60.0)))


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = write_trial(tmp_path_factory.mktemp("runs") / "trial", ("four_weekly",), 30)
    told = [("four_weekly", LEVEL, 24.0 * day, level, name)
            for name, levels in zip("abcde", ((40, 30), (40, 20), (20, 12), (50, 25), (30, 3)), strict=True)
            for day, level in zip((0, 84), levels, strict=True)]  # fmt: skip
    told += [("four_weekly", LEVEL, 24.0 * 84, 22.0, "late"), ("four_weekly", DRUG, 24.0 * 31.5, 100.0)]
    return Trial(Run.open(tell(folder, *told, ("four_weekly", "progressed", 24.0 * 364, 0.3))))


def test_shares_of_the_start_are_drawn_over_the_course_at_their_time(well):
    figure = alive.figure(well)
    assert drawn(figure.axes[0]) == [(1.25, 60.0), (4.0, 20.0), (24.0, 10.0)]
    assert "observed, with its range" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_what_is_simulated_between_two_looks_lies_between_them(well):
    one = published.course(well, "survival_raw", "both")[0]
    rows = well.series().query("arm == 'both' and 1.0 <= time_h <= 1.5")
    ratio = rows["n_b_alive"] / rows["n_b_start"]
    assert float(agreement.simulated(well, one).mean) == pytest.approx(ratio.mean())


def test_lysis_at_a_time_is_above_the_control_of_what_it_left(well):
    (one,) = published.course(well, "specific_lysis", "serum")
    rows = well.series().query("time_h == 20.0").set_index(["arm", "replicate"])
    own, base = ((rows["n_b_dead"] / rows["n_b_start"])[arm] for arm in ("serum", "serum~control"))
    assert float(agreement.simulated(well, one).mean) == pytest.approx(((own - base) / (1.0 - base)).mean())


def test_survival_by_cd20_is_drawn_over_its_curve_alone(tmp_path):
    folder = write_run(tmp_path / "well", Recipe())
    rows = [("both", "survival_raw", None, 0.4, 90_000.0), ("both", "survival_raw", None, 0.1, np.nan),
            ("serum", "survival_raw", None, 0.2, 10.0)]  # fmt: skip
    table = [dict(zip(("arm", "of", "time_h", "value", "cd20_per_cell"), row, strict=True)) for row in rows]
    whole = pd.DataFrame(table).assign(lo=None, hi=None, unit="1", words="", beside="", group="", source="measured: a")
    whole.to_csv(folder / "observed.csv", index=False)
    run = Tables(folder)
    assert drawn(survival_cd20.figure(run).axes[1]) == [(survival_cd20.FLOOR_PER_CELL, 20.0), (90_000.0, 40.0)]
    assert drawn(alive.figure(run).axes[0]) == [(24.0, 10.0)]
    curve = survival_cd20.binned(survival_cd20.fates(run), "both").dropna()
    mid = 100 * np.interp(np.log(90_000), np.log(curve["cd20"]), curve["mean"])
    assert "Of 1 observation within a curve, observed less simulated is" in survival_cd20.seen(run)
    assert f"{abs(40 - mid):.1f}" in survival_cd20.seen(run)


def test_residuals_are_observed_less_simulated_of_what_was_seen_often_enough(well):
    figure, found = agreement.figure(well), agreement.seen(well)
    assert len(figure.axes) == 2  # one measure with three observations
    means = [float(agreement.simulated(well, one).mean) for one in published.course(well, "survival_raw", "both")]
    assert drawn(figure.axes[0]) == [
        pytest.approx(both) for both in zip(np.multiply(100, means), (60, 20, 10), strict=True)
    ]
    left = np.array([60, 20, 10]) - np.multiply(100, means)
    assert [y for _, y in drawn(figure.axes[1])] == pytest.approx(list(left))
    assert "of 3 observations are inside" in found


def test_courses_of_patients_are_drawn_in_the_units_of_their_figures(trial):
    at = trial.clock.at(24.0 * 84)
    levels = drawn(igm.figure(trial).axes[0])
    assert len(levels) == 11
    assert [y for x, y in levels if x == at] == [30, 20, 12, 25, 3, 22]
    assert drawn(pharmacokinetics.figure(trial).axes[0]) == [(trial.clock.at(24.0 * 31.5), 100.0)]
    assert drawn(time_to_progression.figure(trial).axes[0]) == [(trial.clock.at(24.0 * 364), 70.0)]


def test_a_change_is_from_the_first_of_the_same_patient(trial):
    found = [y for x, y in drawn(spider.figure(trial).axes[0]) if x > 0]
    assert found == pytest.approx([-25, -50, -40, -50, -90])  # who was not seen at the start has no change


def test_centiles_are_over_the_patients_seen_at_a_moment(trial):
    own = predictive_check.observed_centiles(trial, "four_weekly")
    expected = np.percentile([-25, -50, -40, -50, -90], predictive_check.CENTILES)
    assert [each[-1].value for each in own] == pytest.approx(list(expected))
    assert len(drawn(predictive_check.figure(trial).axes[0])) == 6


def test_levels_of_patients_are_held_against_the_median_of_their_protocol(trial):
    (one,) = published.course(trial.run, DRUG, "four_weekly")
    around = trial.table("four_weekly", DRUG).loc[[28.0, 35.0]].mean()
    assert float(of_trial.simulated(trial, one).mean) == pytest.approx(around.median())
    assert len(of_trial.figure(trial).axes) == 2


def test_an_event_is_held_against_its_share_by_then(trial):
    (one,) = published.course(trial.run, "progressed", "four_weekly")
    rows = trial.outcomes("four_weekly")
    came = rows["time_to_progression_d"]
    found = kaplan_meier(came.fillna(rows["follow_up_d"]), came.notna())
    expected = 1.0 - found.share[found.time <= 364][-1]
    mid = of_trial.simulated(trial, one)
    assert float(mid.mean) == pytest.approx(expected)
    assert 0.0 < float(mid.lo) <= expected <= float(mid.hi) < 1.0
