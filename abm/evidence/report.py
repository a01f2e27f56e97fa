"""All claims under one parameter set, into a folder that keeps what was run."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import InputError
from abm.evidence.claim import Claim
from abm.evidence.lab import Lab
from abm.evidence.score import Score, probabilities, score
from abm.results.study import StudyFolder
from abm.results.tables import ReadError
from abm.scenario.from_file import load_scenario
from abm.study.execute import only
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import as_base


def evaluate(
    claims: Sequence[Claim],
    parameters: Path,
    root: Path,
    engine: Engine,
    monitor: Monitor,
    *,
    seeds: Sequence[int],
    scale: float,
    posterior: Path | None = None,
    draws: int = 20,
) -> tuple[StudyFolder, dict[str, Any]]:
    """Score claims under a parameter set and keep ``scores.json``.

    Raises
    ------
    InputError
        No such parameter set, or another process is at it.
    RunFailed
        An experiment could not be run.
    """
    if not parameters.is_file():
        raise InputError(f"no such parameter set: {parameters}")
    folder = StudyFolder(root.resolve() / "evidence" / parameters.stem)
    folder.make()
    with only(folder):
        base, lab = as_base(load_scenario(parameters)), Lab(folder, engine, monitor)
        scores = score(claims, lab, base=base, seeds=seeds, scale=scale)
        if posterior:
            shares = probabilities(claims, lab, drawn(posterior, draws), base=base, scale=scale)
            scores = [replace(one, probability=shares[one.id]) for one in scores]
        found = as_plain(scores, parameters.name, seeds, scale)
        folder.write_json("scores.json", found)
    return folder, found


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
