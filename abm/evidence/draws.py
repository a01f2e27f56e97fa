"""Draws of a posterior: of the folder of a fit, or of a table with a column of numbers for each dotted path.

A calibration file stands for what was held possible before: draws of its ranges.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow

from abm.core.errors import Fault, InputError, nearest
from abm.core.par import bounds_text, plain
from abm.core.units import UnitError, quantity_text
from abm.document.load import Document, apply_overrides, resolve
from abm.document.reading import ON_COMMAND_LINE, Keys, keys_in, value_at
from abm.document.shipped import meant
from abm.evidence.fit import load_calibration
from abm.evidence.hypotheses import HYPOTHESES, switched_off
from abm.evidence.nuisances import NUISANCES
from abm.evidence.score import group_of
from abm.results.study import StudyFolder
from abm.results.tables import ReadError, read_csv, read_parquet
from abm.scenario.from_file import load_scenario
from abm.scenario.known import parameter_at
from abm.scenario.parameters import parameters
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.statistics.draws import ENDS
from abm.study.posterior import Draw, Posterior
from abm.study.rows import scenario_at

FIT, SET = "fit.json", "parameters.yaml"  # in the folder of a fit
ALLOWED = "the folder of a fit, such as runs/fit/<name>, a table of draws (.csv, .parquet) or a calibration (.yaml)"
N_BEFORE = 1000  # design: draws of the ranges of a calibration
TABLES = {".csv": read_csv, ".parquet": read_parquet}
WHAT_FIT_WRITES = "what abm fit writes"


@dataclass(frozen=True)
class Draws:
    """What each draw changes in a parameter set.

    Attributes
    ----------
    path : Path
        As it was given.
    file : str
        That the draws stand in.
    rows : sequence of mapping
        By dotted path a value, or of a table a number in the parameter's unit.
    weights : array, shape (n,)
        How much each of them counts.
    parameters : Scenario or None
        The set that the fit is of; of a table nobody knows it.
    """

    path: Path
    file: str
    rows: Sequence[Mapping[str, Any]]
    weights: np.ndarray
    parameters: Scenario | None = None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read draws.

        Raises
        ------
        InputError
            There are none, or they cannot be read.
        """
        table = path if path.exists() else Path(meant(str(path), suffix=".csv"))
        if table.is_file() and table.suffix.lower() in TABLES:
            rows = _rows(table)
            return cls(path, str(table), rows, np.ones(len(rows)))
        if path.suffix.lower() == ".yaml" and path.is_file():
            problem = load_calibration(path)
            rng = np.random.default_rng(problem.calibration.seed)
            places = scipy.stats.qmc.LatinHypercube(len(problem.ranges), rng=rng).random(N_BEFORE)
            rows = [problem.at(place) for place in places]
            return cls(path, str(path), rows, np.ones(N_BEFORE), Scenario.model_validate(json.loads(problem.base)))
        if not (path / FIT).is_file():
            raise InputError(Fault("no fit there", file=f"--posterior {path}", allowed=ALLOWED))
        return cls(path, str(path / FIT), *_particles(path), load_scenario(path / SET))

    @property
    def paths(self) -> list[str]:
        """Return all that any draw changes."""
        return list(dict.fromkeys(path for row in self.rows for path in row))

    def group_among(self, bases: Mapping[str, str]) -> str:
        """Return the first group whose set has all the paths.

        Raises
        ------
        InputError
            There is none; the faults are those of the first.
        """
        found = {group: self._unknown(json.loads(base), self.paths) for group, base in bases.items()}
        fitting = [group for group, faults in found.items() if not faults]
        if not fitting:
            raise InputError(*next(iter(found.values())))
        return fitting[0]

    def thinned(self, n: int, base: str, paths: Iterable[str] | None = None) -> list[Draw]:
        """Return ``n`` draws of equal weight, evenly thinned, with what they change in a set, given as JSON.

        Parameters
        ----------
        n : int
            How many.
        base : str
            From :func:`abm.study.rows.as_base`.
        paths : iterable of str, optional
            What alone is changed; by default all.

        Raises
        ------
        InputError
            There are fewer draws, the set has no such parameter, or does not allow a value.
        """
        if n > len(self.rows):
            text = f"{n} draws are asked for, and there are {len(self.rows)}"
            raise InputError(Fault(text, file=self.file, allowed=f"--draws up to {len(self.rows)}"))
        data, kept = json.loads(base), list(self.paths if paths is None else paths)
        faults = self._unknown(data, kept) or self._not_allowed(data, kept)
        if faults:
            raise InputError(*faults)
        ends = np.round(np.cumsum(self.weights) / self.weights.sum(), 12)
        picked = np.searchsorted(ends, (np.arange(n) + 0.5) / n, side="right")
        found = [Draw(int(i), self._changes(data, self.rows[i], kept)) for i in picked]
        for draw in found:
            try:
                scenario_at(base, draw.changes, 0)
            except InputError as error:
                raise InputError(*(replace(f, file=f"{self.file}, row {draw.row + 1}") for f in error.faults)) from None
        return found

    def _changes(self, data: Mapping[str, Any], row: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
        """Return what a draw changes; a hypothesis whose strength is 0 is off, as in a fit."""
        own = {path: value for path, value in row.items() if path in kept}
        if self.parameters is not None:
            return own
        off = [name for name, one in HYPOTHESES.items() if own.get(one.strength) == 0.0]
        return switched_off({path: _written(data, path, value) for path, value in own.items()}, off)

    def _unknown(self, data: Mapping[str, Any], paths: Sequence[str]) -> list[Fault]:
        """Return a fault for every path that is no parameter of a set."""
        faults = []
        for path in paths:
            try:
                apply_overrides(data, {path: None}, Scenario)
            except InputError as error:
                faults += [replace(fault, path=path, file=self.file) for fault in error.faults]
                continue
            if self.parameters is None and not parameter_at(data, path):
                near = nearest(path, parameters(Scenario.model_validate(data))["name"])
                allowed = "a column for each parameter, by its dotted path"
                faults.append(Fault("no parameter of the scenario", path, self.file, allowed=allowed, nearest=near))
        return faults

    def _not_allowed(self, data: Mapping[str, Any], paths: Sequence[str]) -> list[Fault]:
        """Return a fault for the first value of every column of a table that is none, or outside its bounds."""
        found = (self._first_fault(data, path) for path in paths) if self.parameters is None else ()
        return [fault for fault in found if fault]

    def _first_fault(self, data: Mapping[str, Any], path: str) -> Fault | None:
        known = parameter_at(data, path)
        allowed = bounds_text(known, known["unit"]) or f"a number, {known['unit']}"
        for i, row in enumerate(self.rows):
            try:
                value = row[path]
                if isinstance(value, bool | str) or value is None or not math.isfinite(value):
                    raise UnitError(f"found {'nothing' if value is None else value}", "a finite number")
                if known["is_whole"] and not float(value).is_integer():
                    raise UnitError(f"found {value}", "a whole number")
                known["read"](_written(data, path, value))
            except UnitError as error:
                line = i + 2 if self.file.endswith(".csv") else None
                return Fault(f"row {i + 1}: {error}", path, self.file, line, allowed=allowed)
        return None


def _particles(fit: Path) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Return what the draws of a fit change, and their weights."""
    option, file = f"--posterior {fit}", str(fit / FIT)
    try:
        found = StudyFolder(fit).read_json(FIT)
        particles, weights = found["particles"], np.asarray(found["weights"], dtype=float)
    except (ReadError, KeyError, TypeError, ValueError) as error:
        raise InputError(Fault(f"cannot be read: {error}", file=file, allowed=WHAT_FIT_WRITES)) from None
    if not particles:
        raise InputError(Fault("the fit holds no posterior", file=option, allowed=WHAT_FIT_WRITES))
    if weights.shape != (len(particles),) or not (weights >= 0).all() or not weights.sum() > 0:
        raise InputError(Fault("particles and weights do not fit together", file=file, allowed=WHAT_FIT_WRITES))
    return [RENAMED.of_sets(one, file, {})[0] for one in particles], weights


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a table of draws."""
    try:
        table = TABLES[path.suffix.lower()](path)
    except ReadError as error:
        raise InputError(str(error)) from None
    twice = {name for name in table.column_names if table.column_names.count(name) > 1}
    if twice:
        raise InputError(Fault(f"{min(twice)} a second time", file=str(path), allowed="one column for each path"))
    if not table.num_rows:
        raise InputError(Fault("the table holds no draws", file=str(path), allowed="one row for each draw"))
    names = [name for name in table.column_names if name.rpartition(".")[2] not in NUISANCES]  # of one paper alone
    return [RENAMED.of_sets(row, str(path), {})[0] for row in table.select(names).to_pylist()]


def _written(data: Mapping[str, Any], path: str, value: float) -> Any:
    """Return a number in the parameter's unit as a scenario takes it."""
    known = parameter_at(data, path)
    number = int(value) if known["is_whole"] else float(value)
    return number if known["takes_bare"] else quantity_text(number, known["unit"])


def for_scenario(path: Path, n: int, scenario: Scenario, file: Path, sets: tuple[str, ...] = ()) -> Posterior:
    """Return draws for a scenario; what it or an arm sets itself stays as it is, and a note says so.

    Parameters
    ----------
    path : Path
        Folder of a fit, or a table.
    n : int
        How many draws.
    scenario : Scenario
        From :func:`abm.scenario.from_file.load_scenario`.
    file : Path
        Its file.
    sets : tuple of str
        As after ``--set``.

    Raises
    ------
    InputError
        The draws are for another group, or do not fit the scenario.
    """
    found = Draws.read(path)
    if found.parameters is not None and group_of(found.parameters) != group_of(scenario):
        own, theirs = group_of(scenario), group_of(found.parameters)
        text = f"the fit is for the group {theirs}, the scenario is of the group {own}"
        raise InputError(Fault(text, file=f"--posterior {path}", allowed=f"a fit for the group {own}"))
    document, data = resolve(file, sets, Scenario, None, RENAMED), plain(scenario)
    own = [name for name in found.paths if _sets_itself(document, keys_in(document.data, name))]
    drawn = [name for name in found.paths if scenario.cohort and scenario.cohort.is_usual_idle(name)]
    kept = [name for name in found.paths if name not in (*own, *drawn)]
    if not kept:
        text = "the scenario has values of its own for all that the draws change"
        raise InputError(Fault(text, file=found.file, allowed="a parameter that comes from the set it extends"))
    notes = [f"{name}: the scenario's own value is kept" for name in own]
    notes += [f"{name}: every {scenario.space.individual} draws a value of its own" for name in drawn]
    draws = found.thinned(n, json.dumps(data), kept)
    notes += _of_arms(scenario, dict.fromkeys(name for draw in draws for name in draw.changes))
    spread = {name: one for name in kept if (one := _spread(data, name, draws))}
    return Posterior(path.name, len(found.rows), tuple(draws), spread, tuple(notes))


def _sets_itself(document: Document, path: Keys) -> bool:
    """Whether a value is set on the command line, by a file that extends another itself, or switched off."""
    on_line = [place for place, at in document.positions.items() if at.file.startswith(ON_COMMAND_LINE)]
    off = [place for place in document.removed if value_at(document.data, place) is None]
    if any(path[: len(place)] == place for place in (*on_line, *off) if place):
        return True
    others = {at.file for at in document.positions.values() if not at.file.startswith(ON_COMMAND_LINE)}
    return len(others) > 1 and path in document.positions and document.positions[path].file == document.file


def _of_arms(scenario: Scenario, paths: Iterable[str]) -> list[str]:
    """Return a note for every path that an arm sets itself, or a part of it or around it."""
    found = {
        (path, name): f"{path}: arm {name} keeps its own {own}"
        for name, arm in scenario.arms.items()
        for own in (*arm.set, *(one for change in arm.change for one in change.set))
        for path in paths
        if f"{path}.".startswith(f"{own}.") or f"{own}.".startswith(f"{path}.")
    }
    return list(found.values())


def _spread(data: Mapping[str, Any], path: str, draws: Sequence[Draw]) -> dict[str, Any]:
    """Return unit, median and ends of the middle 95 % of a number over draws, where it is on."""
    known = parameter_at(data, path)
    given = [draw.changes[path] for draw in draws if draw.changes.get(path) is not None]
    if not known or not given:
        return {}
    lo, median, hi = np.quantile([known["read"].in_unit(value) for value in given], (ENDS[0], 0.5, ENDS[1])).tolist()
    return {"unit": known["unit"], "median": median, "lo": lo, "hi": hi, "off": len(draws) - len(given)}
