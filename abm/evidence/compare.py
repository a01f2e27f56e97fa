"""Which of the four interaction hypotheses does the evidence need? Every combination, by rejection.

For each combination strengths are drawn from their ranges, the rest stays at the calibrated point; a draw is accepted
when every claim holds. With equal prior weights a combination's posterior probability is its acceptance rate, with
Jeffreys' prior, over the sum of all. Then accepted draws predict the control panel: the experiment on which they
differ most decides best.
"""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import scipy
from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.document.overrides import overwritten
from abm.evidence.claim import B_CELLS, SIDE_UM, VOLUME_UL, Claim
from abm.evidence.hypotheses import HYPOTHESES, strengths, without
from abm.evidence.lab import Lab
from abm.evidence.reading import Given, digest, placed, read, scenario_beside
from abm.evidence.score import Jobs
from abm.results.study import StudyFolder
from abm.scenario.schema import Scenario
from abm.statistics.draws import middle
from abm.study.design import Axis, Range
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.rows import RowJob, as_base, scenario_at

N_RESAMPLED = 4000  # design: of the posterior's interval
HALF = 0.5  # Jeffreys' prior of an acceptance rate


class Comparison(Model):
    """What a comparison file may say."""

    name: Name = "comparison"
    title: str = ""
    question: str = ""
    parameters: str
    panel: str
    claims: tuple[str, ...] = Field(("A1", "A2", "A3"), min_length=1)
    strengths: dict[str, Axis] = Field(default_factory=strengths)
    set: dict[str, Any] = Field(default_factory=dict)
    draws: int = par(32, "1", "design: draws of the strengths per combination", "Draws", ge=2, le=100_000)
    predicting: int = par(3, "1", "design: accepted draws that predict the panel", "Predicting", ge=1, le=1000)
    panel_n: int = par(1000, "1", "design: a patch", "B cells of each predicted well", ge=50, le=10**6)
    scale: float = par(1.0, "1", "design: size of the claims' patches", "Scale", gt=0, le=10)
    seed: int = par(1, "1", "design: any number", "Seed", ge=0, le=2**32)

    @model_validator(mode="after")
    def _strengths_only(self) -> Self:
        allowed = list(strengths())
        wrong = [path for path in self.strengths if path not in allowed]
        faults = [Fault("no strength of a hypothesis", f"strengths.{p}", allowed=", ".join(allowed)) for p in wrong]
        faults += overwritten(self.set, "set")
        if faults:
            raise refusal(*faults)
        return self


@dataclass(frozen=True)
class Draw:
    """Strengths under one combination of hypotheses."""

    on: tuple[str, ...]
    theta: Mapping[str, Any]


@dataclass(frozen=True)
class Combination:
    """What the evidence says to one combination."""

    on: tuple[str, ...]
    n_draws: int
    n_accepted: int
    probability: float
    lo: float
    hi: float
    means: dict[str, float]


@dataclass(frozen=True)
class Experiment:
    """How far accepted combinations differ on one arm of the panel."""

    arm: str
    expected_difference: float
    by_combination: dict[str, float]


@dataclass(frozen=True)
class Contest:
    """A comparison with its parameter set, claims, ranges of the strengths and control panel at hand."""

    comparison: Comparison
    given: Given
    panel: Scenario

    def identity(self) -> dict[str, Any]:
        """Return all that the result depends on."""
        asked = self.comparison
        own = {name: getattr(asked, name) for name in ("draws", "predicting", "panel_n", "scale", "seed")}
        return self.given.identity() | own | {"panel": digest(json.dumps(self.patch()))}

    def patch(self) -> dict[str, Any]:
        """Return the changes that turn a parameter set into a well of the panel."""
        n = self.comparison.panel_n
        return {
            "space.side": f"{SIDE_UM * math.sqrt(n / B_CELLS)} um",
            "space.volume": f"{VOLUME_UL * n / B_CELLS} uL",
            "populations.b_cells.n": n,
            "arms": json.loads(as_base(self.panel))["arms"],
        }


def load_comparison(path: Path, sets: tuple[str, ...] = ()) -> Contest:
    """Read a comparison file; paths in it are relative to it.

    Raises
    ------
    InputError
        All faults of the file, a claim that may not set the strengths, or a panel that the parameter set cannot run.
    """
    comparison, given = read(path, sets, Comparison, "strengths")
    panel = scenario_beside(given.document, "panel")
    if panel.space.scale != "well":
        raise InputError(given.document.fault(("panel",), "a patient, no well", "a scenario of wells"))
    contest, faults = Contest(comparison, given, panel), []
    for on in ((), tuple(HYPOTHESES)):
        with placed(given.document, ("strengths",), faults):
            scenario_at(given.base, _theta(on, given.ranges, np.full(len(given.ranges), 0.5)), comparison.seed)
    with placed(given.document, ("panel",), faults):
        scenario_at(given.base, contest.patch(), comparison.seed)
    if faults:
        raise InputError(*faults)
    return contest


def compare(contest: Contest, root: Path, engine: Engine, monitor: Monitor) -> tuple[StudyFolder, dict[str, Any]]:
    """Score every combination of hypotheses and find the experiment that separates them best.

    Returns
    -------
    folder, found : StudyFolder, dict
        ``combinations``, ``hypotheses`` (probability that each is on) and ``experiments``, the best first.

    Raises
    ------
    InputError
        Another process is at it.
    RunFailed
        An experiment could not be run.
    """
    comparison, given = contest.comparison, contest.given
    with at_home(root.resolve() / "compare", comparison.name, contest.identity(), monitor) as folder:
        draws = list(_draws(contest))
        lab = Lab(folder, engine, monitor)
        accepted, means = _hold(comparison, given.claims, draws, lab, given.base)
        combinations = _weigh(draws, accepted, means, comparison.seed)
        predicted = _predict(contest, draws, accepted, lab)
        found = {
            "name": comparison.name,
            "title": comparison.title,
            "question": comparison.question,
            "warnings": [*given.warnings, *contest.panel.told],
            "claims": list(comparison.claims),
            "n_draws": comparison.draws,
            "combinations": [asdict(one) for one in combinations],
            "hypotheses": _marginal(combinations),
            "words": {name: own.words for name, own in HYPOTHESES.items()},
            "experiments": [asdict(one) for one in _separate(combinations, predicted)],
        }
        folder.write_json("comparison.json", found)
    return folder, found


def name_of(on: Sequence[str]) -> str:
    """Return what a combination is called."""
    return " + ".join(on) or "none"


def _combinations() -> Iterator[tuple[str, ...]]:
    """Yield every combination of hypotheses."""
    for size in range(len(HYPOTHESES) + 1):
        yield from itertools.combinations(HYPOTHESES, size)


def _draws(contest: Contest) -> Iterator[Draw]:
    """Yield the same draws for every combination; a hypothesis that is off has no strength."""
    own, asked = contest.given.ranges, contest.comparison
    shares = scipy.stats.qmc.LatinHypercube(len(own), rng=np.random.default_rng(asked.seed)).random(asked.draws)
    for on in _combinations():
        for row in shares:
            yield Draw(on, _theta(on, own, row))


def _theta(on: Sequence[str], own: Sequence[Range], row: np.ndarray) -> dict[str, Any]:
    off, paths = without(name for name in HYPOTHESES if name not in on), strengths(on)
    return off | {r.path: r.value(share) for r, share in zip(own, row, strict=True) if r.path in paths}


def _hold(
    comparison: Comparison, claims: Sequence[Claim], draws: Sequence[Draw], lab: Lab, base: str
) -> tuple[list[bool], list[dict[str, float]]]:
    """Return for each draw whether every claim holds, and what the claims measure."""
    seeds = range(comparison.seed, comparison.seed + comparison.draws)
    jobs = [(Jobs(base, draw.theta, comparison.scale), seeds[i % comparison.draws]) for i, draw in enumerate(draws)]
    lab.run(lambda: (row for own, seed in jobs for row in own.of_all(claims, [seed])))
    found = [{claim.id: own.measure(claim, seed, lab) for claim in claims} for own, seed in jobs]
    accepted = [all(claim.lo <= values[claim.id] <= claim.hi for claim in claims) for values in found]
    return accepted, found


def _weigh(draws: Sequence[Draw], accepted: Sequence[bool], found: Sequence[dict], seed: int) -> list[Combination]:
    on_all = list(dict.fromkeys(draw.on for draw in draws))
    rows = {on: [i for i, draw in enumerate(draws) if draw.on == on] for on in on_all}
    hits = np.array([sum(accepted[i] for i in rows[on]) for on in on_all], dtype=float)
    n = np.array([len(rows[on]) for on in on_all], dtype=float)
    rates = np.random.default_rng(seed).beta(hits + HALF, n - hits + HALF, (N_RESAMPLED, len(on_all)))
    shares = rates / rates.sum(axis=1, keepdims=True)
    lo, hi = middle(shares, axis=0)
    return [
        Combination(
            on=on,
            n_draws=int(n[k]),
            n_accepted=int(hits[k]),
            probability=float(shares[:, k].mean()),
            lo=float(lo[k]),
            hi=float(hi[k]),
            means={name: _mean_of_known(found[i][name] for i in rows[on]) for name in found[0]},
        )
        for k, on in enumerate(on_all)
    ]


def _mean_of_known(values: Iterable[float]) -> float:
    """Return the mean of what came out; NaN where nothing did."""
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _marginal(combinations: Sequence[Combination]) -> dict[str, float]:
    """Return the posterior probability that each hypothesis is on."""
    return {name: math.fsum(c.probability for c in combinations if name in c.on) for name in HYPOTHESES}


def _predict(
    contest: Contest, draws: Sequence[Draw], accepted: Sequence[bool], lab: Lab
) -> dict[tuple[str, ...], dict[str, float]]:
    """Return the mean survival on every arm of the panel, by combination, over its first accepted draws."""
    asked, patch = contest.comparison, contest.patch()
    jobs: dict[tuple, list[RowJob]] = {}
    for draw, is_accepted in zip(draws, accepted, strict=True):
        kept = jobs.setdefault(draw.on, [])
        if is_accepted and len(kept) < asked.predicting:
            kept.append(RowJob(0, contest.given.base, dict(draw.theta) | patch, asked.seed))
    lab.run(lambda: (job for own in jobs.values() for job in own))
    return {
        on: {arm: _mean_of_known(lab.values(job)[f"{arm}.survival"] for job in own) for arm in contest.panel.arms}
        for on, own in jobs.items()
        if own
    }


def _separate(combinations: Sequence[Combination], predicted: Mapping[tuple, Mapping[str, float]]) -> list[Experiment]:
    """Return the arms, the largest expected difference between two combinations of the posterior first.

    A combination for which nothing came out on an arm does not count there; an arm without any is left out.
    """
    found = []
    for arm in dict.fromkeys(arm for survival in predicted.values() for arm in survival):
        known = [c for c in combinations if math.isfinite(predicted.get(c.on, {}).get(arm, math.nan))]
        if not known:
            continue
        weights = np.array([c.probability for c in known]) / max(math.fsum(c.probability for c in known), 1e-300)
        own = np.array([predicted[c.on][arm] for c in known])
        expected = float(weights @ np.abs(own[:, None] - own[None, :]) @ weights)
        by_name = {name_of(c.on): float(v) for c, v in zip(known, own, strict=True)}
        found.append(Experiment(arm, expected, by_name))
    return sorted(found, key=lambda e: -e.expected_difference)
