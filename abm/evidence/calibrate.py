"""A calibration from its file to a parameter set: point, posterior, scores, and the set as YAML."""

import math
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.evidence.fit import Problem, estimates, fit_point, fit_posterior, model
from abm.evidence.lab import Lab
from abm.results.study import StudyFolder
from abm.results.tables import write_parquet
from abm.study.execute import only
from abm.study.jobs import Flow, Monitor
from abm.study.pool import crew

METHODS = ("point", "posterior", "both")


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
        No such method, or what it needs is not installed.
    RunFailed
        An experiment could not be run.
    Stopped
        The monitor asked to stop; the same call goes on.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}; allowed: {', '.join(METHODS)}")
    folder, asked = StudyFolder(root.resolve() / "fit" / problem.calibration.name), problem.calibration
    folder.make()
    with only(folder, monitor.unlocks), crew(n_workers) as engine:
        lab, flow = Lab(folder, engine, _Behind(monitor)), _flow(monitor, folder.path)
        try:
            point = _point(problem, lab, flow) if method in ("point", "both") else _known(folder, "point.json")
            posterior = _posterior(problem, lab, flow, point) if method in ("posterior", "both") else None
        except ModuleNotFoundError as error:
            raise InputError(f"a fit needs {error.name}: pip install 'abm[fit]'") from None
        found = {
            "name": asked.name,
            "title": asked.title,
            "question": asked.question,
            "claims": list(asked.claims),
            "seed": asked.seed,
            "misfit": point["misfit"] if point else None,
            "trials": [trial["misfit"] for trial in point["trials"]] if point else [],
            "epsilons": posterior["epsilons"] if posterior else [],
            "shares": posterior["shares"] if posterior else {},
            "weights": posterior["weights"] if posterior else [],
            "particles": _particles(problem, point, posterior),
            "estimates": estimates(problem, point["shares"] if point else None, posterior),
        }
        folder.write_json("fit.json", found)
        folder.write_text("parameters.yaml", _as_yaml(problem, found))
    return folder, found


class _Behind(Monitor):
    """What a single point of a fit tells: nothing but trouble; the bar belongs to the fit."""

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
    found = fit_point(
        model(problem, lab),
        problem.observed(),
        problem.spread(),
        problem.start(),
        lab.folder.path,
        trials=asked.trials,
        seed=asked.seed,
        flow=flow,
    )
    lab.folder.write_json("point.json", found)
    return found


def _posterior(problem: Problem, lab: Lab, flow: Flow, point: dict[str, Any] | None) -> dict[str, Any]:
    asked = problem.calibration
    fixed = point["shares"] if point else problem.start()
    found = fit_posterior(
        model(problem, lab, fixed),
        problem.observed(),
        problem.spread(),
        asked.posterior_of or tuple(asked.free),
        lab.folder.path,
        population=asked.population,
        generations=asked.generations,
        seed=asked.seed,
        flow=flow,
    )
    own = {r.path: r for r in problem.ranges}
    columns = {path: [own[path].number(share) for share in shares] for path, shares in found["shares"].items()}
    write_parquet(lab.folder.path / "posterior.parquet", columns | {"weight": found["weights"]})
    return found


def _particles(
    problem: Problem, point: dict[str, Any] | None, posterior: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Return what each particle of the posterior changes in the parameter set."""
    if posterior is None:
        return []
    fixed = point["shares"] if point else problem.start()
    names = list(posterior["shares"])
    rows = zip(*posterior["shares"].values(), strict=True)
    return [problem.theta({**fixed, **dict(zip(names, row, strict=True))}) for row in rows]


def _known(folder: StudyFolder, name: str) -> dict[str, Any] | None:
    return folder.read_json(name) if (folder.path / name).exists() else None


def _as_yaml(problem: Problem, found: dict[str, Any]) -> str:
    """Return the calibrated values as a file that extends the set it came from; comments carry the intervals."""
    asked = problem.calibration
    lines = [
        f"# fitted: on {', '.join(asked.claims)}; seed {asked.seed}, patches x {asked.scale:g}.",
        f"# Values: {'point of least misfit' if found['trials'] else 'posterior median'}; behind them 95 % intervals.",
        f"extends: {Path(asked.parameters).name}",
    ]
    tree: dict[str, Any] = {}
    for row in found["estimates"]:
        value = row["point"] if row["point"] is not None else row["median"]
        if value is None:
            continue
        *parents, last = row["path"].split(".")
        node = tree
        for key in parents:
            node = node.setdefault(key, {})
        unit = f" {row['unit']}" if row["unit"] else ""
        known = row["lo"] is not None and math.isfinite(row["lo"])
        node[last] = f"{value:.4g}{unit}" + (f"  # {row['lo']:.3g} to {row['hi']:.3g}" if known else "")
    return "\n".join([*lines, *_lines(tree, 0)]) + "\n"


def _lines(tree: dict[str, Any], depth: int) -> list[str]:
    found = []
    for key, value in tree.items():
        if isinstance(value, dict):
            found += [f"{'  ' * depth}{key}:", *_lines(value, depth + 1)]
        else:
            found.append(f"{'  ' * depth}{key}: {value}")
    return found
