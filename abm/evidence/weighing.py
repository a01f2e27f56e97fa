"""How probable each combination of hypotheses is, what that hangs on, and which experiment would tell more.

*Model*: combinations are equally probable beforehand. The papers' evidence of a combination is multiplied by the mean,
over its draws, of the likelihood of what decides: the draws stay as the papers left them. Another width of the
strengths' ranges, and a paper left out, are told by the same draws.

- Width halved: the share of draws in the lower half, by the volume that is gone.
- Width doubled: only the volume that came, as if nothing were likely there.
- A paper left out: the mean over the draws of one by its likelihood, the largest smoothed (`abm.inference.reweight`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.evidence.hypotheses import HYPOTHESES
from abm.inference.emulators import Emulators
from abm.inference.information import Information, bayes_factor, expected_information, probabilities
from abm.inference.likelihood import Array
from abm.inference.reweight import leave_out
from abm.statistics.intervals import Interval, known

WIDTHS = (0.5, 2.0)  # design: of the ranges of the strengths, relative to those of the calibration
MOST_LOG = 600.0  # design: natural logarithm of a Bayes factor, far beyond which a number overflows
LEAST_PRIOR = 1e-12  # design: probability of a combination that an experiment still looks at
ENOUGH = 0.5  # design: share of what there is to tell


@dataclass(frozen=True)
class Weighed:
    """One combination and what all papers, and all that decides, say at its draws.

    Attributes
    ----------
    on : tuple of str
        Hypotheses that are on.
    log_evidence, error : float
        Of the papers together: natural logarithm with its standard deviation.
    strengths : array, shape (draws, hypotheses)
        Of the hypotheses that are on, as shares of their ranges.
    papers, decides : array, shape (draws, papers)
        Log likelihood of each paper, and of each that decides.
    """

    on: tuple[str, ...]
    log_evidence: float
    error: float
    strengths: Array
    papers: Array
    decides: Array

    def decided(self) -> tuple[float, float]:
        """Return the log evidence with what decides, and its error."""
        log_l = self.decides.sum(axis=1)
        log_mean = np.logaddexp.reduce(log_l) - np.log(log_l.size)
        error = np.exp(log_l - log_mean).std() / np.sqrt(log_l.size)
        return float(self.log_evidence + log_mean), float(np.hypot(self.error, error))

    def with_width(self, width: float) -> float:
        """Return the log evidence with what decides where the ranges of the strengths are halved or doubled."""
        volume = len(self.on) * np.log(width)
        if width >= 1.0:
            return self.decided()[0] - float(volume)
        log_l = self.decides.sum(axis=1)
        weight = np.exp(log_l - np.logaddexp.reduce(log_l))
        inside = float(weight @ (self.strengths < width).all(axis=1))
        return self.decided()[0] + float(np.log(max(inside, 0.5 / weight.size)) - volume)

    def without_paper(self, place: int) -> tuple[float, float, bool]:
        """Return the log evidence with what decides but without a paper, the k-hat of that, and whether it is good."""
        (left,) = leave_out(self.papers[:, [place]])
        log_mean = np.logaddexp.reduce(left.weights.log_weight + self.decides.sum(axis=1))
        return float(self.log_evidence - left.log_score + log_mean), left.weights.k_hat, left.weights.is_good

    def without_deciding(self, place: int) -> float:
        """Return the log evidence without one of those that decide."""
        log_l = np.delete(self.decides, place, axis=1).sum(axis=1)
        return float(self.log_evidence + np.logaddexp.reduce(log_l) - np.log(log_l.size))


@dataclass(frozen=True)
class Weighing:
    """All combinations, equally probable beforehand.

    Attributes
    ----------
    parts : tuple of Weighed
        The combinations.
    papers, decides : tuple of str
        What stands behind the columns of their likelihoods.
    seed : int
        Of the draws of the evidences within their errors.
    """

    parts: tuple[Weighed, ...]
    papers: tuple[str, ...]
    decides: tuple[str, ...]
    seed: int

    def probabilities(self) -> Interval:
        """Return the posterior probability of each combination."""
        log_p, error = np.array([part.decided() for part in self.parts]).T
        return probabilities(log_p, error, seed=self.seed)

    def combinations(self) -> list[dict[str, Any]]:
        """Return evidence and probability of each combination."""
        found = []
        for part, p, lo, hi in zip(self.parts, *self.probabilities(), strict=True):
            log_decided, error = part.decided()
            own = {"on": list(part.on), "log_evidence": part.log_evidence, "error": part.error}
            own |= {"log_decided": log_decided, "error_decided": error}
            found.append(own | {"probability": float(p), "lo": float(lo), "hi": float(hi)})
        return found

    def hypotheses(self) -> dict[str, dict[str, float]]:
        """Return how probable each hypothesis is, and its Bayes factor on against off."""
        return self._of(lambda part: part.decided()[0])

    def priors(self) -> list[dict[str, Any]]:
        """Return the same under other widths of the strengths' ranges."""
        return [{"width": own, "hypotheses": self._of(lambda part, w=own: part.with_width(w))} for own in WIDTHS]

    def without_each(self) -> list[dict[str, Any]]:
        """Return the same without each paper, and without each that decides; ``k_hat`` is the worst combination's."""
        found = []
        for place, name in enumerate(self.papers):
            each = {part.on: part.without_paper(place) for part in self.parts}
            k_hat, is_good = max(own[1] for own in each.values()), all(own[2] for own in each.values())
            own = self._of(lambda part, each=each: each[part.on][0])
            found.append({"paper": name, "k_hat": known(k_hat), "is_good": is_good, "hypotheses": own})
        for place, name in enumerate(self.decides):
            own = self._of(lambda part, place=place: part.without_deciding(place))
            found.append({"paper": name, "k_hat": None, "is_good": True, "hypotheses": own})
        return found

    def _of(self, log_evidence: Callable[[Weighed], float]) -> dict[str, dict[str, float]]:
        log_p = np.array([log_evidence(part) for part in self.parts])
        error = np.array([part.decided()[1] for part in self.parts])
        return {name: _on_against_off([name in part.on for part in self.parts], log_p, error) for name in HYPOTHESES}


def _on_against_off(is_on: Sequence[bool], log_evidence: Array, error: Array) -> dict[str, float]:
    """Return how probable a hypothesis is, and its Bayes factor averaged over what else is on."""
    on = np.asarray(is_on)
    (first, first_error), (second, second_error) = (_averaged(log_evidence[own], error[own]) for own in (on, ~on))
    gap = float(np.clip(first - second, -MOST_LOG, MOST_LOG))
    factor = bayes_factor([gap, 0.0], [first_error, second_error])
    probability = float(probabilities(log_evidence, error).mean[on].sum())
    return {"probability": probability, "bayes_factor": float(factor.mean)} | {
        "lo": float(factor.lo),
        "hi": float(factor.hi),
    }


def _averaged(log_evidence: Array, error: Array) -> tuple[float, float]:
    """Return the logarithm of the mean of evidences with its error."""
    total = np.logaddexp.reduce(log_evidence)
    share = np.exp(log_evidence - total)
    return float(total - np.log(log_evidence.size)), float(np.sqrt((share**2 * error**2).sum()))


@dataclass(frozen=True)
class Outlook:
    """What experiments would tell of the combinations, of which so much is known already.

    Attributes
    ----------
    prior : array, shape (combinations,)
        How probable each is by now.
    points : sequence of array, each of shape (draws, dimensions)
        Draws of each combination in the unit cube.
    replicates : tuple of int
        Numbers of replicates asked about.
    seed : int
        Of the emulators' errors and the outcomes.
    """

    prior: Array
    points: Sequence[Array]
    replicates: tuple[int, ...]
    seed: int

    def tell(self, emulators: Emulators | None, spread: Array) -> dict[str, Any]:
        """Return, for each arm that is emulated and for all together, the bits expected of it.

        Returns
        -------
        dict
            ``replicates``, ``most_bits`` there are to tell, ``together`` of all arms, and ``experiments``, those that
            tell most at three replicates first.
        """
        prior = np.maximum(self.prior, LEAST_PRIOR)
        share = prior / prior.sum()
        found: dict[str, Any] = {"replicates": list(self.replicates)}
        found |= {"most_bits": float(-(share * np.log2(share)).sum()), "together": None, "experiments": []}
        if emulators is None:
            return found
        rng = np.random.default_rng(self.seed)
        predicted = [rng.normal(*emulators.at(own)) for own in self.points]
        at_three = int(np.argmin(np.abs(np.array(self.replicates) - 3)))
        for place, name in enumerate(emulators.names):
            own = [part[:, [place]] for part in predicted]
            found["experiments"].append({"arm": name} | self._bits(own, spread[[place]], share))
        found["experiments"].sort(key=lambda own: -own["bits"][at_three])
        return found | {"together": self._bits(predicted, spread, share)}

    def _bits(self, predicted: Sequence[Array], spread: Array, prior: Array) -> Mapping[str, Any]:
        own: Information = expected_information(predicted, spread, self.replicates, prior, self.seed)
        return {"bits": own.bits.tolist(), "error": own.error.tolist(), "needed": own.needed(ENOUGH)}
