"""A calibration from its file to a posterior: design, emulators, draws, the model's own word, and a set as YAML."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import InputError
from abm.core.files import atomic_write
from abm.core.par import plain
from abm.document.load import as_yaml
from abm.evidence.draws import FIT
from abm.evidence.emulation import Held, Runs, as_json, checked, places, relearn, run
from abm.evidence.fit import Problem
from abm.evidence.lab import Lab
from abm.evidence.learnt import learnt
from abm.evidence.own_fit import of_own
from abm.evidence.posterior import PARTS, Literature, PaperLeftOut, Posterior, sample, shown, weigh, without_each
from abm.inference.emulators import Emulators, refuse_failed
from abm.inference.groups import Grouped
from abm.inference.learnt import variance_left
from abm.inference.likelihood import Array
from abm.inference.nested import Sample
from abm.results.study import StudyFolder
from abm.results.tables import ReadError, write_parquet
from abm.scenario.schema import Scenario
from abm.statistics.draws import ENDS
from abm.study.cost import seconds_of_row
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import scenario_at

EMULATORS = "emulators.json"
OWN_WORDS = ("name", "title", "question")  # of the file that a set came from
OF_A_SET = ("space", "populations", "processes")


def calibrate(problem: Problem, root: Path, engine: Engine, monitor: Monitor) -> tuple[StudyFolder, dict[str, Any]]:
    """Fit and keep ``fit.json``, and of it draws, parameter set and emulators; once it has ended, not again.

    Parameters
    ----------
    problem : Problem
        From :func:`abm.evidence.fit.load_calibration`.
    root : Path
        Folder that holds all runs.
    engine, monitor
        As in :class:`abm.evidence.lab.Lab`.

    Raises
    ------
    InputError
        A claim has no likelihood, an emulator fails its check, what a fit needs is not installed, or another process
        is at it.
    RunFailed
        An experiment could not be run.
    Stopped
        The monitor asked to stop; the same call goes on.
    """
    with at_home(root.resolve() / "fit", problem.calibration.name, problem.identity(), monitor) as folder:
        found = _ended(problem, folder)
        if not found:
            fit = _Fit(problem, Lab(folder, engine, monitor), monitor, Literature.of(problem.claims))
            emulators, runs, held = fit.learnt()
            drawn = fit.posterior(emulators, runs)
            left_out = fit.left_out(drawn)
            found = _told(problem, drawn, held, left_out) | learnt(problem, fit.literature, drawn, left_out)
            folder.write_json(EMULATORS, {"asked": problem.asked(), "arrays": as_json(ungrouped(drawn.emulators))})
        found |= _words(problem)
        folder.write_json(FIT, found)
        write_set(problem, found, folder.path / "parameters.yaml", folder.path / "posterior.parquet")
    return folder, found


def cost(problem: Problem, n_workers: int) -> dict[str, Any]:
    """Return what a fit takes at most: places, experiments, and hours of simulation where all waves are needed."""
    asked = problem.calibration
    n_points = asked.points + (asked.waves + 1) * asked.checked
    jobs = problem.jobs([0.5] * len(problem.ranges)).of_all(problem.claims, [1])
    jobs = {job.hash: job for job in jobs}.values()
    seconds = sum(map(seconds_of_row, jobs))
    n_rows, hours = asked.repeats * n_points * len(jobs), asked.repeats * n_points * seconds / n_workers / 3600.0
    return {"points": n_points, "rows": n_rows, "hours": hours}


@dataclass(frozen=True)
class _Fit:
    """A calibration at work: everything that its steps share."""

    problem: Problem
    lab: Lab
    monitor: Monitor
    literature: Literature

    def learnt(self) -> tuple[Emulators, Runs, Held]:
        """Run the design and learn from it; refuse an emulator that fails on what it has not seen."""
        asked, names = self.problem.calibration, [claim.id for claim in self.problem.claims]
        runs = self.run(places(self.problem), 0)
        emulators, held = checked(names, runs, asked.seed)
        refuse_failed(held.checks)
        return emulators, runs, held

    def posterior(self, emulators: Emulators, runs: Runs) -> Posterior:
        """Sample, run some draws on the model, and sample again with what they taught, until both agree."""
        asked = self.problem.calibration
        for wave in range(asked.waves + 1):
            known = grouped(self.problem, emulators)
            drawn = self.sample(known, self.literature, asked.seed + wave)
            checked, own = self.run_draws(drawn.equal(asked.checked, asked.seed), len(runs.x))
            weights, runs = weigh(self.literature, known, checked), runs.joined(own)
            if weights.is_good or wave == asked.waves:
                break
            emulators = relearn(emulators, runs)
        return Posterior(drawn.equal(asked.kept, asked.seed), known, drawn, weights, runs)

    def run_draws(self, points: Array, first: int) -> tuple[Runs, Runs]:
        """Run draws on the model; return what all claims gave of each, and the runs over the model's own cube."""
        groups = self.problem.groups
        if groups is None:
            own = self.run(points, first)
            return own, own
        each = np.stack([groups.place(points, g) for g in range(len(groups.names))], axis=1)
        own = self.run(each.reshape(-1, groups.n_dim), first)
        values = own.y.reshape(*each.shape[:2], -1)
        columns = [values[:, g, k] for k, g in enumerate(self.problem.group_of)]
        return replace(own, x=points, y=np.stack(columns, axis=1)), own

    def run(self, x: Array, first: int) -> Runs:
        """Run places of the unit cube, of which the first has a number."""
        return run(self.problem, self.lab, x, first)

    def left_out(self, drawn: Posterior) -> list[PaperLeftOut]:
        """Predict every paper by all others."""
        seed = self.problem.calibration.seed
        anew = partial(self.sample, drawn.emulators, seed=seed)
        return without_each(self.literature, drawn, anew, seed)

    def sample(self, emulators: Emulators | Grouped, literature: Literature, seed: int) -> Sample:
        """Sample the posterior of papers under emulators; the bar shows how much of the evidence is found."""
        self.monitor.begin(self.lab.folder.path, 1)
        monitor = self.monitor
        progress = shown(lambda done, total: monitor.beat(0, done, total), lambda: monitor.is_stopped)
        found = sample(literature, emulators, self.problem.calibration.live, seed, progress)
        self.monitor.beat(0, PARTS, PARTS)
        return found


@dataclass(frozen=True)
class Estimate:
    """One free parameter in its unit: range, best point, posterior median and 95 % interval, and what was learnt.

    Attributes
    ----------
    shrinkage_frac : float
        By how much the variance in the range has fallen from that of the prior: 0 where nothing was learnt.
    """

    path: str
    unit: str
    lo_prior: float
    hi_prior: float
    point: float
    median: float
    lo: float
    hi: float
    shrinkage_frac: float


def grouped(problem: Problem, emulators: Emulators) -> Emulators | Grouped:
    """Return emulators as the posterior asks them: each claim where its group is."""
    return Grouped(emulators, problem.groups, problem.group_of) if problem.groups else emulators


def ungrouped(emulators: Emulators | Grouped) -> Emulators:
    """Return emulators over the cube of the model itself."""
    return emulators.emulators if isinstance(emulators, Grouped) else emulators


def estimates(problem: Problem, points: Array, best: Array) -> list[Estimate]:
    """Return what draws of equal weight, shape (draws, dimensions), say of each axis, with the best place of all."""
    told, at_best = problem.told(points), problem.told(best)
    found, left = [], variance_left(told).tolist()
    for k, own in enumerate(problem.axes):
        ends = np.quantile(told[:, k], (ENDS[0], 0.5, ENDS[1])).tolist()
        lo, median, hi = sorted(map(own.number, ends))
        point = own.number(float(at_best[k]))
        found.append(Estimate(own.path, own.unit, own.lo, own.hi, point, median, lo, hi, 1.0 - left[k]))
    return found


def _told(problem: Problem, drawn: Posterior, held: Held, left_out: Sequence[PaperLeftOut]) -> dict[str, Any]:
    """Return what was asked and what was found, as JSON can hold it."""
    asked, sampled, weights = problem.calibration, drawn.sample, drawn.weights
    log_evidence, error = drawn.log_evidence
    best = sampled.points[np.argmax(sampled.log_likelihood)]
    groups, shares, particles, typical = problem.groups, problem.told(drawn.points), drawn.points, best
    if groups:
        particles, typical = groups.another(drawn.points, np.random.default_rng(asked.seed)), groups.typical(best)
    return {
        "asked": problem.asked(),
        "name": asked.name,
        "claims": [claim.id for claim in problem.claims],
        "seed": asked.seed,
        "n_points": len(drawn.runs.x),
        "repeats": asked.repeats,
        "checks": _checks(held),
        "log_evidence": log_evidence,
        "log_evidence_error": error,
        "log_model": [weights.log_mean, weights.log_mean_error],
        "n_effective": sampled.n_effective,
        "k_hat": weights.k_hat if np.isfinite(weights.k_hat) else None,
        "is_good": weights.is_good,
        "shares": {own.path: shares[:, k].tolist() for k, own in enumerate(problem.axes)},
        "weights": [1.0 / len(drawn.points)] * len(drawn.points),
        "point": problem.at(typical),
        "particles": [problem.at(place) for place in particles],
        "estimates": [asdict(one) for one in estimates(problem, drawn.points, best)],
        "papers": [paper_left_out(one) for one in left_out],
    } | (of_own(problem, drawn, particles) if problem.is_own else {})


def write_set(problem: Problem, found: dict[str, Any], parameters: Path, draws: Path) -> None:
    """Write the parameter set of a fit as YAML, and its draws as Parquet."""
    atomic_write(parameters, _as_yaml(problem, found).encode())
    write_parquet(draws, _numbers(problem, found))


def _words(problem: Problem) -> dict[str, Any]:
    """Return what is said of a fit and changes nothing."""
    asked = problem.calibration
    return {"title": asked.title, "question": asked.question, "warnings": list(problem.given.warnings)}


def _ended(problem: Problem, folder: StudyFolder) -> dict[str, Any]:
    """Return what a fit that was asked for the same has found; nothing where it has not ended, or is damaged."""
    with suppress(ReadError, InputError, AttributeError, KeyError, TypeError, ValueError):
        found = folder.read_json(FIT)
        _numbers(problem, found)
        _as_yaml(problem, found)
        is_same = found["asked"] == folder.read_json(EMULATORS)["asked"] == problem.asked()
        return found if is_same else {}
    return {}


def _numbers(problem: Problem, found: dict[str, Any]) -> dict[str, list[float]]:
    """Return the draws of every free parameter in its unit."""
    shares = found.get("another", found["shares"])
    return {own.path: list(map(own.number, shares[own.path])) for own in problem.ranges}


def _checks(held: Held) -> list[dict[str, Any]]:
    """Return how each emulator did, with the runs that it had not seen and that have a value."""
    found = []
    for k, one in enumerate(held.checks):
        columns = {"emulated": held.emulated, "error": held.error, "run": held.run}
        is_known = np.isfinite(held.run[:, k])
        found.append(asdict(one) | {name: values[is_known, k].tolist() for name, values in columns.items()})
    return found


def paper_left_out(one: PaperLeftOut) -> dict[str, Any]:
    """Return how a paper was predicted without itself, as JSON can hold it."""
    return {
        "paper": one.published.name,
        "is_paper": one.is_paper,
        "log_score": one.log_score,
        "k_hat": one.k_hat if np.isfinite(one.k_hat) else None,
        "is_refitted": one.is_refitted,
        "discrepancy": one.discrepancy.as_numbers(),
        "claims": [
            {"id": own.id, "seen": own.seen, "pit": own.pit, "is_inside": own.is_inside} | own.predicted.as_numbers()
            for own in one.claims
        ],
    }


def _as_yaml(problem: Problem, found: dict[str, Any]) -> str:
    """Return the set of greatest likelihood, complete and exactly as it was simulated; comments carry the intervals."""
    asked, n_own = problem.calibration, len(problem.axes) - len(problem.nuisances)
    patches = "" if problem.is_own else f", patches x {asked.scale:g}"
    scenario = scenario_at(problem.base, found["point"], json.loads(problem.base)["seed"])
    lines = [
        f"# fitted: on {problem.learnt_from}; seed {asked.seed}{patches}.",
        "# Values: the draw of greatest likelihood.",
        *map(_comment, found["estimates"][:n_own]),
        *(["# Of one paper's laboratory, no part of this set:"] if problem.nuisances else []),
        *map(_comment, found["estimates"][n_own:]),
        *(["# What the calibration set beforehand:"] if asked.set else []),
        *(f"#   {path}: {json.dumps(value)}" for path, value in asked.set.items()),
    ]
    return "\n".join(lines) + "\n" + as_yaml(_said(scenario))


def _said(scenario: Scenario) -> dict[str, Any]:
    """Return space, populations and processes in full, and of the rest only what differs from the defaults."""
    default = {name: f.get_default(call_default_factory=True) for name, f in Scenario.model_fields.items()}
    own = [name for name in default if name in OF_A_SET or getattr(scenario, name) != default[name]]
    return {name: value for name, value in plain(scenario).items() if name in own and name not in OWN_WORDS}


def _comment(row: dict[str, Any]) -> str:
    shown = f"{row['point']:.4g} {row['unit']}".rstrip()
    return f"#   {row['path']}: {shown}, median {row['median']:.4g}, 95 % interval {row['lo']:.4g} to {row['hi']:.4g}"
