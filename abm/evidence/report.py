"""All claims under one parameter set, into a folder that keeps what was run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from abm.core.errors import Fault, InputError
from abm.core.files import json_text
from abm.core.names import name_of
from abm.core.source import SHOWING, model_hash
from abm.document.shipped import meant
from abm.evidence.calibrate import calibrate
from abm.evidence.claim import Claim
from abm.evidence.draws import Draws
from abm.evidence.fit import Problem
from abm.evidence.lab import Lab
from abm.evidence.left_out import by_group, can_be_left_out, told
from abm.evidence.outcomes import outcomes
from abm.evidence.reading import digest
from abm.evidence.score import PARAMETERS, Jobs, Score, group_of, probabilities, score
from abm.results.study import StudyFolder
from abm.scenario.from_file import load_scenario
from abm.study.execute import at_home
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
        Folder of a fit, or a table of draws: in how many of them each claim of their group holds.
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
    sets = sets_of(claims, parameters)
    bases = {group: as_base(load_scenario(path)) for group, path in sets.items()}
    fitted = _fitted(posterior, draws, bases) if posterior else {}
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
        lab, scores, foretold, patients = Lab(folder, engine, monitor), [], [], {}
        for group, base in bases.items():
            own = [claim for claim in claims if claim.group == group]
            found = score(own, lab, base=base, seeds=seeds, scale=scale)
            scores += _with_probabilities(found, own, lab, fitted[group], scale) if group in fitted else found
            patients |= outcomes(own, Jobs(base, {}, scale), seeds, lab)
            foretold += [told(problems[group], fits.get(group, {}), found)] if group in problems else []
        plain = as_plain(scores, ", ".join(path.name for path in sets.values()), seeds, scale) | {"patients": patients}
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


def sets_of(claims: Sequence[Claim], parameters: Path | None) -> dict[str, Path]:
    """Return the parameter set of each group among the claims."""
    groups = dict.fromkeys(claim.group for claim in claims)
    if parameters is None:
        return {group: PARAMETERS[group] for group in groups}
    parameters = Path(meant(str(parameters)))
    if not parameters.is_file():
        raise InputError(f"no such parameter set: {parameters}")
    fits = group_of(load_scenario(parameters))
    if fits not in groups:
        raise InputError(f"{parameters} is for claims of the group {fits}: none was asked for")
    return {group: parameters if group == fits else PARAMETERS[group] for group in groups}


def _fitted(path: Path, n: int, bases: Mapping[str, str]) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Return, by the group that draws are for, the parameter set that they are of, and what each of them changes."""
    found = Draws.read(path)
    if found.parameters is None:
        group = found.group_among(bases)
        base = bases[group]
    else:
        base, group = as_base(found.parameters), group_of(found.parameters)
        if group not in bases:
            text, allowed = f"the fit is for claims of the group {group}: none was asked for", " or ".join(bases)
            raise InputError(Fault(text, file=f"--posterior {path}", allowed=f"a fit for the group {allowed}"))
    return {group: (base, [draw.changes for draw in found.thinned(n, base)])}


def as_plain(scores: Sequence[Score], parameters: str, seeds: Sequence[int], scale: float) -> dict[str, Any]:
    """Return scores as plain data with what they were made with."""
    claims = [asdict(one) for one in scores]
    return {"claims": claims, "parameters": parameters, "seeds": list(seeds), "scale": scale}
