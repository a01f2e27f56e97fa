"""A scenario under draws of a posterior: what they change, each arm under each of them once, and what that tells.

*Model*: a draw has a seed of its own; under it an arm is one well, or the whole cohort. Of each there is kept one
curve, over patients their median, and what their end points are.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from abm.core import jit
from abm.core.errors import InputError
from abm.core.par import plain
from abm.core.stack import stacks
from abm.document.load import Document, apply_overrides, validate
from abm.results import draws as drawn
from abm.results.folder import RunFolder
from abm.results.run import DRAWS, Run
from abm.results.subject import SubjectFolder
from abm.scenario.build import Subject, build, subjects
from abm.scenario.kinds import PROBES
from abm.scenario.schema import Scenario
from abm.statistics.draws import apart
from abm.study.batches import Watch, batches
from abm.study.conclude import end_points_of
from abm.study.jobs import Flow, Stopped
from abm.study.subject import looks_at_patients, series

RECORD = "draws.json"


@dataclass(frozen=True)
class Draw:
    """One set drawn from a posterior: its row there, and what it changes in a scenario, by dotted path."""

    row: int
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Posterior:
    """Draws of equal weight for one scenario.

    Attributes
    ----------
    source : str
        Name of the folder of the fit, or of the table.
    n_known : int
        How many draws there are in it.
    draws : tuple of Draw
        Those that are run.
    spread : mapping
        By path ``unit``, and ``median``, ``lo`` and ``hi`` of the middle 95 % of these draws.
    notes : tuple of str
        Where a draw has no say, since the scenario or an arm has a value of its own.
    """

    source: str
    n_known: int
    draws: tuple[Draw, ...]
    spread: Mapping[str, Mapping[str, Any]]
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Return the hash of all that results depend on."""
        content = [[draw.row, dict(draw.changes)] for draw in self.draws]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def of(self) -> dict[str, Any]:
        """Return where the draws are from and which they are."""
        return {"source": self.source, "draws": len(self.draws), "known": self.n_known, "hash": self.identity}

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the draws that a run folder was made with; None where it was made with none.

        Raises
        ------
        InputError
            They cannot be read.
        """
        file = folder / DRAWS / RECORD
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            draws = tuple(Draw(**one) for one in found.pop("draws"))
            return cls(draws=draws, notes=tuple(found.pop("notes")), **found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} cannot be read: {error}") from None

    def write(self, folder: RunFolder) -> None:
        """Write the draws into a run folder, so that it can be resumed by itself."""
        drawn.describe(folder, RECORD, asdict(self))


def scenario_under(scenario: Scenario, draw: Draw) -> Scenario:
    """Return the scenario with the values of a draw, its seed, one well of each arm and no snapshots.

    Raises
    ------
    InputError
        The values do not fit together.
    """
    snapshots = [name for name in PROBES if (one := getattr(scenario.probes, name)) and one.table != "series"]
    once = {"replicates": 1} if scenario.space.has_controls else {}
    own = {"seed": (scenario.seed + 1 + draw.row) % 2**64} | once | {f"probes.{name}": None for name in snapshots}
    data = apply_overrides(plain(scenario), dict(draw.changes) | own, Scenario)
    return validate(Scenario, Document(f"draw {draw.row}", data))


@dataclass(frozen=True)
class DrawJob:
    """One arm under one draw; ``scenario`` is that of the draw, ``part`` where its curve goes."""

    scenario: Scenario
    arm: str
    part: SubjectFolder

    @property
    def label(self) -> str:
        """Name the job in messages."""
        return f"{self.arm} under draw {self.part.replicate}"

    def to_json(self) -> str:
        """Return the job as text."""
        place = [str(self.part.path), self.part.replicate]
        return json.dumps({"scenario": plain(self.scenario), "arm": self.arm, "part": place})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""
        data = json.loads(text)
        path, draw = data["part"]
        scenario = Scenario.model_validate(data["scenario"])
        return cls(scenario, data["arm"], SubjectFolder(Path(path), data["arm"], draw))

    def run(self, flow: Flow) -> None:
        """Run the well or the cohort and keep its curve and its end points.

        Raises
        ------
        Stopped
            Asked to stop; the arm begins anew.
        """
        jit.set_threads(1)
        self.part.cut_back(-1)
        own = [subject for subject in subjects(self.scenario) if subject.arm == self.arm]
        if self.scenario.space.keeps_cells:
            simulation = build(self.scenario, own[0])
            simulation.run(Watch(flow, 1))
            curve, rows = series(simulation), []
        else:
            curve, rows = _cohort(self.scenario, own, flow)
        self.part.append("series", 0, curve)
        if rows:
            self.part.append("end_points", 0, pd.DataFrame(rows))
        self.part.finish({})


def _cohort(
    scenario: Scenario, own: Sequence[Subject], flow: Flow
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Run patients and return the medians of their series and a row of end points for each."""
    parts, found, rows = batches(scenario, own), [], []
    for place, batch in enumerate(parts):
        if flow.is_stopped():
            raise Stopped
        groups = stacks([build(scenario, subject) for subject in batch])
        watch = Watch(_part_of(flow, place, len(parts)), len(groups))
        for simulation, members in groups:
            simulation.run(watch)
            columns = looks_at_patients(simulation, scenario.space.look, len(members))
            found.append(columns)
            rows += [_row(scenario, batch[i], columns, s) for s, i in enumerate(members)]
    together = {name: np.concatenate([columns[name] for columns in found], axis=1) for name in found[0]}
    medians = {name: pd.DataFrame(values).median(axis=1).to_numpy() for name, values in together.items()}
    return medians, sorted(rows, key=lambda row: row["patient"])


def _part_of(flow: Flow, place: int, n: int) -> Flow:
    """Return how one of several batches reports."""
    return Flow(lambda done, total: flow.beat(place * total + done, n * total), flow.is_stopped, flow.note)


def _row(scenario: Scenario, subject: Subject, columns: Mapping[str, np.ndarray], place: int) -> dict[str, Any]:
    names, values = list(columns), zip(*(columns[name][:, place].tolist() for name in columns), strict=True)
    looks = [dict(zip(names, one, strict=True)) for one in values]
    return {"patient": subject.replicate} | end_points_of(scenario, subject, looks)


def pairs(scenario: Scenario, posterior: Posterior) -> list[tuple[str, int]]:
    """Return every arm under every draw."""
    names = list(dict.fromkeys(subject.arm for subject in subjects(scenario)))
    return [(name, draw) for name in names for draw in range(len(posterior.draws))]


def jobs(folder: RunFolder, scenario: Scenario, posterior: Posterior) -> list[DrawJob]:
    """Return what is left to run."""
    if folder.draws() is not None:
        return []
    known: dict[int, Scenario] = {}
    found = []
    for part in _left(folder, scenario, posterior):
        draw = part.replicate
        known[draw] = known.get(draw) or scenario_under(scenario, posterior.draws[draw])
        found.append(DrawJob(known[draw], part.arm, part))
    return found


def _left(folder: RunFolder, scenario: Scenario, posterior: Posterior) -> Iterator[SubjectFolder]:
    for arm, draw in pairs(scenario, posterior):
        part = drawn.part(folder, arm, draw)
        if not part.is_finished or part.damaged():
            yield part


def told(folder: RunFolder, scenario: Scenario, posterior: Posterior, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a summary says of the draws: of every number its spread, and what of that chance makes.

    Parameters
    ----------
    folder : RunFolder
        With the tables of the draws.
    scenario : Scenario
        What was run.
    posterior : Posterior
        Its draws.
    summary : mapping
        Of the run itself.
    """
    own = folder.draws() or Run(folder.path / DRAWS)
    table = own.end_points() if own.has("end_points.csv") else pd.DataFrame()
    arms: dict[str, dict[str, Any]] = {}
    for readout in scenario.readouts:
        chance = readout.by_chance(folder, summary)
        for arm, numbers in readout.of_draws(own, table).items():
            arms.setdefault(arm, {}).update((name, apart(v, chance[arm][name])) for name, v in numbers.items())
    found = {"of": posterior.of, "spread": posterior.spread, "arms": arms}
    return found | ({"notes": list(posterior.notes)} if posterior.notes else {})
