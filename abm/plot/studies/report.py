"""The report of a study: what was asked, the figures, the table, and how to get it again."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import abm.plot.studies as package
from abm.plot.page import style, wording
from abm.plot.page.html import Drawn, Section, render_page
from abm.plot.studies.points import Points, quantity
from abm.results.study import StudyFolder

MOST_ROWS = 200
MOST_COLUMNS = 4


def write_study_report(folder: StudyFolder) -> Path:
    """Write ``figures/*.png`` and ``report.html`` into a study's folder and return the report's path.

    Raises
    ------
    ReadError
        A file of the study is missing or damaged.
    WriteError
        The folder cannot be written to.
    """
    points = Points(folder)
    drawn = [_draw(folder, points, kind) for kind in _kinds() if points.summaries and kind.applies(points)]
    about = points.about
    counts = points.table["status"].value_counts().to_dict()
    sections = [
        Section("What was run", _told(points, counts)),
        Section("Figures", figures=drawn),
        Section("Points", header=_header(points), rows=_rows(points), caption=_caption(points)),
        Section("How to run it again", code=(folder.path / "study.yaml").read_text(encoding="utf-8")),
    ]
    told = [f"{quantity(name)}: {text}." for name, text in points.undefined().items()]
    if told:
        sections.insert(1, Section("Undefined", told))
    failed = _failed(points)
    if failed:
        sections.insert(-1, Section("Rows that failed", header=("Row", "Reason"), rows=failed))
    folder.write_text("report.html", render_page(about["title"] or about["name"], about["question"], sections))
    return folder.path / "report.html"


def _kinds() -> list[ModuleType]:
    names = [f"{package.__name__}.{info.name}" for info in pkgutil.iter_modules(package.__path__)]
    kinds = [module for module in map(importlib.import_module, names) if hasattr(module, "ORDER")]
    return sorted(kinds, key=lambda kind: kind.ORDER)


def _draw(folder: StudyFolder, points: Points, kind: ModuleType) -> Drawn:
    name = kind.__name__.rpartition(".")[2]
    content = style.png(kind.figure(points), kind.TITLE)
    folder.write_figure(f"{name}.png", content)
    return Drawn(name, kind.TITLE, kind.seen(points), kind.CAPTION, content)


def _told(points: Points, counts: dict[str, int]) -> list[str]:
    design = points.kind.replace("_", " ")
    ended = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items()))
    seeds = points.about["seeds"]
    return [
        f"Design: {design}; {len(points.table):,} rows ({ended}), seeds {', '.join(map(str, seeds))} at every point.",
        *(f"✗ {text}." for text in points.about.get("warnings", ())),
    ]


def _header(points: Points) -> list[str]:
    return [*_place_names(points), *map(quantity, points.summaries)]


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
