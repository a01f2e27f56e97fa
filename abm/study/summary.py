"""Key numbers of a run: survival by arm with intervals over replicates, deaths by cause, balances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from abm.results.run import Run
from abm.statistics.intervals import of_mean, of_ratio, of_share

if TYPE_CHECKING:
    import pandas as pd

CAUSES = ("cdc", "adcc", "background")
Interval = dict[str, float | None]


def interval(values: ArrayLike, n_cells: float = math.nan) -> Interval:
    """Return the mean of shares over replicates with its 95 % interval, as plain numbers.

    Parameters
    ----------
    values : sequence of float
        One share per replicate; NaN where there was nothing to divide by.
    n_cells : float
        Cells behind each of them.
    """
    return of_share(values, n_cells).as_numbers()


def summarise(run: Run) -> dict:
    """Return the summary of a merged run, without its hashes."""
    last = run.series().groupby(["arm", "replicate"], sort=False).last()
    arms = run.arms()
    raw = _ratio(last["n_b_alive"], last["n_b_start"])
    causes = [c.removeprefix("deaths_") for c in last if c.startswith("deaths_")]
    causes = [c for c in CAUSES if c in causes] + [c for c in causes if c not in CAUSES]
    lysed, later = _ratio(last["n_b_dead"], last["n_b_start"]), _later_cohorts(run)
    result = {}
    for arm, control in arms.loc[~arms["is_control"], ["arm", "control_arm"]].itertuples(index=False):
        own, other = raw[arm], raw[control]
        cells = float(last.loc[arm, "n_b_start"].iloc[0])
        deaths = {c: _share(last.loc[arm], c) for c in dict.fromkeys((*CAUSES, *causes))}
        result[arm] = {
            "survival": of_ratio(_ratio(own, other), cells).as_numbers(),
            "survival_raw": interval(own, cells),
            "control": interval(other, float(last.loc[control, "n_b_start"].iloc[0])),
            "deaths": deaths,
            "specific_lysis": of_mean(_ratio(lysed[arm] - lysed[control], 1.0 - lysed[control])).as_numbers(),
        }
        if arm in later:
            result[arm]["cohorts"] = later[arm]
    return {
        "arms": result,
        "replicates": int(last.index.get_level_values("replicate").nunique()),
        "conservation": _worst(run.wells()),
    }


def _later_cohorts(run: Run) -> dict[str, dict[str, Interval]]:
    """Return raw survival by cohort of every arm to which B cells were added later."""
    keys = ["arm", "replicate", "cohort"]
    started, died = run.start().groupby(keys).size(), run.deaths()
    dead = died.groupby(keys).size() if "cohort" in died else started * 0
    alive = 1.0 - dead.reindex(started.index, fill_value=0) / started
    found = {}
    for arm, shares in alive.groupby("arm", sort=False):
        cohorts = shares.groupby("cohort")
        if cohorts.ngroups > 1:
            cells = started[arm].groupby("cohort").first()
            found[arm] = {str(c): interval(share.to_numpy(), float(cells[c])) for c, share in cohorts}
    return found


def _ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.where(below > 0)


def _share(rows: pd.DataFrame, cause: str) -> float | None:
    if f"deaths_{cause}" not in rows:
        return 0.0
    share = _ratio(rows[f"deaths_{cause}"], rows["n_b_start"]).mean()
    return None if math.isnan(share) else float(share)


def _worst(wells: dict) -> dict[str, float]:
    """Return the largest error of each balance over all wells."""
    worst: dict[str, float] = {}
    for record in wells.values():
        for name, error in record["conservation"].items():
            worst[name] = max(worst.get(name, 0.0), abs(error))
    return worst
