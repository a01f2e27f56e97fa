"""Which papers cannot be true together: the best that one place does for both against the best for each alone.

*Model*: for papers a and b the log ratio ``max(l_a + l_b) - max(l_a) - max(l_b)`` over the unit cube, 0 at most. The
likelihoods have no discrepancy, which would hide what is looked for, but the error of the emulators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from abm.inference.likelihood import Array
from abm.inference.paper import Paper, Papers

LogLikelihood = Callable[[Array], Array]

CONTRADICTS = -math.log(20.0)  # assumed: 1 to 20 is strong; the 5 % level where papers disagree in two directions
N_STARTS = 2  # design: of the climb, beside the best place of either paper
STEP = 1e-3  # design: of differences, a fiftieth of the shortest length of an emulator
PRECISION = 1e-9  # design: of the climb, as a share of the log likelihood


def strict(paper: Paper, at: Callable[[Array], tuple[Array, Array]]) -> LogLikelihood:
    """Return the log likelihood of a paper without discrepancy, of places of shape (points, dimensions).

    Parameters
    ----------
    paper : Paper
        Its claims.
    at : callable
        From places to the means and standard deviations of its claims, each of shape (points, claims).
    """
    own = Papers((replace(paper, tau_scale=0.0),))
    return lambda places: own.log_likelihood(*at(places))[:, 0]


def log_ratios(papers: Sequence[LogLikelihood], candidates: ArrayLike) -> Array:
    """Return the log ratio of every pair of papers, shape (papers, papers); 0 on the diagonal.

    Parameters
    ----------
    papers : sequence of callable
        Log likelihood of each, as of :func:`strict`.
    candidates : array, shape (points, dimensions)
        Places of the unit cube among which the best are climbed from.
    """
    places = np.asarray(candidates, dtype=float)
    at = np.stack([one(places) for one in papers], axis=1)
    tops = [_climb(one, _best(places, own)) for one, own in zip(papers, at.T, strict=True)]
    alone, both = np.array([value for _, value in tops]), np.zeros((len(papers), len(papers)))
    for a, b in combinations(range(len(papers)), 2):
        starts = np.vstack([_best(places, at[:, a] + at[:, b]), tops[a][0], tops[b][0]])
        top, both[a, b] = _climb(lambda x, a=a, b=b: papers[a](x) + papers[b](x), starts)
        alone[[a, b]] = np.maximum(alone[[a, b]], [papers[a](top[None])[0], papers[b](top[None])[0]])
    ratios = np.triu(both - alone[:, None] - alone, 1)
    return ratios + ratios.T


def _best(places: Array, log_likelihood: Array) -> Array:
    return places[np.argsort(-log_likelihood, kind="stable")[:N_STARTS]]


def _climb(log_likelihood: LogLikelihood, starts: Array) -> tuple[Array, float]:
    """Return the highest place of the unit cube that is reached from some, and the log likelihood there."""
    from scipy.optimize import minimize

    def fallen(x: Array) -> tuple[float, Array]:
        ends = np.clip(x + STEP * np.vstack([np.eye(x.size), -np.eye(x.size)]), 0.0, 1.0)
        own, *found = log_likelihood(np.vstack([x, ends]))
        up, down = np.reshape(found, (2, -1))
        return -own, (down - up) / (np.diag(ends[: x.size]) - np.diag(ends[x.size :]))

    options = {"ftol": PRECISION}
    tried = [
        minimize(fallen, x, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * x.size, options=options) for x in starts
    ]
    top = min(tried, key=lambda one: one.fun)
    return top.x, -float(top.fun)
