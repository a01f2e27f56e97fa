"""Claims held against the model: run what they ask for, and say for each what came out and whether it agrees."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm.evidence.claim import Claim
from abm.evidence.lab import Lab
from abm.scenario.from_file import load_scenario
from abm.study.rows import RowJob, as_base
from abm.study.summary import interval

SEEDS = (1, 2, 3)
PARAMETERS = Path(__file__).resolve().parents[2] / "configs" / "parameters" / "wm_bright.yaml"


@dataclass(frozen=True)
class Score:
    """What the model says to one claim."""

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
        What to hold against the model.
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
    jobs = Jobs(base or as_base(load_scenario(PARAMETERS)), theta or {}, scale)
    lab.run(lambda: jobs.of_all(claims, seeds))
    return [_score(claim, [jobs.measure(claim, seed, lab) for seed in seeds]) for claim in claims]


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
    """The rows that claims ask for under one parameter set."""

    base: str
    theta: Mapping[str, Any]
    scale: float

    def of(self, claim: Claim, seed: int) -> dict[str, RowJob]:
        """Return the experiments of one claim by name."""
        return {
            case.name: RowJob(0, self.base, dict(self.theta) | case.at(self.scale), seed) for case in claim.cases(seed)
        }

    def of_all(self, claims: Iterable[Claim], seeds: Iterable[int]) -> Iterator[RowJob]:
        """Yield the experiments of all claims."""
        for seed in seeds:
            for claim in claims:
                yield from self.of(claim, seed).values()

    def measure(self, claim: Claim, seed: int, lab: Lab) -> float:
        """Return what a claim's measure makes of its experiments."""
        return float(claim.measure({name: lab.values(job) for name, job in self.of(claim, seed).items()}))


def _score(claim: Claim, found: Sequence[float]) -> Score:
    over = interval(found)
    mean = over["mean"]
    known = [value for value in found if not math.isnan(value)]
    error = math.sqrt(sum((v - mean) ** 2 for v in known) / (len(known) - 1) / len(known)) if len(known) > 1 else 0.0
    z = None if mean is None else (mean - claim.observed) / math.hypot(claim.sd, error)
    holds = mean is not None and len(known) == len(found) and claim.lo <= mean <= claim.hi
    return Score(
        claim.id,
        claim.role,
        claim.text,
        claim.unit,
        claim.source,
        claim.observed,
        claim.lo,
        claim.hi,
        mean,
        (over["lo"], over["hi"]),
        z,
        bool(holds),
    )
