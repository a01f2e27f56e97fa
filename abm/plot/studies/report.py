"""The report of a study: what was asked, the figures, the table, and how to get it again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table
from abm.plot.studies import indices
from abm.plot.studies.points import Points
from abm.results.study import StudyFolder

FIGURES = "studies"
MOST_ROWS = 200
MOST_COLUMNS = 4


def holds(path: Path) -> bool:
    """Return whether a folder is that of a study."""
    return (path / "study.json").exists()


def tables(path: Path) -> Points:
    """Return the points of a study."""
    return Points(StudyFolder(path))


def head(points: Points) -> tuple[str, str]:
    """Return title and question."""
    return points.about["title"] or points.about["name"], points.about["question"]


def in_short(points: Points) -> list[str]:
    """Return between what the first summary lies, what moves it most, and how much has ended, a sentence each."""
    n_done, n = int((points.table["status"] == "done").sum()), len(points.table)
    seeds = len(points.about["seeds"])
    ended = f"{n_done:,} of {n:,} rows have ended, over {seeds} seed{'s' * (seeds > 1)} at every point"
    table = points.over_seeds(points.summaries[0]).dropna(subset=["mean"]) if points.summaries else []
    if not len(table):
        return [wording.sentence(ended)]
    name, ends = points.summaries[0], [table.loc[table["mean"].idxmin()], table.loc[table["mean"].idxmax()]]
    places = [f"{_spread(row)} where {'; '.join(_where(points, row))}" for row in ends]
    told = [f"{points.quantity(name)}: lowest {places[0]}, highest {places[1]}"]
    order = indices.ranking(points) if points.sensitivity() else []
    told += [f"of all axes {points.label(most)} moves it most" for most in order[:1]]
    return [wording.sentence(text) for text in (*told, ended)]


def _where(points: Points, row: Mapping[str, Any]) -> list[str]:
    """Return the values of the axes at a point, of many those that it changes."""
    paths = row["changes"] if len(points.paths) > MOST_COLUMNS else points.paths
    return [f"{points.label(path)} = {_value(row[path])}" for path in paths] or ["nothing is changed"]


def sections(points: Points, drawn: Sequence[Drawn], _references: Mapping[str, str]) -> list[Section]:
    """Return what is told of a study."""
    told = [f"{points.quantity(name)}: {text}." for name, text in points.undefined().items()]
    failed = _failed(points)
    reasons = Section("Rows that failed", tables=[Table(failed, ("Row", "Reason"), look="words")])
    return [
        Section("What was run", _told(points)),
        *([Section("Undefined", told)] if told else []),
        Section("Figures", figures=drawn),
        Section("Points", tables=[Table(_rows(points), _header(points), _caption(points))]),
        *([reasons] if failed else []),
        Section("How to run it again", code=(points.folder.path / "study.yaml").read_text(encoding="utf-8")),
    ]


def _told(points: Points) -> list[str]:
    counts = points.table["status"].value_counts().to_dict()
    design = points.kind.replace("_", " ")
    ended = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    seeds = points.about["seeds"]
    return [
        f"Design: {design}; {len(points.table):,} rows ({ended}), seeds {', '.join(map(str, seeds))} at every point.",
        *(f"✗ {text}." for text in points.about.get("warnings", ())),
    ]


def _header(points: Points) -> list[str]:
    return [*_place_names(points), *map(points.quantity, points.summaries)]


def _place_names(points: Points) -> list[str]:
    """Return a column per axis, or one for all where there are many."""
    return ["Point"] if len(points.paths) > MOST_COLUMNS else [points.label(path) for path in points.paths]


def _place(points: Points, row: Mapping[str, Any]) -> list[str]:
    values = {path: _value(row[path]) for path in points.paths}
    if len(points.paths) <= MOST_COLUMNS:
        return list(values.values())
    return ["; ".join(f"{points.label(path)} = {values[path]}" for path in row["changes"]) or "base"]


def _rows(points: Points) -> list[list[str]]:
    if not points.summaries:
        return []
    tables = [points.over_seeds(summary) for summary in points.summaries]
    rows = []
    for i in range(min(len(tables[0]), MOST_ROWS)):
        rows.append([*_place(points, tables[0].iloc[i]), *(_spread(table.iloc[i]) for table in tables)])
    return rows


def _value(value: object) -> str:
    if isinstance(value, str):
        return value
    return wording.MISSING if value is None or value != value else wording.number(float(str(value)))


def _spread(row: Mapping[str, Any]) -> str:
    if not math.isfinite(row["lo"]) or row["lo"] == row["hi"]:
        return wording.number(row["mean"])
    return f"{wording.number(row['mean'])} ({wording.number(row['lo'])}–{wording.number(row['hi'])})"


def _caption(points: Points) -> str:
    n = points.table["point"].nunique()
    shown = f" The first {MOST_ROWS} of {n:,} points; all are in results.parquet." if n > MOST_ROWS else ""
    how = "Student’s t; of shares on the logit scale, of survival relative to the control on the log scale"
    return f"Mean over seeds and its 95 % interval ({how}).{shown}"


def _failed(points: Points) -> list[list[str]]:
    rows = points.table.loc[points.table["status"].isin(["failed", "refused"]), ["id", "reason"]]
    return [[str(identity), reason] for identity, reason in rows.head(MOST_ROWS).itertuples(index=False)]
