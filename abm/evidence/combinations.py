"""Every combination of hypotheses: the evidence of the papers for it, and draws of what it leaves free.

*Model*: a hypothesis that is off has strength 0, and nothing else that is its own is free; the others keep the ranges
of the calibration. Evidence and draws come from nested sampling on the emulators, one combination a job.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from abm.core.errors import InputError, RunFailed
from abm.evidence.claim import chosen
from abm.evidence.emulation import as_json, from_json
from abm.evidence.fit import Problem
from abm.evidence.hypotheses import HYPOTHESES, strengths
from abm.evidence.lab import Lab
from abm.evidence.posterior import Literature, sample, shown
from abm.inference.emulators import Emulators
from abm.inference.likelihood import Array
from abm.study.jobs import Flow


def combinations() -> Iterator[tuple[str, ...]]:
    """Yield every combination of hypotheses, those of fewer first."""
    for size in range(len(HYPOTHESES) + 1):
        yield from itertools.combinations(HYPOTHESES, size)


def name_of(on: Sequence[str]) -> str:
    """Return what a combination is called."""
    return " + ".join(on) or "none"


@dataclass(frozen=True)
class Sampled:
    """What one combination makes of the papers.

    Attributes
    ----------
    on : tuple of str
        Hypotheses that are on.
    log_evidence, error : float
        Of the papers' claims: natural logarithm with its standard deviation.
    points : array, shape (draws, dimensions)
        Draws of equal weight in the whole unit cube; what is off is 0.
    """

    on: tuple[str, ...]
    log_evidence: float
    error: float
    points: Array


@dataclass(frozen=True)
class Sampling:
    """The work of sampling a combination or variant; ``emulators`` is their arrays as JSON, so that they travel."""

    on: tuple[str, ...]
    claims: tuple[str, ...]
    emulators: str
    free: tuple[int, ...]
    live: int
    draws: int
    seed: int

    @property
    def label(self) -> str:
        """Name it in messages."""
        return f"sampling of {name_of(self.on)}"

    def to_json(self) -> str:
        """Return the job as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""
        own = json.loads(text)
        return cls(**own | {name: tuple(own[name]) for name in ("on", "claims", "free")})

    def run(self, flow: Flow) -> dict[str, Any]:
        """Sample, and return evidence, error and draws; on one thread, so that it is the same anywhere.

        Raises
        ------
        Stopped
            Asked to stop; it is to be sampled again.
        """
        from threadpoolctl import threadpool_limits

        emulators, literature = from_json(json.loads(self.emulators)), Literature.of(chosen(self.claims))
        with threadpool_limits(1):
            progress = shown(flow.beat, flow.is_stopped)
            found = sample(literature, emulators, self.live, self.seed, progress, np.array(self.free, dtype=int))
        points = np.zeros((self.draws, emulators.parts[0].x.shape[1]))
        points[:, list(self.free)] = found.equal(self.draws, self.seed)
        return {"log_evidence": found.log_evidence, "error": found.log_evidence_error, "points": points.tolist()}


def samplings(problem: Problem, emulators: Emulators, live: int, draws: int) -> list[Sampling]:
    """Return the work of every combination under emulators of the calibration's claims."""
    asked = problem.calibration
    text = json.dumps(as_json(emulators))
    claims = tuple(claim.id for claim in problem.claims)
    return [Sampling(on, claims, text, free_of(problem, on), live, draws, asked.seed) for on in combinations()]


def free_of(problem: Problem, on: Sequence[str]) -> tuple[int, ...]:
    """Return which ranges of a calibration are free where some hypotheses are on: none that is another's own."""
    off = strengths(name for name in HYPOTHESES if name not in on)
    return tuple(place for place, own in enumerate(problem.ranges) if own.path not in off)


def sampled(jobs: Sequence[Sampling], lab: Lab) -> list[Sampled]:
    """Sample combinations side by side.

    Raises
    ------
    InputError, RunFailed
        One of them could not be sampled.
    Stopped
        The monitor asked to stop; all are sampled again.
    """
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    lab.monitor.begin(lab.folder.path, len(jobs))
    for outcome in lab.engine(iter(jobs), lab.monitor):
        if outcome.event != "done":
            kind = InputError if outcome.event == "refused" else RunFailed
            raise kind(f"{outcome.job.label}: {outcome.content}")
        found[outcome.job.on] = outcome.content
    each = [(job.on, found[job.on]) for job in jobs]
    return [Sampled(on, own["log_evidence"], own["error"], np.array(own["points"])) for on, own in each]
