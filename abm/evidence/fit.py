"""A calibration file: which parameters of which set are free, and which published observations they answer to."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError, nearest
from abm.core.files import json_text
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.core.user_file import UserFile
from abm.document.load import Document
from abm.document.overrides import overwritten
from abm.evidence.claim import Claim
from abm.evidence.hypotheses import HYPOTHESES, switched_off
from abm.evidence.nuisances import NUISANCES, Nuisance
from abm.evidence.papers import papers
from abm.evidence.reading import Given, given_by, placed, read
from abm.evidence.score import Jobs
from abm.inference.emulator import POINTS_PER_DIMENSION
from abm.inference.groups import MOST_SPREAD, Groups
from abm.inference.likelihood import Array
from abm.scenario.known import known_of
from abm.study.axis import Axis
from abm.study.design import Range, range_within
from abm.study.rows import scenario_at

Shares = Mapping[str, float]
NEEDED = ("dynesty", "scikit-learn")
PUBLISHED, OWN = ("parameters", "claims"), ("scenario", "data")
NOT_ASKED = {"name", "title", "question", *PUBLISHED, *OWN, "free", "nuisance", "scale", "seed"}
FEWEST_GROUPS = 3  # design: of two, one spread between them is as likely as another
UNSEEN = 0.2  # design: share of the design that emulators are checked on before they have seen it


class Free(Axis):
    """The range of a free parameter, with ``per: group`` of one whose value each group of the table has for itself."""

    per: Literal["", "group"] = ""


class Calibration(Model):
    """What a calibration file may say.

    It learns from published ``claims``, which bring experiments of their own for a set of ``parameters``, or from
    ``data``: a table of one's own observations of the arms of a ``scenario``.
    """

    name: Name = "calibration"
    title: str = ""
    question: str = ""
    parameters: str = ""
    claims: tuple[str, ...] = ()
    scenario: str = ""
    data: UserFile | None = None
    free: dict[str, Free] = Field(min_length=1)
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
        faults = [*overwritten(self.set, "set"), *self._unsaid()]
        if self.points < fewest:
            text = f"{self.points} points are too few for {n_dim} free parameters"
            faults.append(Fault(text, "points", allowed=f"{fewest} or more; ten times that is advised"))
        if self.live <= 2 * n_dim:
            text = f"{self.live} live points cannot hold the shape of {n_dim} dimensions"
            faults.append(Fault(text, "live", allowed=f"{2 * n_dim + 1} or more"))
        if faults:
            raise refusal(*faults)
        return self

    def _unsaid(self) -> list[Fault]:
        """Return what is missing of one of the two kinds of calibration, and what is of the other."""
        is_own, allowed = bool(self.scenario or self.data), "parameters and claims, or scenario and data"
        needed, others = (OWN, (*PUBLISHED, "nuisance")) if is_own else (PUBLISHED, ())
        faults = [Fault("missing", name, allowed=allowed) for name in needed if not getattr(self, name)]
        if not is_own:
            per = [path for path, own in self.free.items() if own.per]
            faults += [Fault("papers have no groups", f"free.{p}.per", allowed="none; in a fit on data") for p in per]
        faults += [Fault(f"beside {OWN[1]} of one's own", own, allowed=allowed) for own in others if getattr(self, own)]
        if is_own and "scale" in self.model_fields_set:
            faults.append(Fault("wells of one's own are simulated as they are", "scale", allowed="none beside data"))
        return faults


def fewest_points(n_dim: int) -> int:
    """Return the fewest points from which emulators of so many dimensions learn, and on which they are checked."""
    return math.ceil(POINTS_PER_DIMENSION * n_dim / (1.0 - UNSEEN))


@dataclass(frozen=True)
class Problem:
    """A calibration with its parameter set, ranges and claims at hand; a nuisance is called ``PAPER.NAME``."""

    calibration: Calibration
    given: Given
    nuisances: tuple[Range, ...] = ()
    groups: Groups | None = None

    @property
    def base(self) -> str:
        """Return the parameter set as the text that rows share."""
        return self.given.base

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Return the range of every free parameter of the set, then of every nuisance: the axes of the unit cube."""
        return (*self.given.ranges, *self.nuisances)

    @property
    def axes(self) -> tuple[Range, ...]:
        """Return what the posterior tells of: the ranges; with groups what they share, means, spreads, each group's."""
        groups = self.groups
        if groups is None:
            return self.ranges
        own = [self.ranges[k] for k in groups.own]
        each = [one.model_copy(update={"path": f"{one.path} of {name}"}) for name in groups.names for one in own]
        return (*(self.ranges[k] for k in groups.shared), *own, *map(_spread, own), *each)

    def told(self, points: Array) -> Array:
        """Return draws as shares of :attr:`axes`, shape (draws, axes)."""
        return self.groups.told(points) if self.groups else points

    @property
    def group_of(self) -> tuple[int, ...]:
        """Return which group each claim is of."""
        names = self.groups.names if self.groups else ()
        return tuple(names.index(claim.subject) for claim in self.claims) if names else ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return what is calibrated on."""
        return self.given.claims

    @property
    def strengths(self) -> dict[str, int]:
        """Return, by hypothesis, which of the ranges says how strong it is, where that begins at nothing.

        Where it begins above, there is always some of it: to be off would be a jump that no emulator follows.
        """
        places = {own.path: place for place, own in enumerate(self.ranges) if _is_nothing(own)}
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
        own |= {"per_group": list(self.groups.own)} if self.groups else {}
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

    @property
    def is_own(self) -> bool:
        """Return whether it learns from observations of one's own."""
        return self.given.data is not None

    def of_papers(self) -> Self:
        """Return it where it learns from papers.

        Raises
        ------
        InputError
            It learns from observations of one's own.
        """
        if self.is_own:
            text = "a calibration on data of one's own, where papers are weighed"
            raise InputError(self.given.document.fault(("data",), text, "a calibration with parameters and claims"))
        return self

    @property
    def learnt_from(self) -> str:
        """Return what it learns from: the claims by name, or a table with its hash."""
        data = self.given.data
        own = f"{len(self.claims)} rows of {data.name} (SHA-256 {data.sha256[:12]})" if data else ""
        return own or ", ".join(claim.id for claim in self.claims)

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
    return replace(problem, nuisances=tuple(nuisances), groups=_groups(problem))


def _groups(problem: Problem) -> Groups | None:
    """Return the groups of a calibration in which some parameters have a value for each.

    Raises
    ------
    InputError
        A row is of no group, there are too few, or too few live points for what is free then.
    """
    asked, document = problem.calibration, problem.given.document
    own = tuple(k for k, one in enumerate(problem.ranges) if one.path in asked.free and asked.free[one.path].per)
    if not own:
        return None
    names = tuple(dict.fromkeys(claim.subject for claim in problem.claims if claim.subject != claim.id))
    groups, first = Groups(names, len(problem.ranges), own), problem.ranges[own[0]].path
    lacking = [claim.id for claim in problem.claims if claim.subject == claim.id]
    faults = [document.fault(("free", problem.ranges[k].path, "scale"), "an inverse scale per group", "linear or log")
              for k in own if problem.ranges[k].scale == "inverse"]  # fmt: skip
    if lacking:
        text, allowed = (
            f"{len(lacking)} rows are of no group, such as {lacking[0]!r}",
            "a group in every row of the table",
        )
        faults.append(document.fault(("free", first, "per"), text, allowed))
    elif len(names) < FEWEST_GROUPS:
        text = f"{len(names)} groups tell no spread between groups"
        faults.append(document.fault(("free", first, "per"), text, f"{FEWEST_GROUPS} or more"))
    elif asked.live <= 2 * groups.n_all:
        text = f"{asked.live} live points cannot hold the shape of {groups.n_all} dimensions, a value for each group"
        faults.append(document.fault(("live",), text, f"{2 * groups.n_all + 1} or more"))
    if faults:
        raise InputError(*faults)
    return groups


def _spread(own: Range) -> Range:
    """Return the range of the standard deviation between groups, of the logarithm where the range is even in it."""
    is_log = own.scale == "log"
    most = MOST_SPREAD * (math.log(own.hi / own.lo) if is_log else own.hi - own.lo)
    path = f"{own.path} between groups ({'SD of ln' if is_log else 'SD'})"
    return Range(path=path, lo=0.0, hi=most, scale="linear", unit="" if is_log else own.unit)


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
