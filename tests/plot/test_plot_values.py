"""What lines, bars and sentences say are the numbers of the run."""

import numpy as np
import pandas as pd
import pytest

from abm.plot import arms
from abm.plot.page import wording
from abm.plot.well import alive, deaths_by_cause, drug, kills, timecourse
from abm.plot.well.survival_cd20 import binned, steepest


def panels(figure):
    return {ax.get_title(loc="left"): ax for ax in figure.axes}


def last_of(run, arm):
    rows = run.series().query("arm == @arm")
    return rows[rows["time_h"] == rows["time_h"].max()]


def test_free_drug_is_told_in_microgram_per_millilitre(run):
    """69 nM of 145 kDa are 10 ug/mL."""
    assert max(line.get_ydata()[0] for line in panels(drug.figure(run))["Free rituximab"].lines) == pytest.approx(
        10.0, rel=1e-3
    )
    assert "free rituximab is 10 µg/mL at most" in drug.seen(run)


def test_deaths_are_shares_of_the_start_and_beside_them_are_those_of_the_control(run):
    shares = arms.death_shares(run, "both")
    left = arms.survival_raw(run, "both")
    assert (shares.sum(axis=1) + left).to_numpy() == pytest.approx(1.0)
    ax = panels(deaths_by_cause.figure(run))["both"]
    top = ax.collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(100 * shares.sum(axis=1).mean())
    control = last_of(run, "both~control")
    lost = 100 * (1 - control["n_b_alive"] / control["n_b_start"]).mean()
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(lost)
    assert 0 < lost < top


def test_kills_are_shares_of_the_nk_cells(run):
    nk = run.cells(run.cell_steps()[-1], "nk_cells").query("arm == 'both'")
    mean = nk.groupby("replicate")["n_kills"].mean().mean()
    none = (nk["n_kills"] == 0).groupby(nk["replicate"]).mean().mean()
    assert 0.2 < none < 0.6
    ax = panels(kills.figure(run))["both"]
    assert ax.patches[0].get_height() == pytest.approx(100 * none)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100.0)
    assert f"{wording.number(mean, 2)} in “both”, where {wording.percent(none)} kill none" in kills.seen(run)


def test_the_mean_at_the_end_is_over_replicates_and_the_peak_is_the_highest_mean(run):
    assert timecourse.mean_at(run, "both", "n_b_alive") == pytest.approx(last_of(run, "both")["n_b_alive"].mean())
    means = run.series().query("arm == 'both'").groupby("time_h")["bound_mean_per_cell"].mean()
    assert timecourse.peak(run, "both", "bound_mean_per_cell") == pytest.approx((means.max(), means.idxmax()))
    assert 0.0 < means.idxmax() < 24.0


def test_half_of_the_cells_are_lost_when_half_are_left(run):
    series = run.series().query("arm == 'both'")
    share = (series["n_b_alive"] / series["n_b_start"]).groupby(series["time_h"]).mean()
    assert f"{wording.number(share.index[share <= 0.5][0])} h in “both”" in alive.seen(run)


def test_the_steepest_fall_is_per_unit_of_the_natural_logarithm():
    cd20 = 10.0 ** np.arange(3.0, 6.01, 0.1)
    table = pd.DataFrame({"cd20": cd20, "mean": 0.9 - 0.1 * np.log(cd20 / 1000.0)})
    table.loc[15:, "mean"] -= 0.05  # the steepest place
    place, slope = steepest(table)
    assert place in cd20[14:16]
    assert slope == pytest.approx(-0.1 - 0.05 / (0.2 * np.log(10.0)))


def test_survival_by_cd20_is_that_of_the_cells_of_the_bin():
    died = [False] * 30 + [True] * 10
    cells = pd.DataFrame({"arm": "a", "cd20_start_per_cell": 1e5, "died": died})
    (row,) = binned(cells, "a").to_dict("records")
    assert (row["cd20"], row["mean"]) == (pytest.approx(1e5), 0.75)
    assert (row["lo"], row["hi"]) == pytest.approx((0.5981, 0.8581), abs=1e-4)  # Wilson
