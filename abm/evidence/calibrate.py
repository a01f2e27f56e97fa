"""A calibration from its file to a parameter set: point, posterior, scores, and the set as YAML."""

import json
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.core.par import plain
from abm.document.load import as_yaml
from abm.evidence.fit import Problem, Shares, estimates, fit_point, fit_posterior, model
from abm.evidence.lab import Lab
from abm.results.study import StudyFolder
from abm.results.tables import write_parquet
from abm.scenario.schema import Scenario
from abm.statistics.draws import weighted_quantiles
from abm.study.execute import at_home
from abm.study.jobs import Flow, Monitor
from abm.study.pool import crew
from abm.study.rows import scenario_at

METHODS = ("point", "posterior", "both")
OF_POSTERIOR: dict[str, type] = {"epsilons": list, "shares": dict, "weights": list}
OWN_WORDS = ("name", "title", "question")  # of the file that a set came from
OF_A_SET = ("space", "populations", "processes")


def calibrate(
    problem: Problem, root: Path, n_workers: int, monitor: Monitor, method: str
) -> tuple[StudyFolder, dict[str, Any]]:
    """Fit and keep ``fit.json`` and ``parameters.yaml``.

    Parameters
    ----------
    problem : Problem
        From :func:`abm.evidence.fit.load_calibration`.
    root : Path
        Folder that holds all runs.
    n_workers : int
        Processes that share the experiments of one point.
    monitor : Monitor
        Progress and the wish to stop.
    method : str
        ``point``, ``posterior`` (around the point, if there is one), or ``both``.

    Raises
    ------
    InputError
        No such method, what it needs is not installed, or another process is at it.
    RunFailed
        An experiment could not be run.
    Stopped
        The monitor asked to stop; the same call goes on.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}; allowed: {', '.join(METHODS)}")
    asked, parent = problem.calibration, root.resolve() / "fit"
    with at_home(parent, asked.name, problem.identity(), monitor) as folder, crew(n_workers) as engine:
        lab, flow = Lab(folder, engine, _Behind(monitor)), _flow(monitor, folder.path)
        point = _point(problem, lab, flow) if method in ("point", "both") else _known(folder, "point.json")
        fixed = point["shares"] if point else problem.start()
        posterior = _posterior(problem, lab, flow, fixed) if method in ("posterior", "both") else None
        found = _told(problem, point, posterior)
        found |= {
            "particles": _particles(problem, fixed, posterior),
            "estimates": estimates(problem, point["shares"] if point else None, posterior),
        }
        folder.write_json("fit.json", found)
        folder.write_text("parameters.yaml", _as_yaml(problem, found, fixed))
        _write_posterior(problem, folder, posterior)
    return folder, found


def _told(problem: Problem, point: dict[str, Any] | None, posterior: dict[str, Any] | None) -> dict[str, Any]:
    """Return what was asked, and how well it was met; empty for a search that was not made."""
    asked, none = problem.calibration, {"misfit": None, "trials": []}
    return {
        "name": asked.name,
        "title": asked.title,
        "question": asked.question,
        "warnings": list(problem.given.warnings),
        "claims": list(asked.claims),
        "seed": asked.seed,
        "misfit": (point or none)["misfit"],
        "trials": [trial["misfit"] for trial in (point or none)["trials"]],
        **{key: posterior[key] if posterior else kind() for key, kind in OF_POSTERIOR.items()},
    }


class _Behind(Monitor):
    """The monitor of a single point of a fit: it passes on trouble only; the progress bar belongs to the fit."""

    def __init__(self, monitor: Monitor):
        self.monitor = monitor

    def note(self, event: str, fields: dict[str, object]) -> None:
        """Pass on what belongs into the log."""
        self.monitor.note(event, fields)

    @property
    def is_stopped(self) -> bool:
        """Whether the fit is asked to stop."""
        return self.monitor.is_stopped


def _flow(monitor: Monitor, path: Path) -> Flow:
    monitor.begin(path, 1)
    return Flow(lambda done, total: monitor.beat(0, done, total), lambda: monitor.is_stopped)


def _point(problem: Problem, lab: Lab, flow: Flow) -> dict[str, Any]:
    asked = problem.calibration
    simulate, start = model(problem, lab), problem.start()
    found = fit_point(
        simulate, problem.observed(), problem.spread(), start, trials=asked.trials, seed=asked.seed, flow=flow
    )
    lab.folder.write_json("point.json", found)
    return found


def _posterior(problem: Problem, lab: Lab, flow: Flow, fixed: Shares) -> dict[str, Any]:
    asked = problem.calibration
    return fit_posterior(
        model(problem, lab, fixed),
        problem.observed(),
        problem.spread(),
        asked.posterior_of or tuple(asked.free),
        population=asked.population,
        generations=asked.generations,
        seed=asked.seed,
        flow=flow,
    )


def _write_posterior(problem: Problem, folder: StudyFolder, posterior: dict[str, Any] | None) -> None:
    """Write the particles as a table, or remove one that no longer belongs to the fit."""
    path = folder.path / "posterior.parquet"
    if posterior is None:
        path.unlink(missing_ok=True)
        return
    own = {r.path: r for r in problem.ranges}
    columns = {name: [own[name].number(share) for share in shares] for name, shares in posterior["shares"].items()}
    write_parquet(path, columns | {"weight": posterior["weights"]})


def _particles(problem: Problem, fixed: Shares, posterior: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what each particle of the posterior changes in the parameter set."""
    if posterior is None:
        return []
    names = list(posterior["shares"])
    rows = zip(*posterior["shares"].values(), strict=True)
    return [problem.theta({**fixed, **dict(zip(names, row, strict=True))}) for row in rows]


def _known(folder: StudyFolder, name: str) -> dict[str, Any] | None:
    return folder.read_json(name) if (folder.path / name).exists() else None


def _as_yaml(problem: Problem, found: dict[str, Any], fixed: Shares) -> str:
    """Return the calibrated set, complete and exactly as it was simulated; comments carry the intervals."""
    asked, middle = problem.calibration, {}
    if not found["trials"]:
        drawn, weights = found["shares"], found["weights"]
        middle = {name: weighted_quantiles(shares, weights, [0.5])[0] for name, shares in drawn.items()}
    scenario = scenario_at(problem.base, problem.theta({**fixed, **middle}), json.loads(problem.base)["seed"])
    lines = [
        f"# fitted: on {', '.join(asked.claims)}; seed {asked.seed}, patches x {asked.scale:g}.",
        f"# Values: {'point of least misfit' if found['trials'] else 'posterior median'}.",
        *map(_comment, found["estimates"]),
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
    value = row["point"] if row["point"] is not None else row["median"]
    spread = "" if row["lo"] is None else f", 95 % interval {row['lo']:.4g} to {row['hi']:.4g}"
    shown = "as it was" if value is None else f"{value:.4g} {row['unit']}".rstrip()
    return f"#   {row['path']}: {shown}{spread}"
