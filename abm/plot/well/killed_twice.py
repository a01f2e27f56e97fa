"""Answers which dose kills most of B cells that came in several lots, and of each lot."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from abm.plot import arm_series, arms
from abm.plot.page import style, wording
from abm.plot.well import response
from abm.results.run import Run

ORDER = 19
TITLE = "Killed of all lots"
CAPTION = (
    "Dead or committed B cells over those that entered, at the end: of all lots together and of each, with the 95 % "
    "interval over replicates (over cells where there is one replicate). Later lots have been exposed for less time."
)
ALL = "all lots"


def applies(run: Run) -> bool:
    """Return whether arms that form a series all got B cells later."""
    own = run.summary().get("arms", {})
    points = arm_series.points(run.arms())
    return points["x_name"].nunique() == 1 and all("cohorts" in own.get(name, {}) for name in points["arm"])


def figure(run: Run) -> Figure:
    """Draw all lots, and beside them each of them, with a line per group of arms."""
    lots = {lot: _killed(run, lot) for lot in _lots(run)}
    n_cols = min(3, len(lots))
    fig = style.new_figure(0.7 + 2.6 * -(-len(lots) // n_cols))
    axes = style.panels(fig, len(lots), n_cols)
    for ax, (lot, points) in zip(axes, lots.items(), strict=True):
        looks = response.group_looks(points)
        for group, rows in points.groupby("group", sort=False):
            response.draw_line(ax, rows, *looks[group])
        response.scale_x(ax, points["x"].to_numpy())
        style.dress(ax, title=lot)
    label = response.axis_label(*lots[ALL][["x_name", "x_unit"]].iloc[0])
    style.outer_labels(axes, n_cols, label, "B cells killed (%)")
    axes[0].set_ylim(0, 102)
    style.legend_below(fig, response.group_keys(lots[ALL]))
    return fig


def seen(run: Run) -> str:
    """Return which dose kills most of all lots in every group, and how much the highest dose kills."""
    parts = []
    for group, rows in _killed(run, ALL).groupby("group", sort=False):
        best, last = rows.loc[rows["mean"].idxmax()], rows.iloc[-1]
        unit = wording.units(best["x_unit"])
        most = f"{wording.percent(best['mean'])} at {best['x']:g} {unit}".rstrip()
        parts.append(f"{most} in {arms.quoted(group)} ({wording.percent(last['mean'])} at {last['x']:g})")
    return wording.sentence(f"Most of all lots is killed: {wording.listing(parts)}")


def _lots(run: Run) -> list[str]:
    """Return all lots, and each."""
    own = run.summary()["arms"]
    cohorts = {cohort for name in arm_series.points(run.arms())["arm"] for cohort in own[name]["cohorts"]}
    return [ALL, *(f"lot {int(cohort) + 1}" for cohort in sorted(cohorts, key=int))]


def _killed(run: Run, lot: str) -> pd.DataFrame:
    """Return the arms of the series with mean, lo and hi of the share that was killed of a lot."""
    table, own = arm_series.points(run.arms()), run.summary()["arms"]
    cohort = str(int(lot.split()[-1]) - 1) if lot != ALL else ""
    alive = [own[name]["survival_raw"] if lot == ALL else own[name]["cohorts"].get(cohort, {}) for name in table["arm"]]
    killed = {"mean": "mean", "lo": "hi", "hi": "lo"}
    found = {part: [1.0 - _number(one.get(of)) for one in alive] for part, of in killed.items()}
    found |= {end: np.where(np.isnan(found[end]), found["mean"], found[end]) for end in ("lo", "hi")}
    return table.assign(**found)


def _number(value: float | None) -> float:
    return np.nan if value is None else value
