"""A calibration file: which parameters of which set are free, and which published observations they answer to."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError, nearest
from abm.core.files import json_text
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.document.load import Document
from abm.document.overrides import overwritten
from abm.evidence.claim import Claim
from abm.evidence.hypotheses import HYPOTHESES, switched_off
from abm.evidence.nuisances import NUISANCES, Nuisance
from abm.evidence.papers import papers
from abm.evidence.reading import Given, given_by, placed, read
from abm.evidence.score import Jobs
from abm.inference.emulator import POINTS_PER_DIMENSION
from abm.scenario.known import known_of
from abm.study.axis import Axis
from abm.study.design import Range, range_within
from abm.study.rows import scenario_at

Shares = Mapping[str, float]
NEEDED = ("dynesty", "scikit-learn")
NOT_ASKED = {"name", "title", "question", "parameters", "claims", "free", "nuisance", "scale", "seed"}
UNSEEN = 0.2  # design: share of the design that emulators are checked on before they have seen it


class Calibration(Model):
    """What a calibration file may say."""

    name: Name = "calibration"
    title: str = ""
    question: str = ""
    parameters: str
    claims: tuple[str, ...] = Field(min_length=1)
    free: dict[str, Axis] = Field(min_length=1)
    nuisance: dict[str, Axis] = Field(default_factory=dict)
    set: dict[str, Any] = Field(default_factory=dict)
    points: int = par(512, "1", "design: some 35 for each of 14 parameters", "Points of the design", ge=8, le=10**5)
    repeats: int = par(2, "1", "design: what seeds do to a value needs two", "Runs of each point", ge=2, le=100)
    live: int = par(400, "1", "design: log evidence right to a quarter", "Live points of the sampling", ge=20, le=10**5)
    kept: int = par(1000, "1", "design: ends of 95 % intervals", "Draws that are kept", ge=20, le=10**5)
    checked: int = par(100, "1", "design: a tenth of the draws", "Draws run on the model itself", ge=20, le=10**4)
    waves: int = par(3, "1", "design: more rarely help", "Times that points are added, at most", ge=0, le=20)
    scale: float = par(0.3, "1", "design: size of the claims' patches", "Scale", gt=0, le=10)
    seed: int = par(1, "1", "design: any number", "Seed", ge=0, le=2**31)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        n_dim = len(self.free) + len(self.nuisance)
        fewest = fewest_points(n_dim)
        faults = overwritten(self.set, "set")
        if self.points < fewest:
            text = f"{self.points} points are too few for {n_dim} free parameters"
            faults.append(Fault(text, "points", allowed=f"{fewest} or more; ten times that is advised"))
        if self.live <= 2 * n_dim:
            text = f"{self.live} live points cannot hold the shape of {n_dim} dimensions"
            faults.append(Fault(text, "live", allowed=f"{2 * n_dim + 1} or more"))
        if faults:
            raise refusal(*faults)
        return self


def fewest_points(n_dim: int) -> int:
    """Return the fewest points from which emulators of so many dimensions learn, and on which they are checked."""
    return math.ceil(POINTS_PER_DIMENSION * n_dim / (1.0 - UNSEEN))


@dataclass(frozen=True)
class Problem:
    """A calibration with its parameter set, ranges and claims at hand; a nuisance is called ``PAPER.NAME``."""

    calibration: Calibration
    given: Given
    nuisances: tuple[Range, ...] = ()

    @property
    def base(self) -> str:
        """Return the parameter set as the text that rows share."""
        return self.given.base

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Return the range of every free parameter of the set, then of every nuisance: the axes of the unit cube."""
        return (*self.given.ranges, *self.nuisances)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return what is calibrated on."""
        return self.given.claims

    @property
    def strengths(self) -> dict[str, int]:
        """Return, by hypothesis, which of the ranges says how strong it is, from nothing upwards."""
        places = {own.path: place for place, own in enumerate(self.ranges)}
        return {name: places[own.strength] for name, own in HYPOTHESES.items() if own.strength in places}

    @property
    def from_nothing(self) -> tuple[int, ...]:
        """Return which ranges begin where there is nothing of what they say: at 0, at one fold or at no limit."""
        return tuple(k for k, own in enumerate(self.given.ranges) if _is_nothing(own))

    def identity(self) -> dict[str, Any]:
        """Return everything that the runs of the fit depend on; more points, draws or waves go on with the same fit.

        Raises
        ------
        InputError
            What fits is not installed.
        """
        own: dict[str, Any] = {name: getattr(self.calibration, name) for name in ("scale", "seed")}
        own["nuisances"] = [one.model_dump() for one in self.nuisances]
        try:
            return self.given.identity() | own | {"samplers": [metadata.version(name) for name in NEEDED]}
        except metadata.PackageNotFoundError as error:
            raise InputError(f"a fit needs {error.name}: pip install 'antibody-abm[fit]'") from None

    def asked(self) -> dict[str, Any]:
        """Return what changes the result beyond the identity, as JSON gives it back."""
        return json.loads(json_text(self.calibration.model_dump(exclude=NOT_ASKED)))

    def theta(self, shares: Shares) -> dict[str, Any]:
        """Return the changes of the parameter set at a place in the unit cube; a hypothesis without strength is off."""
        found = {own.path: own.value(shares[own.path]) for own in self.given.ranges if own.path in shares}
        strengths = self.strengths.items()
        return switched_off(found, [name for name, place in strengths if shares.get(self.ranges[place].path) == 0.0])

    def at(self, place: Any) -> dict[str, Any]:
        """Return the changes at a place in the unit cube, one number for each range in their order; no nuisance."""
        return self.theta({own.path: float(share) for own, share in zip(self.ranges, place, strict=True)})

    def jobs(self, place: Any) -> Jobs:
        """Return the experiments at a place in the unit cube, those of a paper under the nuisances of that paper."""
        found: dict[str, list[Nuisance]] = {}
        for own, share in zip(self.nuisances, place[len(self.given.ranges) :], strict=True):
            paper, name = _parts(own.path)
            found.setdefault(paper, []).append(NUISANCES[name](value=own.number(float(share))))
        return Jobs(self.base, self.at(place), self.calibration.scale, found)


def load_calibration(path: Path, sets: tuple[str, ...] = (), reach: tuple[str, ...] | None = None) -> Problem:
    """Read a calibration file; the parameter set it names is relative to it.

    Parameters
    ----------
    path : Path
        YAML file.
    sets : tuple of str
        ``path=value`` as after ``--set``.
    reach : tuple of str, optional
        Of the document that names the file; without it the user does.

    Raises
    ------
    InputError
        All faults of the file, a claim that may not be calibrated on, or something free that changes nothing.
    """
    return _checked(*read(path, sets, Calibration, "free", reach))


def calibration_of(document: Document) -> Problem:
    """Return what :func:`load_calibration` does, of a document instead of a file."""
    return _checked(*given_by(document, Calibration, "free"))


def _checked(calibration: Calibration, given: Given) -> Problem:
    """Return a calibration whose claims may be calibrated on, and whose parameters all change something."""
    problem, faults = Problem(calibration, given), []
    for index, claim in enumerate(given.claims):
        with placed(given.document, ("claims", index), faults):
            papers([claim])
    nuisances = []
    for key, axis in calibration.nuisance.items():
        with placed(given.document, ("nuisance", key), faults):
            nuisances.append(_nuisance(problem, key, axis))
    if faults:
        raise InputError(*faults)
    idle = {own.path: why for own in given.ranges if (why := _why_idle(problem, own.path))}
    if idle:
        allowed = "parameters of the model that the claims leave open"
        raise InputError(*(given.document.fault(("free", path), why, allowed) for path, why in idle.items()))
    return replace(problem, nuisances=tuple(nuisances))


def _is_nothing(own: Range) -> bool:
    """Return whether a range begins at a value that switches off what it is of."""
    none = 1.0 if own.path.endswith("_fold") else 0.0
    return own.scale == "inverse" or own.lo == none


def _parts(key: str) -> tuple[str, str]:
    """Return the paper and the name of a nuisance."""
    paper, _, name = key.rpartition(".")
    return paper, name


def _nuisance(problem: Problem, key: str, axis: Axis) -> Range:
    """Return the range of a nuisance.

    Raises
    ------
    InputError
        No claim is of that paper, there is no such nuisance or range, or no experiment of the paper would notice.
    """
    (paper, name), known = _parts(key), list(dict.fromkeys(claim.paper for claim in problem.claims if claim.paper))
    faults = []
    if paper not in known:
        text = f"no claim of this file is of the paper '{paper}'" if paper else "no paper is named"
        allowed = f"PAPER.NAME, of {', '.join(known) or 'a paper with claims'}"
        faults.append(Fault(text, allowed=allowed, nearest=nearest(paper, known)))
    if name not in NUISANCES:
        near = nearest(name, NUISANCES)
        faults.append(Fault(f"no nuisance '{name}'", allowed=", ".join(NUISANCES), nearest=near))
    if faults:
        raise InputError(*faults)
    kind: type[Nuisance] = NUISANCES[name]
    found = range_within(known_of("value", kind.model_fields["value"]), key, axis, f"nuisance.{key}")
    jobs, seed = Jobs(problem.base, {}, problem.calibration.scale), problem.calibration.seed
    rows = (row for claim in problem.claims if claim.paper == paper for row in jobs.of(claim, seed).values())
    if not any(kind.is_seen(scenario_at(row.base, row.point, seed)) for row in rows):
        raise InputError(Fault(f"no experiment of {paper} depends on it", allowed=kind.needs))
    return found


def _why_idle(problem: Problem, path: str) -> str:
    """Return why a parameter cannot be fitted; empty where it can."""
    if "." not in path:
        return "it says how an experiment is run, not how anything behaves"
    jobs, seed = Jobs(problem.base, {}, problem.calibration.scale), problem.calibration.seed
    points = [job.point for claim in problem.claims for job in jobs.of(claim, seed).values()]
    points = [point for point in points if not any(f"{path}.".startswith(f"{own}.") for own in point)]
    if not points:
        return "every claim has a value of its own for it"
    spread = ((json.loads(problem.base)["cohort"] or {}).get("vary") or {}).get(path) or {}
    is_drawn = spread.get("range") is not None and all("cohort" not in point for point in points)
    return "every patient has a value of its own for it, from a range of the cohort" if is_drawn else ""
