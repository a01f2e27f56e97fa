"""What is a patient's own and no part of the model: days of visits, length of follow-up, what the assay shows.

Each is a pure function of seed, patient and name, the same under every protocol.
"""

import math
from typing import Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Fault
from abm.core.par import Model, par, parameter, refusal
from abm.core.rng import normal, stream_key, to_unit, words
from abm.readouts.igm_measures import BURDEN, VISCOSITY

SYMPTOMS = {"hyperviscosity": VISCOSITY, "anaemia": BURDEN}  # what they come of, as the series calls it


def chance(seed: int, replicate: int, name: str) -> float:
    """Return a uniform random number of a patient, for something that the course does not decide."""
    first = words((stream_key(seed, replicate, name), np.uint32(0)), np.uint64(0), 1)
    return float(to_unit(first[0], first[1]))


def scores(seed: int, replicate: int, name: str, n: int) -> np.ndarray:
    """Return a standard normal number for each of a patient's first n visits, shape (n,)."""
    key = (stream_key(seed, replicate, name), np.uint32(0))
    return np.array([normal(key, np.uint64(visit), 0) for visit in range(n)])


def error_factors(cv: float, scores: np.ndarray) -> np.ndarray:
    """Return what an assay with a coefficient of variation shows, relative to the truth: log-normal, median 1."""
    return np.exp(math.sqrt(math.log1p(cv**2)) * scores)


class Range(Model):
    """Between which ends a patient's own value lies; all are equally likely."""

    lo: float
    hi: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lo > self.hi:
            unit = parameter(type(self).model_fields["lo"])["unit"]
            hi, lo = (f"{end:g}{'' if unit == '1' else f' {unit}'}" for end in (self.hi, self.lo))
            raise refusal(Fault(f"{hi} is below lo, {lo}", "hi", allowed="at least lo"))
        return self

    def at(self, share: float) -> float:
        """Return the value at a share of the range."""
        return self.lo + share * (self.hi - self.lo)


class Offset(Range):
    """How much later than planned a patient makes all visits that are not weekly; earlier where it is below 0."""

    lo: float = par("0 h", "h", "design: on the day", "Least", ge=-24 * 365, le=24 * 365)
    hi: float = par("0 h", "h", "design: on the day", "Most", ge=-24 * 365, le=24 * 365)


class FollowUp(Range):
    """How long patients are followed at most, from the first visit."""

    lo: float = par(..., "h", "design: chosen per scenario", "Shortest", gt=0)
    hi: float = par(..., "h", "design: chosen per scenario", "Longest", gt=0)


class Thick(Range):
    """At which serum viscosity patients have symptoms."""

    lo: float = par(..., "cP", "design: chosen per scenario", "Lowest", gt=0, le=1000)
    hi: float = par(..., "cP", "design: chosen per scenario", "Highest", gt=0, le=1000)


class Anaemic(Range):
    """At which burden of the clone patients have anaemia."""

    lo: float = par(..., "1", "design: chosen per scenario", "Fewest cells", gt=0, le=1e15)
    hi: float = par(..., "1", "design: chosen per scenario", "Most cells", gt=0, le=1e15)


class Symptoms(Model):
    """What gives patients symptoms, each from a threshold of the patient's own; without any nobody has symptoms."""

    hyperviscosity: Thick | None = None
    anaemia: Anaemic | None = None

    def thresholds(self, seed: int, replicate: int) -> dict[str, float]:
        """Return from which level on a patient has which symptom."""
        asked = {name: own for name, own in self if name in SYMPTOMS and own is not None}
        return {name: own.at(chance(seed, replicate, name)) for name, own in asked.items()}
