"""Calibration on the claims whose role allows it: a point by optuna, a posterior by ABC-SMC of pyABC.

Both see the model as one function, ``simulate(theta, seed) -> summaries``, and both are functions of their seed alone:
a fit that was interrupted is done again from its first draw and comes to the same numbers, since what has been
simulated is not simulated again.
"""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.document.overrides import overwritten
from abm.document.reading import value_at
from abm.evidence.claim import Claim
from abm.evidence.lab import Lab
from abm.evidence.reading import Given, read
from abm.evidence.score import Jobs
from abm.statistics.draws import n_independent, weighted_quantiles
from abm.study.design import Axis, Range
from abm.study.jobs import Flow, Stopped

Shares = Mapping[str, float]
Summaries = dict[str, float]
Simulate = Callable[[Shares, int], Summaries]
ACCEPTED_OF = 3  # assumed: draws for each accepted one; only the progress bar depends on it
FAR = 30.0  # design: the distance, in standard errors, of a claim whose value is undefined
TINY_RANGE = 1e-3
FEWEST_FOR_INTERVAL = 20.0  # design: with fewer independent particles, half a particle is more than a tail of 2.5 %
SAMPLERS = ("optuna", "pyabc")


class Calibration(Model):
    """What a calibration file may say."""

    name: Name = "calibration"
    title: str = ""
    question: str = ""
    parameters: str
    claims: tuple[str, ...] = Field(min_length=1)
    free: dict[str, Axis] = Field(min_length=1)
    posterior_of: tuple[str, ...] = ()
    set: dict[str, Any] = Field(default_factory=dict)
    trials: int = par(60, "1", "design: points that the point fit tries", "Trials", ge=1, le=10**6)
    population: int = par(40, "1", "design: particles of each generation", "Population", ge=4, le=10**6)
    generations: int = par(4, "1", "design: generations of ABC-SMC", "Generations", ge=1, le=100)
    scale: float = par(0.3, "1", "design: size of the claims' patches", "Scale", gt=0, le=10)
    seed: int = par(1, "1", "design: any number", "Seed", ge=0, le=2**31)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [path for path in self.posterior_of if path not in self.free]
        faults = [Fault(f"{path} is not free", "posterior_of", allowed=", ".join(self.free)) for path in wrong[:1]]
        faults += overwritten(self.set, "set")
        if faults:
            raise refusal(*faults)
        return self


@dataclass(frozen=True)
class Problem:
    """A calibration with its parameter set, ranges and claims at hand."""

    calibration: Calibration
    given: Given

    @property
    def base(self) -> str:
        """Return the parameter set as the text that rows share."""
        return self.given.base

    @property
    def ranges(self) -> tuple[Range, ...]:
        """Return the range of every free parameter."""
        return self.given.ranges

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Return what is calibrated on."""
        return self.given.claims

    def identity(self) -> dict[str, Any]:
        """Return everything that the fit depends on; more trials or generations continue the same fit.

        Raises
        ------
        InputError
            What fits is not installed.
        """
        asked = self.calibration
        own = {name: getattr(asked, name) for name in ("posterior_of", "population", "scale", "seed")}
        try:
            return self.given.identity() | own | {"samplers": [metadata.version(name) for name in SAMPLERS]}
        except metadata.PackageNotFoundError as error:
            raise InputError(f"a fit needs {error.name}: pip install 'abm[fit]'") from None

    def theta(self, shares: Shares) -> dict[str, Any]:
        """Return the changes of the parameter set at a place in the unit cube."""
        return {own.path: own.value(shares[own.path]) for own in self.ranges if own.path in shares}

    def start(self) -> dict[str, float]:
        """Return where the parameter set itself lies in the ranges, moved inside them."""
        data, found = json.loads(self.base), {}
        for own in self.ranges:
            keys = tuple(int(key) if key.isdecimal() else key for key in own.path.split("."))
            value = value_at(data, keys)
            number = float(str(value).split()[0]) if value is not None else own.number(0.5)
            lo, hi, x = (math.log(v) if own.scale == "log" else v for v in (own.lo, own.hi, max(number, own.lo)))
            found[own.path] = min(1.0, max(0.0, (x - lo) / (hi - lo)))
        return found

    def observed(self) -> Summaries:
        """Return the published values."""
        return {claim.id: claim.observed for claim in self.claims}

    def spread(self) -> Summaries:
        """Return the published spreads as standard deviations."""
        return {claim.id: max(claim.sd, TINY_RANGE * abs(claim.observed), 1e-9) for claim in self.claims}


def load_calibration(path: Path, sets: tuple[str, ...] = ()) -> Problem:
    """Read a calibration file; the parameter set it names is relative to it.

    Raises
    ------
    InputError
        All faults of the file, a claim that may not be calibrated on, or something free that changes nothing.
    """
    calibration, given = read(path, sets, Calibration, "free")
    problem = Problem(calibration, given)
    idle = {own.path: why for own in given.ranges if (why := _why_idle(problem, own.path))}
    if idle:
        allowed = "parameters of the model that the claims leave open"
        raise InputError(*(given.document.fault(("free", path), why, allowed) for path, why in idle.items()))
    return problem


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


def model(problem: Problem, lab: Lab, fixed: Shares | None = None) -> Simulate:
    """Return the function from a place in the unit cube and a seed to the claims' values.

    Parameters
    ----------
    problem : Problem
        What is calibrated.
    lab : Lab
        Where it is run.
    fixed : mapping
        Shares of the axes that a call does not name.
    """

    def simulate(shares: Shares, seed: int) -> Summaries:
        jobs = Jobs(problem.base, problem.theta({**(fixed or {}), **shares}), problem.calibration.scale)
        lab.run(lambda: jobs.of_all(problem.claims, [seed]))
        return {claim.id: jobs.measure(claim, seed, lab) for claim in problem.claims}

    return simulate


def misfit(found: Summaries, observed: Summaries, spread: Summaries) -> float:
    """Return the sum of squared distances in published standard deviations."""
    parts = [(found[name] - value) / spread[name] for name, value in observed.items()]
    return math.fsum(min(FAR, abs(z)) ** 2 if math.isfinite(z) else FAR**2 for z in parts)


def fit_point(
    simulate: Simulate,
    observed: Summaries,
    spread: Summaries,
    start: Shares,
    *,
    trials: int,
    seed: int,
    flow: Flow | None = None,
) -> dict[str, Any]:
    """Find the point of least misfit by optuna's tree-structured Parzen estimator, from a start.

    Returns
    -------
    dict
        ``shares`` of the best point, its ``misfit``, and all ``trials``.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
    study.enqueue_trial(dict(start))
    flow, tried = flow or Flow(), []

    def objective(trial: optuna.Trial) -> float:
        if flow.is_stopped():
            raise Stopped
        flow.beat(len(tried), trials)
        shares = {path: trial.suggest_float(path, 0.0, 1.0) for path in start}
        tried.append({"shares": shares, "misfit": misfit(simulate(shares, seed), observed, spread)})
        return tried[-1]["misfit"]

    study.optimize(objective, n_trials=trials)
    return {**min(tried, key=lambda trial: trial["misfit"]), "trials": tried}


def fit_posterior(
    simulate: Simulate,
    observed: Summaries,
    spread: Summaries,
    paths: Sequence[str],
    *,
    population: int,
    generations: int,
    seed: int,
    flow: Flow | None = None,
) -> dict[str, Any]:
    """Sample the posterior by ABC-SMC of pyABC, uniform in the unit cube before; each call has a seed of its own.

    Returns
    -------
    dict
        ``shares``, one list per axis, their ``weights``, and the ``epsilons`` of the generations.
    """
    import pyabc

    for name in ("ABC", "ABC.History", "ABC.Distance", "ABC.Sampler"):
        logging.getLogger(name).setLevel(logging.WARNING)
    np.random.seed(seed)  # noqa: NPY002 - what pyABC draws from
    state, flow, expected = {"calls": 0}, flow or Flow(), ACCEPTED_OF * population * generations

    def call(shares: Mapping[str, float]) -> Summaries:
        if flow.is_stopped():
            raise Stopped
        state["calls"] += 1
        flow.beat(min(state["calls"], expected - 1), expected)
        return simulate({path: float(shares[path]) for path in paths}, seed * 100_003 + state["calls"])

    def distance(found: Summaries, truth: Summaries) -> float:
        return math.sqrt(misfit(found, truth, spread))

    prior = pyabc.Distribution(**{path: pyabc.RV("uniform", 0.0, 1.0) for path in paths})
    abc = pyabc.ABCSMC(call, prior, distance, population_size=population, sampler=pyabc.sampler.SingleCoreSampler())
    abc.new("sqlite://", observed)
    history = abc.run(max_nr_populations=generations)
    table, weights = history.get_distribution(m=0)
    epsilons = [float(e) for e in history.get_all_populations()["epsilon"] if math.isfinite(e)]
    return {"shares": {p: table[p].tolist() for p in paths}, "weights": list(map(float, weights)), "epsilons": epsilons}


@dataclass(frozen=True)
class Estimate:
    """One calibrated parameter in its unit: point, posterior median and 95 % interval (none of few particles)."""

    path: str
    unit: str
    lo_prior: float
    hi_prior: float
    point: float | None
    median: float | None
    lo: float | None
    hi: float | None


def estimates(problem: Problem, point: Shares | None, posterior: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return every free parameter with what the fits say of it."""
    found = []
    for own in problem.ranges:
        share = posterior["shares"].get(own.path) if posterior else None
        middle: list[float | None] = [None] * 3
        if posterior and share:
            middle = [own.number(q) for q in weighted_quantiles(share, posterior["weights"], (0.025, 0.5, 0.975))]
            if n_independent(posterior["weights"]) < FEWEST_FOR_INTERVAL:
                middle[0] = middle[2] = None
        best = own.number(point[own.path]) if point else None
        found.append(asdict(Estimate(own.path, own.unit, own.lo, own.hi, best, middle[1], middle[0], middle[2])))
    return found
