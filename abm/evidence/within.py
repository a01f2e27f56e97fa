"""Variants that lie within a calibration: some of what begins at nothing stays there, on the emulators of its fit.

The calibration is fitted once. A variant is a face of its unit cube and is sampled there; what the model itself makes
of the emulators' evidence is taken from the whole.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from abm.evidence import calibrate as fits
from abm.evidence.combinations import Sampled, Sampling, sampled
from abm.evidence.emulation import from_json
from abm.evidence.fit import Problem
from abm.evidence.lab import Lab
from abm.evidence.posterior import Drawn, Literature, without_each
from abm.inference.emulators import Emulators
from abm.results.study import StudyFolder
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine


def fitted(
    problem: Problem, off: Mapping[str, Sequence[str]], root: Path, engine: Engine, monitor: Monitor
) -> tuple[StudyFolder, dict[str, dict[str, Any]]]:
    """Fit a calibration where that has not been done, and sample every variant within it.

    Parameters
    ----------
    problem : Problem
        The calibration.
    off : mapping
        Of each variant the paths that stay at nothing; the whole fit has none.
    root, engine, monitor
        As :func:`abm.evidence.calibrate.calibrate` takes them.

    Returns
    -------
    folder, found : StudyFolder, dict
        Of the fit, and by variant what a fit finds, as far as variants are compared by it.

    Raises
    ------
    InputError, RunFailed, Stopped
        As :func:`abm.evidence.calibrate.calibrate` raises them.
    """
    folder, whole = fits.calibrate(problem, root, engine, monitor)
    arrays, asked = folder.read_json(fits.EMULATORS)["arrays"], problem.calibration
    emulators, text = from_json(arrays), json.dumps(arrays)
    claims, jobs = tuple(claim.id for claim in problem.claims), []
    for name, paths in off.items():
        free = tuple(k for k, own in enumerate(problem.ranges) if own.path not in paths)
        if paths:
            jobs.append(Sampling((name,), claims, text, free, asked.live, asked.kept, asked.seed))
    with at_home(root.resolve() / "fit", asked.name, problem.identity(), monitor) as home:
        each = {one.on[0]: one for one in sampled(jobs, Lab(home, engine, monitor))} if jobs else {}
    return folder, {
        name: _told(problem, whole, emulators, each[name], paths) if paths else whole for name, paths in off.items()
    }


def _told(
    problem: Problem, whole: Mapping[str, Any], emulators: Emulators, own: Sampled, off: Sequence[str]
) -> dict[str, Any]:
    """Return evidence, what is free and every paper without itself, by weights."""
    (mean, error), literature = whole["log_model"], Literature.of(problem.claims)
    left_out = without_each(literature, Drawn(own.points, emulators), None, problem.calibration.seed)
    best = own.points[np.argmax(literature.log_likelihood(*emulators.at(own.points)).sum(axis=1))]
    found = fits.estimates(problem, own.points, best)
    kept = {name: whole[name] for name in ("k_hat", "is_good", "warnings")}
    return kept | {
        "log_evidence": own.log_evidence + mean,
        "log_evidence_error": float(np.hypot(own.error, error)),
        "point": problem.at(best),
        "shares": {one.path: own.points[:, k].tolist() for k, one in enumerate(problem.ranges)},
        "estimates": [asdict(one) for one in found if one.path not in off],
        "papers": [fits.paper_left_out(one) for one in left_out],
    }
