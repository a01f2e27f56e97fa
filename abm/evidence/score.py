"""Claims held against the model: run what they ask for, and say for each what came out and whether it agrees."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from abm.document.shipped import CONFIGS
from abm.evidence.claim import Claim, Values
from abm.evidence.lab import Lab
from abm.evidence.nuisances import Nuisance
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.statistics.draws import as_extreme, middle
from abm.statistics.intervals import Interval, of_mean, of_percent, standard_error
from abm.study.rows import RowJob, as_base

SEEDS = (1, 2, 3)
SETS = CONFIGS / "parameters"
PARAMETERS = {"assay": SETS / "wm_bright.yaml", "patient": SETS / "waldenstrom.yaml", "cll": SETS / "cll.yaml"}
TRIALS = 2000  # design: the ends of a 95 % range to about half a percent


def group_of(scenario: Scenario) -> str:
    """Return which claims a parameter set is for."""
    if not any(cells.brings for cells in scenario.cell_types().values()):
        return "cll"
    return "patient" if scenario.space.scale == "body" else "assay"


@dataclass(frozen=True)
class Score:
    """What the model says to one claim; of a trial, the range of simulated trials and the share as extreme."""

    id: str
    role: str
    text: str
    unit: str
    source: str
    observed: float
    lo: float
    hi: float
    simulated: float | None
    interval: tuple[float | None, float | None]
    z: float | None
    holds: bool
    probability: float | None = None
    trial: int = 0
    as_extreme: float | None = None


def score(
    claims: Sequence[Claim],
    lab: Lab,
    *,
    base: str = "",
    theta: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = SEEDS,
    scale: float = 1.0,
) -> list[Score]:
    """Run what the claims ask for, once for each content, and score them.

    Parameters
    ----------
    claims : sequence of Claim
        What to hold against the model, all of one group.
    lab : Lab
        Runs them and keeps what has been run.
    base : str
        Parameter set as the text of :func:`abm.study.rows.as_base`; by default the calibrated one.
    theta : mapping
        Changes of the parameter set by dotted path; a claim's own conditions go first.
    seeds : sequence of int
        Each gives one value per claim; the interval is over them.
    scale : float
        Size of every patch relative to what the claim asks for.

    Raises
    ------
    RunFailed
        An experiment could not be run.
    """
    jobs = Jobs(base or as_base(load_scenario(PARAMETERS[claims[0].group])), theta or {}, scale)
    lab.run(lambda: jobs.of_all(claims, seeds))
    return [_score_trial(one, jobs, seeds, lab) if one.trial else _score_means(one, jobs, seeds, lab) for one in claims]


def probabilities(
    claims: Sequence[Claim], lab: Lab, thetas: Sequence[Mapping[str, Any]], *, base: str, scale: float = 1.0
) -> dict[str, float]:
    """Return for each claim the share of parameter sets, one seed each, under which it holds.

    Raises
    ------
    RunFailed
        An experiment could not be run.
    """
    sets = [(Jobs(base, theta, scale), seed) for seed, theta in enumerate(thetas, start=1)]
    lab.run(lambda: (job for jobs, seed in sets for job in jobs.of_all(claims, [seed])))
    found = {}
    for claim in claims:
        values = [jobs.measure(claim, seed, lab) for jobs, seed in sets]
        found[claim.id] = sum(claim.lo <= value <= claim.hi for value in values) / len(values)
    return found


@dataclass(frozen=True)
class Jobs:
    """The rows that claims ask for under one parameter set, those of a paper as its laboratory did them."""

    base: str
    theta: Mapping[str, Any]
    scale: float
    nuisances: Mapping[str, Sequence[Nuisance]] = field(default_factory=dict)

    def of(self, claim: Claim, seed: int) -> dict[str, RowJob]:
        """Return the experiments of one claim by name."""
        points = {case.name: case.under(self.base, self.scale) for case in claim.cases(seed)}
        return {
            name: RowJob(0, self.base, self._in_lab(claim.paper, dict(self.theta) | point), seed)
            for name, point in points.items()
            if point is not None
        }

    def _in_lab(self, paper: str, point: dict[str, Any]) -> dict[str, Any]:
        for own in self.nuisances.get(paper, ()):
            point = own.changed(self.base, point)
        return point

    def of_all(self, claims: Iterable[Claim], seeds: Iterable[int]) -> Iterator[RowJob]:
        """Yield the experiments of all claims."""
        for seed in seeds:
            for claim in claims:
                yield from self.of(claim, seed).values()

    def measure(self, claim: Claim, seed: int, lab: Lab) -> float:
        """Return what a claim's measure makes of its experiments."""
        return float(claim.measure(self.values(claim, seed, lab)))

    def values(self, claim: Claim, seed: int, lab: Lab) -> dict[str, Values]:
        """Return what each experiment of a claim gave."""
        return {name: lab.values(job) for name, job in self.of(claim, seed).items()}


def _score_trial(claim: Claim, jobs: Jobs, seeds: Sequence[int], lab: Lab) -> Score:
    """Draw trials of the published size from the patients of all seeds, and compare the observed value with them."""
    found = _trials(claim, [one for seed in seeds for one in jobs.values(claim, seed, lab).values()])
    known = found[np.isfinite(found)]
    if known.size < TRIALS // 2:
        return _scored(claim, None, (None, None), None, holds=False)
    lo, hi = middle(known)
    mean, spread = float(np.mean(known)), float(np.std(known))
    is_spread = np.ptp(known) > 0.0  # the deviation of equal values is rounding
    z = (mean - claim.observed) / spread if is_spread else None
    ends = (float(lo), float(hi)) if is_spread else (None, None)
    scored = _scored(claim, mean, ends, z, holds=bool(lo <= claim.observed <= hi))
    return replace(scored, trial=claim.trial, as_extreme=as_extreme(known, claim.observed))


def _trials(claim: Claim, patients: Sequence[Values]) -> np.ndarray:
    """Return what the claim measures in each of many trials, whose patients are drawn with replacement."""
    rng = np.random.default_rng(TRIALS)
    drawn = (rng.integers(len(patients), size=claim.trial) for _ in range(TRIALS))
    return np.array([claim.measure({str(k): patients[i] for k, i in enumerate(rows)}) for rows in drawn])


def _score_means(claim: Claim, jobs: Jobs, seeds: Sequence[int], lab: Lab) -> Score:
    return _score(claim, [jobs.measure(claim, seed, lab) for seed in seeds])


def _score(claim: Claim, found: Sequence[float]) -> Score:
    known = [value for value in found if not math.isnan(value)]
    over = _over_seeds(claim, known).as_numbers()
    mean = over["mean"]
    error = float(standard_error(known)) if len(known) > 1 else 0.0
    z = None if mean is None else (mean - claim.observed) / math.hypot(claim.sd, error)
    holds = mean is not None and len(known) == len(found) and claim.lo <= mean <= claim.hi
    ends = (over["lo"], over["hi"]) if len(set(known)) > 1 else (None, None)
    return _scored(claim, mean, ends, z, holds=bool(holds))


def _over_seeds(claim: Claim, found: Sequence[float]) -> Interval:
    """Return the mean with Student's t interval; of a share, on the logit scale where it would leave 0 to 100 %."""
    over = of_mean(found)
    is_share = claim.unit == "%" and all(0.0 <= value <= 100.0 for value in found)
    return of_percent(found) if is_share and not 0.0 < over.lo <= over.hi < 100.0 else over


def _scored(
    claim: Claim, mean: float | None, over: tuple[float | None, float | None], z: float | None, *, holds: bool
) -> Score:
    return Score(
        id=claim.id, role=claim.role, text=claim.text, unit=claim.unit, source=claim.source,
        observed=claim.observed, lo=claim.lo, hi=claim.hi, simulated=mean, interval=over, z=z, holds=holds,
    )  # fmt: skip
