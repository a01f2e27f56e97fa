"""Virtual populations in the report of a trial: published numbers before and after, weighted end points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm.plot.arms import label
from abm.plot.page import style, wording
from abm.plot.page.html import Cell, Section, Table
from abm.plot.trial.trial import Trial
from abm.results.declared import Measure
from abm.results.weights import Weights
from abm.statistics import weighted

EQUAL = "all patients alike"
COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE)
HOW = (
    "Weights on the patients of this run, of the largest entropy under which the published numbers hold. A median lies "
    "between two patients. “Missed”: by more than 1.96 published standard errors."
)
CAPTION = (
    "Shares of the patients in whom it could be seen (95 % interval: Wilson’s, of as many patients as effectively "
    "count) and medians; times to an event that not everyone has by Kaplan and Meier. Days throughout."
)
Look = tuple[str, str, NDArray[np.float64]]


def looks(trial: Trial) -> list[Look]:
    """Return name, colour and weights (by patient, of sum 1) of the cohort itself and of each virtual population."""
    patients = np.sort(trial.end_points["replicate"].unique())
    found: list[Look] = [(EQUAL, style.GREY, np.full(patients.size, 1.0 / patients.size))]
    for i, one in enumerate(trial.weights):
        mass = pd.Series(one.weight, index=one.patient).reindex(patients).fillna(0.0).to_numpy()
        found.append((label(str(one.told["name"])), COLOURS[i % len(COLOURS)], mass))
    return found


def populations(trial: Trial, references: Mapping[str, str]) -> list[Section]:
    """Return what is told of virtual populations; nothing where there are none."""
    if not trial.weights:
        return []
    tables = [_targets(one) for one in trial.weights] + [_end_points(trial, name) for name in trial.protocols]
    keys = sorted({key for one in trial.weights for key in references if key in str(one.told)})
    cited = [Table([[key, references[key]] for key in keys], look="facts", title="Sources")] if keys else []
    return [Section("Virtual populations", [HOW], tables=[*tables, *cited])]


def _targets(own: Weights) -> Table:
    told = own.told
    header = ("Published", "n", "Source", *(Cell(word, look="number") for word in ("Published", "Before", "After")), "")
    rows = [_target(row) for row in told["targets"]]
    title = told["title"] or label(str(told["name"]))
    count = f"{label(str(told['name']))}: {told['n_effective']:.1f} of {told['n_patients']} patients count (Kish)."
    return Table(rows, header, count, look="words", title=title)


def _target(row: Mapping[str, Any]) -> list[str | Cell]:
    numbers = [
        Cell(_number(row["factor"], row[key], row["shown"]), look="number") for key in ("published", "before", "after")
    ]
    n = "exact" if row["n"] is None else str(row["n"])
    return [row["target"], n, row["source"], *numbers, "✗ missed" if row["missed"] else "✓ met"]


def _number(factor: float, value: float | None, shown: str) -> str:
    return "not reached" if value is None else f"{wording.number(factor * value)} {shown}".rstrip().replace("-", "−")


def _end_points(trial: Trial, protocol: str) -> Table:
    rows, who = trial.outcomes(protocol), looks(trial)
    known = trial.end_points_known(list(rows))
    told = [one for one in known if one.name in rows and one.kind != "word" and one.estimate != "follow_up"]
    cells = [
        [_said(one), *(_cell(one, rows, mass) for _, _, mass in who)] for one in told if rows[one.name].notna().any()
    ]
    return Table(
        cells, ("", *(name for name, _, _ in who)), CAPTION, look="words", title=f"End points: {label(protocol)}"
    )


def _said(one: Measure) -> str:
    shown = "" if one.kind == "share" or not one.shown else f" ({one.shown})"
    return f"{one.words}{'' if one.kind == 'share' else ', median'}{shown}"


def _cell(one: Measure, rows: pd.DataFrame, mass: NDArray[np.float64]) -> str:
    if one.kind == "share":
        return wording.percent_interval(*map(float, weighted.share_of(rows[one.name], mass)))
    found = weighted.median_of(rows[one.name], mass)
    if one.event and one.estimate == "kaplan_meier":
        found = weighted.median_with_ends(weighted.kaplan_meier_of(*event_times(rows, one.name), mass))
    mid, lo, hi = (_end(one, float(part)) for part in found)
    return f"{mid} ({lo} to {hi})"


def _end(one: Measure, value: float) -> str:
    if np.isinf(value):
        return "not reached"
    return wording.number(one.factor * value, 3).replace("-", "−")


def event_times(rows: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return days to an event or to the end of follow-up, and whether it came."""
    return rows[name].fillna(rows["follow_up_d"]).to_numpy(dtype=float), rows[name].notna().to_numpy()
