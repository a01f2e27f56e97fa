"""All claims under one parameter set, into a folder that keeps what was run."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError
from abm.core.files import json_text
from abm.core.names import name_of
from abm.core.source import SHOWING, model_hash
from abm.evidence.calibrate import FIT, calibrate
from abm.evidence.claim import Claim
from abm.evidence.fit import Problem
from abm.evidence.lab import Lab
from abm.evidence.left_out import by_group, can_be_left_out, told
from abm.evidence.reading import digest
from abm.evidence.score import PARAMETERS, Score, group_of, probabilities, score
from abm.results.study import StudyFolder
from abm.results.tables import ReadError
from abm.scenario.from_file import load_scenario
from abm.scenario.renamed import RENAMED
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import as_base, scenario_at


def evaluate(
    claims: Sequence[Claim],
    parameters: Path | None,
    root: Path,
    engine: Engine,
    monitor: Monitor,
    *,
    seeds: Sequence[int],
    scale: float,
    posterior: Path | None = None,
    draws: int = 20,
    left_out: Sequence[Problem] = (),
) -> tuple[StudyFolder, dict[str, Any]]:
    """Score claims, each group under its parameter set, and keep ``scores.json``.

    Parameters
    ----------
    claims : sequence of Claim
        Of one or more groups.
    parameters : Path, optional
        Instead of the default set of the group that it fits.
    root : Path
        Folder that holds all runs.
    engine, monitor
        As in :class:`Lab`.
    seeds, scale
        As in :func:`abm.evidence.score.score`.
    posterior : Path, optional
        Folder of a fit: in how many of its draws each claim of its group holds.
    draws : int
        How many draws.
    left_out : sequence of Problem
        Calibrations, one of a group: made, or taken from their folders, to predict every paper by all others.

    Raises
    ------
    InputError
        No such parameter set or posterior, a calibration of a group that was not asked for or of one a second time,
        or another process is at it.
    RunFailed
        An experiment could not be run.
    """
    sets = _sets(claims, parameters)
    bases = {group: as_base(load_scenario(path)) for group, path in sets.items()}
    fitted = _fitted(posterior, draws, list(bases)) if posterior else {}
    problems = by_group(left_out, bases)
    identity = {
        "claims": [claim.id for claim in claims],
        "parameters": {group: digest(base) for group, base in bases.items()},
        "seeds": list(seeds),
        "scale": scale,
        "posterior": digest(json.dumps(fitted)) if fitted else None,
        "left_out": {group: digest(json_text([own.identity(), own.asked()])) for group, own in problems.items()},
        "model": model_hash(SHOWING),
    }
    fits = {group: calibrate(own, root, engine, monitor)[1] for group, own in problems.items() if can_be_left_out(own)}
    name = "-".join(name_of(path) or group for group, path in sets.items())
    with at_home(root.resolve() / "evidence", name, identity, monitor) as folder:
        lab, scores, foretold = Lab(folder, engine, monitor), [], []
        for group, base in bases.items():
            own = [claim for claim in claims if claim.group == group]
            found = score(own, lab, base=base, seeds=seeds, scale=scale)
            scores += _with_probabilities(found, own, lab, fitted[group], scale) if group in fitted else found
            foretold += [told(problems[group], fits.get(group, {}), found)] if group in problems else []
        plain = as_plain(scores, ", ".join(path.name for path in sets.values()), seeds, scale)
        if problems:
            warnings = [text for own in problems.values() for text in own.given.warnings]
            plain |= {"left_out": foretold, "warnings": warnings}
        folder.write_json("scores.json", plain)
    return folder, plain


def _with_probabilities(
    scores: Sequence[Score], claims: Sequence[Claim], lab: Lab, fitted: tuple[str, list[dict[str, Any]]], scale: float
) -> list[Score]:
    """Return scores with the share of a posterior's draws under which each claim holds."""
    base, thetas = fitted
    shares = probabilities(claims, lab, thetas, base=base, scale=scale)
    return [replace(one, probability=shares[one.id]) for one in scores]


def _sets(claims: Sequence[Claim], parameters: Path | None) -> dict[str, Path]:
    """Return the parameter set of each group among the claims."""
    groups = dict.fromkeys(claim.group for claim in claims)
    if parameters is None:
        return {group: PARAMETERS[group] for group in groups}
    if not parameters.is_file():
        raise InputError(f"no such parameter set: {parameters}")
    fits = group_of(load_scenario(parameters))
    if fits not in groups:
        raise InputError(f"{parameters} is for claims of the group {fits}: none was asked for")
    return {group: parameters if group == fits else PARAMETERS[group] for group in groups}


def _fitted(fit: Path, n: int, groups: Sequence[str]) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return, by the group that a fit is for, its parameter set and what is drawn from its posterior."""
    thetas, file = drawn(fit, n), fit / "parameters.yaml"
    scenario = load_scenario(file)
    if group_of(scenario) not in groups:
        text = f"the fit is for claims of the group {group_of(scenario)}: none was asked for"
        raise InputError(Fault(text, file=f"--posterior {fit}", allowed=f"a fit for the group {' or '.join(groups)}"))
    base = as_base(scenario)
    try:
        scenario_at(base, thetas[0], 0)
    except InputError as error:
        raise InputError(*(replace(fault, file=str(fit / FIT)) for fault in error.faults)) from None
    return {group_of(scenario): (base, thetas)}


def drawn(fit: Path, n: int) -> list[dict[str, Any]]:
    """Return what sets drawn from the posterior of a fit's folder change, by weight, the same at every call.

    Raises
    ------
    InputError
        There is no posterior.
    """
    option, file = f"--posterior {fit}", str(fit / FIT)
    if not (fit / FIT).is_file():
        raise InputError(Fault("no fit there", file=option, allowed="the folder of a fit, such as runs/fit/<name>"))
    try:
        found = StudyFolder(fit).read_json(FIT)
        particles, weights = found["particles"], np.asarray(found["weights"], dtype=float)
    except (ReadError, KeyError, TypeError, ValueError) as error:
        raise InputError(Fault(f"cannot be read: {error}", file=file, allowed="what abm fit writes")) from None
    if not particles:
        raise InputError(Fault("the fit holds no posterior", file=option, allowed="abm fit --method posterior or both"))
    if weights.shape != (len(particles),) or not (weights >= 0).all() or not weights.sum() > 0:
        raise InputError(Fault("particles and weights do not fit together", file=file, allowed="what abm fit writes"))
    picked = np.random.default_rng(1).choice(len(weights), size=n, p=weights / weights.sum())
    return [RENAMED.of_sets(particles[i], file, {})[0] for i in picked]


def as_plain(scores: Sequence[Score], parameters: str, seeds: Sequence[int], scale: float) -> dict[str, Any]:
    """Return scores as plain data with what they were made with."""
    claims = [asdict(one) for one in scores]
    return {"claims": claims, "parameters": parameters, "seeds": list(seeds), "scale": scale}
