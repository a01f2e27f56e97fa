"""What the papers say of the free parameters: posterior and evidence on emulators, held against the model itself.

*Model*: a uniform prior in the unit cube; the likelihood of each paper from its claims, with one discrepancy, and the
emulators' own error, integrated out. Draws of the posterior are run on the model; where their weights by the true
likelihood cannot be trusted, they join the design and the posterior is sampled anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from abm.evidence.claim import Claim
from abm.evidence.emulation import Runs
from abm.evidence.papers import Published, papers
from abm.inference.emulators import Emulators
from abm.inference.groups import Grouped
from abm.inference.learnt import variance_left
from abm.inference.likelihood import Array
from abm.inference.nested import STOP, Sample, nested
from abm.inference.paper import Papers
from abm.inference.reweight import LeftOut, Weights, leave_out, pit, smooth
from abm.statistics.draws import ENDS, weighted_quantiles
from abm.statistics.intervals import Interval
from abm.study.jobs import Stopped

UNDEFINED = -1e3  # design: log likelihood of a claim for which the model gives no number
PARTS = 1000  # of the bar, while a posterior is sampled


@dataclass(frozen=True)
class Literature:
    """All papers that a fit learns from.

    Attributes
    ----------
    claims : tuple of Claim
        In the order of the fit, which is that of the columns of all values.
    published : tuple of Published
        The papers.
    """

    claims: tuple[Claim, ...]
    published: tuple[Published, ...]

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> Self:
        """Return the papers of some claims.

        Raises
        ------
        InputError
            A claim has no likelihood.
        """
        return cls(tuple(claims), tuple(papers(claims).values()))

    def without(self, place: int) -> Self:
        """Return all papers but one."""
        return replace(self, published=self.published[:place] + self.published[place + 1 :])

    @cached_property
    def columns(self) -> tuple[list[int], ...]:
        """Which claims of the fit are those of each paper."""
        places = {claim.id: place for place, claim in enumerate(self.claims)}
        return tuple([places[claim.id] for claim in one.claims] for one in self.published)

    def log_likelihood(self, values: Array, sds: Array) -> Array:
        """Return the log likelihood of each paper, shape (points, papers), of values and errors of all claims.

        Where a claim has no value, its paper is as good as impossible.
        """
        order = [place for own in self.columns for place in own]
        own, sd = values[:, order], np.broadcast_to(sds, values.shape)[:, order]
        is_known = np.isfinite(own)
        found = self._together.log_likelihood(np.where(is_known, own, 0.0), sd)
        is_told = np.stack([np.isfinite(values[:, place]).all(axis=1) for place in self.columns], axis=1)
        return np.where(is_told, found, UNDEFINED)

    @cached_property
    def _together(self) -> Papers:
        return Papers(tuple(one.paper for one in self.published))


@dataclass(frozen=True)
class Drawn:
    """Draws of equal weight.

    Attributes
    ----------
    points : array, shape (draws, dimensions)
        In the unit cube.
    emulators : Emulators
        What they were drawn with.
    """

    points: Array
    emulators: Emulators | Grouped


@dataclass(frozen=True)
class Posterior(Drawn):
    """Draws of equal weight with what they are worth.

    Attributes
    ----------
    sample : Sample
        Of nested sampling, with the evidence.
    weights : Weights
        Of those draws that were run on the model: the true likelihood over the emulated one.
    runs : Runs
        All that has been run.
    """

    sample: Sample
    weights: Weights
    runs: Runs

    @property
    def log_evidence(self) -> tuple[float, float]:
        """Log evidence with its error: that on emulators, times the mean of what the model itself makes of it."""
        own, weights = self.sample, self.weights
        return own.log_evidence + weights.log_mean, float(np.hypot(own.log_evidence_error, weights.log_mean_error))


def sample(
    literature: Literature,
    emulators: Emulators | Grouped,
    n_live: int,
    seed: int,
    progress: Callable[[int, float], None],
    free: Array | None = None,
) -> Sample:
    """Sample the posterior under emulators.

    Parameters
    ----------
    literature : Literature
        The papers.
    emulators : Emulators
        Of all their claims.
    n_live, seed, progress
        As :func:`abm.inference.nested.nested` takes them.
    free : array of int, optional
        Dimensions that are free; the others are 0. By default all.
    """
    n_dim = emulators.n_dim
    own = np.arange(n_dim) if free is None else free

    def log_likelihood(place: Array) -> float:
        whole = np.zeros((1, n_dim))
        whole[0, own] = place
        return float(literature.log_likelihood(*emulators.at(whole)).sum())

    return nested(log_likelihood, own.size, seed, n_live, progress=progress)


def shown(beat: Callable[[int, int], None], is_stopped: Callable[[], bool]) -> Callable[[int, float], None]:
    """Return what shows how much of the log evidence is still missing, and stops when it is asked to."""
    most = [STOP]

    def tell(_: int, missing: float) -> None:
        if is_stopped():
            raise Stopped
        most[0] = max(most[0], missing) if np.isfinite(missing) else most[0]
        share = 1.0 - (missing - STOP) / max(most[0] - STOP, STOP) if np.isfinite(missing) else 0.0
        beat(int(min(max(share, 0.0), 1.0) * (PARTS - 1)), PARTS)

    return tell


def weigh(literature: Literature, emulators: Emulators | Grouped, own: Runs) -> Weights:
    """Return the weights that draws of a posterior have by what the model itself gave."""
    true = literature.log_likelihood(own.y, own.noise).sum(axis=1)
    return smooth(true - literature.log_likelihood(*emulators.at(own.x)).sum(axis=1))


@dataclass(frozen=True)
class LeftOutClaim:
    """A claim predicted without its paper: median and 95 % interval in its unit, and where the published number lies.

    Attributes
    ----------
    id : str
        Of the claim.
    seen : float
        Published number, as the likelihood sees it.
    predicted : Interval
        Of numbers that another laboratory would publish; ``mean`` is their median.
    pit : float
        Share of them below the published one.
    """

    id: str
    seen: float
    predicted: Interval
    pit: float

    @property
    def is_inside(self) -> bool:
        """Whether what was published lies in the interval."""
        return self.predicted.lo <= self.seen <= self.predicted.hi


@dataclass(frozen=True)
class PaperLeftOut:
    """A paper predicted by all others.

    Attributes
    ----------
    published : Published
        The paper.
    log_score : float
        Logarithm of the predictive density of what it published.
    k_hat : float
        Of the weights that make draws with it draws without it; not trusted from 0.7 on, but where there are few draws.
    is_refitted : bool
        Whether they were not trusted, and the parameters were sampled anew without it.
    discrepancy : Interval
        What its laboratory sees otherwise than the model that has been told all papers.
    left : array, shape (dimensions,)
        Share of the prior's variance of each parameter that is left without it.
    claims : tuple of LeftOutClaim
        Its numbers.
    """

    published: Published
    log_score: float
    k_hat: float
    is_refitted: bool
    discrepancy: Interval
    left: Array
    claims: tuple[LeftOutClaim, ...]

    @property
    def is_paper(self) -> bool:
        """Whether somebody published it; not what the model was built for."""
        return self.published.paper.tau_scale > 0.0


def without_each(
    literature: Literature, drawn: Drawn, sample_with: Callable[[Literature], Sample] | None, seed: int
) -> list[PaperLeftOut]:
    """Predict every paper without itself; none where it is the only one.

    Parameters
    ----------
    literature : Literature
        All papers.
    drawn : Drawn
        Draws under all of them, which weights make draws without one.
    sample_with : callable, optional
        Samples anew under some papers, where the weights cannot be trusted; without it their k-hat says so.
    seed : int
        Of what other laboratories would publish.
    """
    if len(literature.published) < 2:
        return []
    values, sds = drawn.emulators.at(drawn.points)
    each = leave_out(literature.log_likelihood(values, sds))
    return [_without(literature, place, drawn, left, sample_with, seed) for place, left in enumerate(each)]


def _without(
    literature: Literature,
    place: int,
    drawn: Drawn,
    left: LeftOut,
    sample_with: Callable[[Literature], Sample] | None,
    seed: int,
) -> PaperLeftOut:
    one, columns = literature.published[place], literature.columns[place]
    values, sds = (part[:, columns] for part in drawn.emulators.at(drawn.points))
    discrepancy, weights, score = one.paper.discrepancy(values, sds), left.weights.weights, left.log_score
    is_grouped = isinstance(drawn.emulators, Grouped)  # no draw shows a group's own values as they are without its data
    points, is_refitted = drawn.points, sample_with is not None and (is_grouped or not left.weights.is_good)
    if sample_with is not None and is_refitted:
        points = sample_with(literature.without(place)).equal(len(drawn.points), seed)
        values, sds = (part[:, columns] for part in drawn.emulators.at(points))
        weights = np.full(len(points), 1.0 / len(points))
        score = float(np.logaddexp.reduce(one.paper.log_likelihood(values, sds)) - np.log(len(points)))
    numbers = one.paper.predict(values, sds, np.random.default_rng([seed, place]))
    claims = tuple(_predicted(claim, numbers[:, i], weights) for i, claim in enumerate(one.claims))
    of_parameters = variance_left(points, weights)
    return PaperLeftOut(one, score, left.weights.k_hat, is_refitted, discrepancy, of_parameters, claims)


def _predicted(claim: Claim, numbers: Array, weights: Array) -> LeftOutClaim:
    lo, middle, hi = weighted_quantiles(numbers, weights, (ENDS[0], 0.5, ENDS[1]))
    seen = claim.likelihood.seen
    return LeftOutClaim(claim.id, seen, Interval(middle, lo, hi), pit(numbers, seen, weights))
