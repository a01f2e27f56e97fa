"""Runs of the claims over the free parameters, and the emulators that learn from them.

The design is a Sobol' sequence in the unit cube. In every second point one or more of what begins at nothing are off,
hypotheses among them, so that the emulators know the model without them and not only near it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy

from abm.evidence.claim import Claim
from abm.evidence.fit import UNSEEN, Calibration, Problem
from abm.evidence.lab import Lab
from abm.evidence.score import Jobs
from abm.inference.emulator import Emulator, fit
from abm.inference.emulators import Check, Emulators, check
from abm.inference.likelihood import Array


def design(n_dim: int, n: int, strengths: Sequence[int], seed: int, n_more: int = 0) -> Array:
    """Return the points of a design, shape (points, dimensions); the first of more points are those of fewer.

    Parameters
    ----------
    n_dim, n : int
        Dimensions and points.
    strengths : sequence of int
        Dimensions of which some, even over their combinations, are 0 in every second point.
    seed : int
        Of the scrambling, and of what is 0.
    n_more : int
        Further dimensions, of nuisances: without them the points are the same in all others.
    """
    n_drawn = 2 ** int(np.ceil(np.log2(n)))
    with np.errstate(all="ignore"):
        sequence = scipy.stats.qmc.Sobol(n_dim, rng=np.random.default_rng(seed))
        points = sequence.random(n_drawn)[:n]
        if n_more:
            longer = scipy.stats.qmc.Sobol(n_dim + n_more, rng=np.random.default_rng([seed, n_dim]))
            points = np.hstack([points, longer.random(n_drawn)[:n, n_dim:]])
    for row in range(1, n, 2) if strengths else ():
        rng = np.random.default_rng([seed, row])
        off = rng.permutation(np.asarray(strengths))[: rng.integers(1, len(strengths) + 1)]
        points[row, off] = 0.0
    return points


@dataclass(frozen=True)
class Runs:
    """What claims gave at places of the unit cube.

    Attributes
    ----------
    x : array, shape (points, dimensions)
        Places.
    y : array, shape (points, claims)
        Mean over the seeds of a point, on the scale of each claim's link; NaN where nothing came out.
    spread : array, shape (claims,)
        Standard deviation over the seeds of a point, that of all points together.
    repeats : int
        Seeds of a point.
    """

    x: Array
    y: Array
    spread: Array
    repeats: int

    @property
    def noise(self) -> Array:
        """Standard deviation of a mean over the seeds, shape (claims,)."""
        return self.spread / np.sqrt(self.repeats)

    @classmethod
    def of(cls, x: Array, each: Array) -> Self:
        """Return runs from the values under each seed, shape (points, claims, seeds)."""
        with np.errstate(invalid="ignore"):
            variance = np.where(np.isfinite(each).all(axis=2), each.var(axis=2, ddof=1), np.nan)
            known = np.isfinite(variance)
            pooled = np.where(known, variance, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            return cls(np.asarray(x), each.mean(axis=2), np.sqrt(pooled), each.shape[2])

    def column(self, place: int) -> Self:
        """Return the runs of one claim alone."""
        return replace(self, y=self.y[:, [place]], spread=self.spread[[place]])

    def rows(self, chosen: slice | Array) -> Self:
        """Return some of the points."""
        return replace(self, x=self.x[chosen], y=self.y[chosen])

    def joined(self, other: Self) -> Self:
        """Return these and other points, what seeds do told by both in proportion."""
        n, m = len(self.x), len(other.x)
        spread = np.sqrt((n * self.spread**2 + m * other.spread**2) / (n + m))
        return replace(self, x=np.vstack([self.x, other.x]), y=np.vstack([self.y, other.y]), spread=spread)


def places(problem: Problem) -> Array:
    """Return the points of the design of a calibration."""
    asked, n_dim = problem.calibration, len(problem.given.ranges)
    strengths = sorted({*problem.strengths.values(), *problem.from_nothing})
    return design(n_dim, asked.points, strengths, asked.seed, len(problem.nuisances))


def run(problem: Problem, lab: Lab, x: Array, first: int) -> Runs:
    """Run every claim at places of the unit cube, each with seeds of its own.

    Parameters
    ----------
    problem : Problem
        What is calibrated.
    lab : Lab
        Where it is run; what it knows is not run again.
    x : array, shape (points, dimensions)
        Places.
    first : int
        Number of the first of them among all places of the fit, from which seeds follow.

    Raises
    ------
    RunFailed
        An experiment could not be run.
    """
    asked = problem.calibration
    both = [(problem.jobs(place), seeds_at(asked, first + k)) for k, place in enumerate(x)]
    lab.run(lambda: (row for jobs, own in both for row in jobs.of_all(problem.claims, own)))
    return Runs.of(x, np.array([[_on_link(claim, jobs, own, lab) for claim in problem.claims] for jobs, own in both]))


def seeds_at(asked: Calibration, place: int) -> list[int]:
    """Return the seeds of a place by its number among all places of a fit: no other has any of them."""
    return [int(seed) for seed in asked.seed + asked.repeats * place + np.arange(asked.repeats)]


def learn(names: Sequence[str], runs: Runs, seed: int) -> Emulators:
    """Return an emulator of every claim.

    Raises
    ------
    InputError
        Too few points have a value.
    """
    known: dict[tuple[bytes, float], Emulator] = {}
    parts = []
    for y, noise in zip(runs.y.T, runs.noise, strict=True):
        key = (y.tobytes(), float(noise))
        known[key] = known.get(key) or fit(runs.x, y, noise, seed)  # what was measured twice is learnt once
        parts.append(known[key])
    return Emulators(tuple(names), tuple(parts))


def relearn(known: Emulators, runs: Runs) -> Emulators:
    """Return emulators with the lengths of others, over other runs: what takes long is not done again."""
    parts = []
    for part, y, noise in zip(known.parts, runs.y.T, runs.noise, strict=True):
        own = np.isfinite(y)
        parts.append(replace(part, x=runs.x[own], y=y[own], noise=np.full(int(own.sum()), noise)))
    return Emulators(known.names, tuple(parts))


@dataclass(frozen=True)
class Held:
    """Emulators held against runs that they have not seen, values and errors on the scale of each claim's link.

    Attributes
    ----------
    checks : tuple of Check
        How they did, one for each claim.
    emulated, error, run : array, shape (runs, claims)
        Their value, its standard deviation with that of the run, and the run.
    """

    checks: tuple[Check, ...]
    emulated: Array
    error: Array
    run: Array


def checked(names: Sequence[str], runs: Runs, seed: int) -> tuple[Emulators, Held]:
    """Learn from most of a design, hold the emulators against the rest, and let them see it."""
    n_seen = len(runs.x) - max(3, round(UNSEEN * len(runs.x)))
    known, unseen = learn(names, runs.rows(slice(n_seen)), seed), runs.rows(slice(n_seen, None))
    emulated, sd = known.at(unseen.x)
    white = np.array([part.white * part.spread**2 for part in known.parts])
    error = np.sqrt(sd**2 + white + unseen.noise**2)
    held = Held(check(known, unseen.x, unseen.y, unseen.noise), emulated, error, unseen.y)
    return relearn(known, runs), held


def as_json(emulators: Emulators) -> dict[str, Any]:
    """Return emulators as JSON can hold them."""
    return {name: own.tolist() for name, own in emulators.to_arrays().items()}


def from_json(told: Mapping[str, Any]) -> Emulators:
    """Return the emulators that :func:`as_json` told of, to the bit."""
    return Emulators.from_arrays({name: np.array(own) for name, own in told.items()})


def _on_link(claim: Claim, jobs: Jobs, seeds: Sequence[int], lab: Lab) -> list[float]:
    """Return what a claim's likelihood looks at under each seed, on the scale of its link."""
    found, to_link = [jobs.values(claim, seed, lab) for seed in seeds], claim.likelihood.to_link
    if claim.likelihood.link == "logit":  # a share of as many donors or patients
        return [float(to_link(claim.value(own), max(len(own), 2))) for own in found]
    return [float(to_link(claim.value(own))) for own in found]
