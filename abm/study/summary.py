"""Key numbers of a run: survival by arm with intervals over replicates, deaths by cause, balances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from abm.results.run import Run

if TYPE_CHECKING:
    import pandas as pd

CAUSES = ("cdc", "adcc", "background")
Interval = dict[str, float | None]


def interval(values: Sequence[float], n_cells: float = math.nan) -> Interval:
    """Return mean and 95 % interval: Student's t over replicates, Wilson over cells for a single one.

    Parameters
    ----------
    values : sequence of float
        One value per replicate; NaN where there was nothing to divide by.
    n_cells : float
        Cells behind a single replicate's fraction.
    """
    known = np.array([v for v in values if not math.isnan(v)])
    if known.size == 0:
        return {"mean": None, "lo": None, "hi": None}
    mean = float(known.mean())
    if known.size > 1:
        half = float(stdtrit(known.size - 1, 0.975) * known.std(ddof=1) / math.sqrt(known.size))
        return {"mean": mean, "lo": mean - half, "hi": mean + half}
    if not (n_cells > 0 and 0.0 <= mean <= 1.0):
        return {"mean": mean, "lo": None, "hi": None}
    z2 = float(ndtri(0.975)) ** 2
    middle = mean + z2 / (2.0 * n_cells)
    half = math.sqrt(z2 * (mean * (1.0 - mean) / n_cells + z2 / (4.0 * n_cells**2)))
    shrunk = 1.0 + z2 / n_cells
    return {"mean": mean, "lo": max(0.0, (middle - half) / shrunk), "hi": min(1.0, (middle + half) / shrunk)}


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
            "survival": interval(_ratio(own, other), cells),
            "survival_raw": interval(own, cells),
            "control": interval(other, cells),
            "deaths": deaths,
            "specific_lysis": interval(_ratio(lysed[arm] - lysed[control], 1.0 - lysed[control])),
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
