"""The same from Python as from the command line: a scenario in, tables and arrays out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from abm.core.errors import InputError
from abm.document.arguments import as_path
from abm.results.run import Run
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.jobs import Monitor
from abm.study.run import run_scenario

__all__ = ["Result", "load_scenario", "simulate"]

FOLDER = "a folder for runs; values are set by load_scenario(file, sets)"


@dataclass(frozen=True)
class Result:
    """What one scenario gave.

    Attributes
    ----------
    summary : dict
        As ``abm run --json``: survival with intervals, deaths by cause, hashes.
    arms, series, deaths, start, donors, patients, end_points, visits : DataFrame
        The tables of the run folder; those that wells or patients do not have are empty.
    cells : dict of int to DataFrame
        Snapshots by step.
    fields : dict of int to dict of str to array
        Field maps by step, named ``<arm>/<replicate>/<field>``.
    folder : Path or None
        The run folder, if one was asked for.
    """

    summary: dict
    arms: pd.DataFrame
    series: pd.DataFrame
    deaths: pd.DataFrame
    start: pd.DataFrame
    donors: pd.DataFrame
    patients: pd.DataFrame
    end_points: pd.DataFrame
    visits: pd.DataFrame
    cells: dict[int, pd.DataFrame]
    fields: dict[int, dict[str, np.ndarray]]
    folder: Path | None


def simulate(
    scenario: Scenario | str | Path, out: str | Path | None = None, n_threads: int = 1, monitor: Monitor | None = None
) -> Result:
    """Run a scenario and return its results.

    Parameters
    ----------
    scenario : Scenario or path
        From :func:`load_scenario`, or the file itself.
    out : path, optional
        Folder that holds all runs; without it nothing is kept on disk.
    n_threads : int
        Cores to use.
    monitor : Monitor, optional
        Progress and the wish to stop.

    Raises
    ------
    InputError, ResourceRefused, RunFailed
        As the exit codes of ``abm run``.
    """
    if isinstance(scenario, str | Path):
        scenario = load_scenario(scenario)
    if not isinstance(scenario, Scenario):
        raise InputError(f"scenario: found {type(scenario).__name__}; allowed: a Scenario, or the path of its file")
    if not isinstance(n_threads, int) or n_threads < 1:
        raise InputError(f"n_threads: found {n_threads!r:.60}; allowed: a whole number from 1")
    if isinstance(out, str) and "=" in out:  # meant for load_scenario
        raise InputError(f"out: found {out!r:.60}; allowed: {FOLDER}")
    if out is not None:
        return _collect(run_scenario(scenario, as_path(out, FOLDER), n_threads, monitor), keep=True)
    with tempfile.TemporaryDirectory(prefix="abm-") as folder:
        return _collect(run_scenario(scenario, Path(folder), n_threads, monitor), keep=False)


def _collect(run: Run, keep: bool) -> Result:
    def given(name: str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        return read() if run.has(name) else pd.DataFrame()

    return Result(
        summary=run.summary(),
        arms=run.arms(),
        series=run.series(),
        deaths=given("deaths.parquet", run.deaths),
        start=given("start.parquet", run.start),
        donors=given("donors.csv", run.donors),
        patients=given("patients.csv", run.patients),
        end_points=given("end_points.csv", run.end_points),
        visits=given("visits.csv", run.visits),
        cells={step: run.cells(step) for step in run.cell_steps()},
        fields={step: run.fields(step) for step in run.field_steps()},
        folder=run.path if keep else None,
    )
