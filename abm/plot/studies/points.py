"""A study's table as points: one row per point, means and intervals over seeds."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from abm.results.study import KEYS, StudyFolder

OTHER = (*KEYS, "status", "reason")


class Points:
    """A study read once.

    Attributes
    ----------
    about : dict
        What the study was asked: title, design, labels, summaries.
    table : DataFrame
        One row per planned row.
    """

    def __init__(self, folder: StudyFolder):
        self.folder = folder
        self.about = folder.read_json("study.json")
        self.table = folder.table()
        self.paths = [path for path in self.about["labels"] if path in self.table]
        self.summaries = [name for name in self.about["summaries"] if name in self.table]

    @property
    def kind(self) -> str:
        """Return the kind of design."""
        return str(self.about["design"]["kind"])

    def numeric(self) -> list[str]:
        """Return the axes whose values are numbers."""
        return [path for path in self.paths if pd.api.types.is_numeric_dtype(self.table[path])]

    def label(self, path: str, width: int = 60) -> str:
        """Return what an axis is called, wrapped."""
        return textwrap.fill(str(self.about["labels"][path]), width)

    def over_seeds(self, summary: str) -> pd.DataFrame:
        """Return the axes with ``mean``, ``lo`` and ``hi`` of a summary, in the order of the plan."""
        done = self.table.loc[self.table["status"] == "done", [*self.paths, "id", summary]]
        if not self.paths:
            return pd.DataFrame({"mean": [done[summary].mean()]})
        groups = done.groupby(self.paths, dropna=False, sort=False)[summary]
        found = groups.agg(["mean", "std", "count"]).reset_index()
        half = stdtrit(np.maximum(found["count"] - 1, 1), 0.975) * found["std"] / np.sqrt(found["count"])
        half = half.fillna(0.0)
        return found.assign(lo=found["mean"] - half, hi=found["mean"] + half)

    def sensitivity(self) -> dict[str, list[dict[str, Any]]]:
        """Return the indices by summary; empty where the design has none."""
        return self.folder.read_json("sensitivity.json") if self.kind in ("morris", "saltelli") else {}


def quantity(summary: str) -> str:
    """Return what a summary is called on an axis."""
    return f"{arm_of(summary)}: {measure_of(summary)}"


def arm_of(summary: str) -> str:
    """Return the arm of a summary."""
    return summary.partition(".")[0]


def measure_of(summary: str) -> str:
    """Return what was measured, in words."""
    measure = summary.partition(".")[2]
    words = {"survival": "survival (fraction of control)", "survival_raw": "survival (fraction of the start)"}
    return words.get(measure, measure.replace("_", " "))
