"""The arms of a run as every figure needs them: their order, their controls, their looks and their curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from abm.plot import arm_series
from abm.plot.page import style
from abm.results.run import Run

SAME_MOMENT_H = 1e-6  # design: moments that are written differ by rounding


@dataclass(frozen=True)
class Look:
    """How one arm is drawn."""

    label: str
    colour: str
    marker: str

    def key(self) -> Line2D:
        """Return the arm's legend entry."""
        return style.line_key(self.label, self.colour, self.marker)


@dataclass(frozen=True)
class Curves:
    """One column of one arm: `time_h` (n,), `values` (replicates, n)."""

    time_h: NDArray[np.float64]
    values: NDArray[np.float64]


def treated(run: Run) -> list[str]:
    """Return the arms but the controls, in the order of the scenario."""
    arms = run.arms()
    return [str(name) for name in arms.loc[~arms["is_control"].astype(bool), "arm"]]


def control_of(run: Run) -> dict[str, str]:
    """Return the control of every arm that has one."""
    arms = run.arms()
    known = set(arms["arm"])
    pairs = zip(arms["arm"], arms["control_arm"].fillna("").astype(str), strict=True)
    return {str(arm): control for arm, control in pairs if control in known}


def without_control(run: Run) -> list[str]:
    """Return the arms that have none, in the order of the scenario."""
    having = control_of(run)
    return [name for name in treated(run) if name not in having]


def survival_name(run: Run, arm: str) -> str:
    """Return the name under which a summary tells an arm's survival: over the start where there is no control."""
    return "survival" if arm in control_of(run) else "survival_raw"


def share_of(run: Run, names: Sequence[str]) -> str:
    """Return of what the survival of these arms is a share: of control, of start, or either."""
    apart = [name in control_of(run) for name in names]
    return "control" if all(apart) else "control or start" if any(apart) else "start"


def label(arm: str) -> str:
    """Return the arm's name as written in figures."""
    return arm.replace("_", " ").replace("~control", " control")


def quoted(arm: str) -> str:
    """Return the arm's name as written inside a sentence."""
    return f"“{label(arm)}”"


def looks(run: Run) -> dict[str, Look]:
    """Return colour and marker of every arm but the controls; a series of arms goes from dark to light."""
    names = treated(run)
    is_series = len(names) > 3 and len(arm_series.points(run.arms())) == len(names)
    if is_series or len(names) > len(style.ARM_COLOURS):
        colours = [to_hex(c) for c in mpl.colormaps["viridis"](np.linspace(0, 0.88, len(names)))]
    else:
        colours = list(style.ARM_COLOURS[: len(names)])
    marker = [style.MARKERS[i % len(style.MARKERS)] for i in range(len(names))]
    return {name: Look(label(name), colours[i], marker[i]) for i, name in enumerate(names)}


def control_colour(run: Run, control: str) -> str:
    """Return the colour of the one arm that has this control, grey where several share it."""
    owners = [arm for arm, name in control_of(run).items() if name == control]
    return looks(run)[owners[0]].colour if len(owners) == 1 else style.GREY


def curves(run: Run, arm: str, column: str) -> Curves:
    """Return one column over time; times at which a replicate has no value are left out."""
    series = run.series()
    if column not in series:
        return Curves(np.empty(0), np.empty((0, 0)))
    return _pivot(series.loc[series["arm"] == arm], column)


def alive_frac(run: Run, arm: str) -> Curves:
    """Return living, not committed B cells over those started or added so far."""
    return _of_started(run, arm, "n_b_alive")


def lysed_frac(run: Run, arm: str) -> Curves:
    """Return lysed B cells over those started or added so far."""
    return _of_started(run, arm, "n_b_dead")


def survival_raw(run: Run, arm: str) -> pd.Series:
    """Return the share alive at the end, one value per replicate (the index)."""
    rows = _last_rows(run.series(), arm)
    return (rows["n_b_alive"] / rows["n_b_start"].where(rows["n_b_start"] > 0)).dropna()


def survival(run: Run, arm: str) -> pd.Series:
    """Return survival relative to the arm's own control, replicate by replicate; raw where there is no control."""
    raw = survival_raw(run, arm)
    control = control_of(run).get(arm)
    if control is None:
        return raw
    base = _raw_beside(run, arm, control)
    return (raw / base.where(base > 0)).dropna()


def death_shares(run: Run, arm: str) -> pd.DataFrame:
    """Return deaths at the end over cells started: a row per replicate, a column per cause."""
    rows = _last_rows(run.series(), arm)
    shares = rows[[f"deaths_{cause}" for cause in causes(run)]].div(rows["n_b_start"], axis=0)
    return shares.rename(columns=lambda name: name.removeprefix("deaths_")).dropna()


def causes(run: Run) -> list[str]:
    """Return the causes of death that the series counts: CDC, ADCC, others, background."""
    found = [name.removeprefix("deaths_") for name in run.series().columns if name.startswith("deaths_")]
    place = {"cdc": 0, "adcc": 1, "background": 3}
    return sorted(found, key=lambda cause: (place.get(cause, 2), cause))


def cause_name(cause: str) -> str:
    """Return the cause as written in figures."""
    return cause.upper() if cause in {"cdc", "adcc"} else cause.replace("_", " ")


def end_h(run: Run) -> float:
    """Return the last time of the run's series."""
    return float(run.series()["time_h"].max())


def ending(run: Run) -> str:
    """Return when the numbers of a run are told: after 24 h, or earlier where a condition stopped wells."""
    return f"after {end_h(run):g} h" + (" or when stopped" if run.summary().get("stopped") else "")


def n_replicates(run: Run) -> int:
    """Return the number of replicates."""
    return int(run.series()["replicate"].nunique())


def word(run: Run) -> str:
    """Return what one of the replicates is: a donor, where each is somebody else."""
    return "donor" if run.has("donors.csv") else "replicate"


def deaths(run: Run) -> pd.DataFrame:
    """Return the table of deaths; empty where nobody died."""
    return run.deaths() if (run.path / "deaths.parquet").exists() else pd.DataFrame()


def start(run: Run) -> pd.DataFrame:
    """Return the cells started or added; empty where the run kept none."""
    return run.start() if (run.path / "start.parquet").exists() else pd.DataFrame()


def _of_started(run: Run, arm: str, column: str) -> Curves:
    series = run.series()
    rows = series.loc[series["arm"] == arm]
    started = rows["n_b_start"].where(rows["n_b_start"] > 0)
    return _pivot(rows.assign(of_started=rows[column] / started), "of_started")


def _raw_beside(run: Run, arm: str, control: str) -> pd.Series:
    """Return the share alive in the control when each replicate of an arm ended, which may be before the control."""
    series = run.series()
    ends, rows = _last_rows(series, arm)["time_h"], series.loc[series["arm"] == control]
    last = _last_rows(rows.loc[rows["time_h"] <= rows["replicate"].map(ends) + SAME_MOMENT_H], control)
    return (last["n_b_alive"] / last["n_b_start"].where(last["n_b_start"] > 0)).dropna()


def _last_rows(series: pd.DataFrame, arm: str) -> pd.DataFrame:
    rows = series.loc[series["arm"] == arm].sort_values("time_h")
    return rows.groupby("replicate").tail(1).set_index("replicate").sort_index()


def _pivot(rows: pd.DataFrame, column: str) -> Curves:
    time_h, i = np.unique(rows["time_h"].to_numpy(dtype=float), return_inverse=True)
    replicates, j = np.unique(rows["replicate"], return_inverse=True)
    values = np.full((time_h.size, replicates.size), np.nan)
    values[i, j] = rows[column]
    is_known = ~np.isnan(values).any(axis=1)
    return Curves(time_h[is_known], values[is_known].T)
