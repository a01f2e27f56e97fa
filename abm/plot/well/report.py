"""The report of a run: one HTML file that carries its figures and needs nothing from outside."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen
from types import ModuleType
from typing import Any

from abm.plot import arms, catalogue
from abm.plot.page import checks, style, wording
from abm.plot.page.html import Drawn, environment
from abm.plot.page.parallel import share_out
from abm.plot.page.question import asked
from abm.plot.tables import Tables
from abm.plot.well.survival_by_arm import estimate
from abm.results.run import Run
from abm.statistics.intervals import NO_INTERVAL, of_share

TEMPLATE = "report.html.j2"


def write_report(run: Run, references: Mapping[str, str] | None = None, others: Sequence[Popen] = ()) -> Path:
    """Write ``figures/*.png`` and ``report.html`` into the folder of a finished run.

    Parameters
    ----------
    run : Run
        A finished run.
    references : mapping, optional
        Citation by reference key, to resolve the sources of the parameters.
    others : sequence of Popen, optional
        From :func:`abm.plot.page.parallel.start_drawing`; they draw their share and end.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReadError
        A table of the run is missing or damaged.
    WriteError
        The folder cannot be written to.
    """
    loaded = Tables(run.path)
    kinds, n = _kinds(loaded), len(others) + 1
    share_out(others, run.path)
    draw(loaded, kinds[::n])
    for part, other in enumerate(others, start=1):
        if other.wait() != 0:  # what kept it from drawing is met, and told, here
            draw(loaded, kinds[part::n])
    drawn = [
        Drawn(catalogue.name(kind), kind.TITLE, kind.seen(loaded), kind.CAPTION, run.figure(file_name(kind)))
        for kind in kinds
    ]
    return run.write_report(render(loaded, drawn, references or {}))


def draw_part() -> None:
    """Write every ``n``-th figure of a run, from the ``part``-th on, as told on standard input."""
    folder, part, n = json.loads(sys.stdin.readline())
    run = Tables(folder)
    draw(run, _kinds(run)[part::n])


def draw(run: Run, kinds: Sequence[ModuleType]) -> None:
    """Write these figures into the run's folder."""
    for kind in kinds:
        run.write_figure(file_name(kind), style.png(kind.figure(run), kind.TITLE))


def file_name(kind: ModuleType) -> str:
    """Return the name of a figure's file."""
    return f"{catalogue.name(kind)}.png"


def _kinds(run: Run) -> list[ModuleType]:
    """Return the figures that apply to the run, in reading order."""
    return [kind for kind in catalogue.figures() if kind.applies(run)]


def render(run: Run, drawn: list[Drawn], references: Mapping[str, str]) -> str:
    """Return the report as HTML; all text of the run is escaped."""
    own = environment()
    own.filters |= {"units": wording.units, "setting": wording.setting}
    parameters = _parameters(run, references)
    return own.get_template(TEMPLATE).render(
        asked=asked(run),
        n_replicates=arms.n_replicates(run),
        end_h=f"{arms.end_h(run):g}",
        causes=[arms.cause_name(cause) for cause in arms.causes(run)],
        numbers=[_key_numbers(run, name) for name in arms.treated(run)],
        figures=drawn,
        parameters=parameters,
        n_assumed=sum("assumed:" in row["source"] for row in parameters),
        cited=_cited(parameters, references),
        conservation=checks.conservation(run),
        step_size=checks.step_size(run),
        made_with=_made_with(run.provenance()),
        hashes=_hashes(run),
        scenario_text=run.scenario_text(),
    )


def _key_numbers(run: Run, name: str) -> dict[str, Any]:
    """Return the arm's label and, in the table's order, its survivals, its control and its deaths by cause."""
    died = arms.death_shares(run, name)
    found = [estimate(run, name, key) for key in ("survival", "survival_raw", "control")]
    found += [of_share(died[cause]) if len(died) else NO_INTERVAL for cause in arms.causes(run)]
    shares = [{"mean": wording.percent(one.mean), "interval": wording.interval(one.lo, one.hi)} for one in found]
    return {"arm": arms.label(name), "shares": shares}


def _parameters(run: Run, references: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the parameters, overridden ones first; each source in parts, with the key where it is cited."""
    table = run.parameters().fillna("").astype(str)
    rows = sorted(table.to_dict("records"), key=lambda row: row["origin"] != "overridden")
    return [{**row, "parts": _source_parts(row["source"], references)} for row in rows]


def _source_parts(source: str, references: Mapping[str, str]) -> list[dict[str, str]]:
    """Split a source into plain text and the reference keys that it names."""
    keys = "|".join(re.escape(key) for key in sorted(references, key=len, reverse=True))
    parts = re.split(rf"\b({keys})\b", source) if keys else [source]
    return [{"text": part, "key": part if part in references else ""} for part in parts if part]


def _cited(parameters: list[dict[str, Any]], references: Mapping[str, str]) -> dict[str, str]:
    keys = {part["key"] for row in parameters for part in row["parts"] if part["key"]}
    return {key: references[key] for key in sorted(keys)}


def _made_with(provenance: Mapping[str, Any]) -> dict[str, str]:
    names = {
        "software": "abm",
        "commit": "commit",
        "python": "Python",
        "platform": "platform",
        "n_threads": "threads",
        "start": "started",
        "elapsed_s": "seconds taken",
    }
    found = {label: str(provenance[key]) for key, label in names.items() if provenance.get(key) is not None}
    packages = provenance.get("packages")
    return found | {str(key): str(value) for key, value in (packages if isinstance(packages, Mapping) else {}).items()}


def _hashes(run: Run) -> dict[str, str]:
    summary = run.summary()
    names = {"scenario_hash": "scenario (all inputs)", "result_hash": "results (every array)"}
    return {label: str(summary[key]) for key, label in names.items() if key in summary}
