"""All claims under one parameter set, into a folder that keeps what was run."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from abm.biology.cells.cll_clone import CllClone
from abm.core.errors import InputError
from abm.evidence.claim import Claim
from abm.evidence.lab import Lab
from abm.evidence.score import PARAMETERS, Score, probabilities, score
from abm.results.study import StudyFolder
from abm.results.tables import ReadError
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.execute import only
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import as_base


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
        Folder of a fit: in how many of its draws each claim holds.
    draws : int
        How many draws.

    Raises
    ------
    InputError
        No such parameter set, or another process is at it.
    RunFailed
        An experiment could not be run.
    """
    sets = _sets(claims, parameters)
    folder = StudyFolder(root.resolve() / "evidence" / "-".join(path.stem for path in sets.values()))
    folder.make()
    with only(folder, monitor.unlocks):
        lab, scores = Lab(folder, engine, monitor), []
        for group, path in sets.items():
            own, base = [claim for claim in claims if claim.group == group], as_base(load_scenario(path))
            found = score(own, lab, base=base, seeds=seeds, scale=scale)
            if posterior:
                shares = probabilities(own, lab, drawn(posterior, draws), base=base, scale=scale)
                found = [replace(one, probability=shares[one.id]) for one in found]
            scores += found
        plain = as_plain(scores, ", ".join(path.name for path in sets.values()), seeds, scale)
        folder.write_json("scores.json", plain)
    return folder, plain


def _group_of(scenario: Scenario) -> str:
    """Return which claims a parameter set is for."""
    if isinstance(scenario.populations.b_cells, CllClone):
        return "cll"
    return "patient" if scenario.is_patient else "assay"


def _sets(claims: Sequence[Claim], parameters: Path | None) -> dict[str, Path]:
    """Return the parameter set of each group among the claims."""
    groups = dict.fromkeys(claim.group for claim in claims)
    if parameters is None:
        return {group: PARAMETERS[group] for group in groups}
    if not parameters.is_file():
        raise InputError(f"no such parameter set: {parameters}")
    fits = _group_of(load_scenario(parameters))
    if fits not in groups:
        raise InputError(f"{parameters} is for claims of the group {fits}: none was asked for")
    return {group: parameters if group == fits else PARAMETERS[group] for group in groups}


def drawn(fit: Path, n: int) -> list[dict[str, Any]]:
    """Return parameter sets drawn from the posterior of a fit's folder, by weight, the same at every call.

    Raises
    ------
    InputError
        There is no posterior.
    """
    try:
        found = StudyFolder(fit).read_json("fit.json")
    except ReadError as error:
        raise InputError(str(error)) from None
    if not found.get("particles"):
        raise InputError(f"{fit} holds no posterior; abm fit --method posterior samples one")
    weights = np.asarray(found["weights"]) / np.sum(found["weights"])
    picked = np.random.default_rng(1).choice(len(weights), size=n, p=weights)
    return [found["particles"][i] for i in picked]


def as_plain(scores: Sequence[Score], parameters: str, seeds: Sequence[int], scale: float) -> dict[str, Any]:
    """Return scores as plain data with what they were made with."""
    claims = [asdict(one) for one in scores]
    return {"claims": claims, "parameters": parameters, "seeds": list(seeds), "scale": scale}
