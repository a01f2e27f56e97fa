"""All claims under one parameter set, into a folder that keeps what was run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.evidence.claim import Claim
from abm.evidence.lab import Lab
from abm.evidence.score import Score, score
from abm.results.study import StudyFolder
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
        found = as_plain(scores, parameters.name, seeds, scale)
        folder.write_json("scores.json", found)
    return folder, found


def as_plain(scores: Sequence[Score], parameters: str, seeds: Sequence[int], scale: float) -> dict[str, Any]:
    """Return scores as plain data with what they were made with."""
    claims = [one.as_dict() for one in scores]
    return {"claims": claims, "parameters": parameters, "seeds": list(seeds), "scale": scale}
