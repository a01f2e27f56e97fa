"""A study's table as points: one row per point, means and intervals over seeds."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import numpy as np
import pandas as pd

from abm.results.study import StudyFolder
from abm.statistics.intervals import of_mean, of_ratio, of_share

OVER_SEEDS = {"share": of_share, "ratio": of_ratio}  # by the kind of a measure; all else is a mean


class Points:
    """A study read once.

    Attributes
    ----------
    about : dict
        What the study was asked: title, design, labels, summaries.
    table : DataFrame
        One row per planned row, the axes under their dotted paths.
    """

    def __init__(self, folder: StudyFolder):
        self.folder = folder
        self.about = folder.read_json("study.json")
        names = {column: path for path, column in self.about.get("columns", {}).items()}
        self.table = folder.table().rename(columns=names)
        self.paths = [path for path in self.about["labels"] if path in self.table]
        self.table = self.table.assign(**{path: _on(self.table[path]) for path in self.paths})
        self.summaries = [name for name in self.about["summaries"] if name in self.table]
        self.measures = folder.measures()

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

    def quantity(self, summary: str) -> str:
        """Return what a summary is called on an axis."""
        return f"{arm_of(summary)}: {self.measured(summary)}"

    def measured(self, summary: str) -> str:
        """Return what was measured, in words."""
        return self.measures.of(_name_of(summary)).raw_axis

    def over_seeds(self, summary: str) -> pd.DataFrame:
        """Return a row per point in the order of the plan: the axes, and ``mean``, ``lo`` and ``hi`` of a summary.

        ``changes`` are the paths that the point changes. Equal rows count once, rows that did not end have no value.
        """
        rows = self.table.drop_duplicates("hash")
        place, points = pd.factorize(rows["point"])
        seed, seeds = pd.factorize(rows["seed"])
        values = np.full((len(seeds), len(points)), np.nan)
        values[seed, place] = rows[summary].where(rows["status"] == "done")
        found = OVER_SEEDS.get(self.measures.of(_name_of(summary)).kind, of_mean)(values)
        table = rows.drop_duplicates("point")[self.paths].reset_index(drop=True)
        changes = [tuple(json.loads(point)) for point in points]
        return table.assign(changes=changes, **found._asdict())

    def undefined(self) -> dict[str, str]:
        """Return a sentence for each summary that some row lacks."""
        has_any = (self.folder.path / "undefined.json").exists()
        return self.folder.read_json("undefined.json") if has_any else {}

    def sensitivity(self) -> dict[str, list[dict[str, Any]]]:
        """Return the indices by summary; empty where the design has none."""
        found = self.folder.read_json("sensitivity.json") if self.kind in ("morris", "saltelli") else {}
        return {name: rows for name, rows in found.items() if rows and name != "undefined"}


def _on(values: pd.Series) -> pd.Series:
    """Return an axis with "on" for the one mapping that it has, as a process that is switched off elsewhere."""
    is_mapping = values.map(lambda value: isinstance(value, str) and value.startswith("{"))
    return values.mask(is_mapping, "on") if values[is_mapping].nunique() == 1 else values


def arm_of(summary: str) -> str:
    """Return the arm of a summary."""
    return summary.partition(".")[0]


def _name_of(summary: str) -> str:
    return summary.partition(".")[2]
