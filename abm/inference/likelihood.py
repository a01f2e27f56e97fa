"""How a published number was measured, and how likely it therefore is where the model says something else.

The model's value comes on the scale of the likelihood's link, where its error is close to normal: a share as its
logit, a positive number as its logarithm, a correlation as Fisher's z. Every density has that error integrated out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.core.errors import Fault, InputError

Array = NDArray[np.float64]
LogDensity = Callable[[Array, Array], Array]
NEAREST = 1e-9  # design: a share that was not counted comes no nearer to 0 and 1


def to_link(link: str, value: ArrayLike, n: ArrayLike = 0.5 / NEAREST) -> Array:
    """Return a value on the scale of a link, finite also at the ends.

    Parameters
    ----------
    link : str
        ``identity``, ``log``, ``logit`` or ``fisher``: a share for ``logit``, a positive number for ``log``, a
        correlation for ``fisher``.
    value : array
        In the unit of the link.
    n : array
        Simulated subjects behind the value: none of them counts as half a subject, and all as half a subject less.
    """
    at, half = np.asarray(value, dtype=float), 0.5 / np.asarray(n, dtype=float)
    if link == "log":
        return np.log(np.maximum(at, half))
    if link == "logit":
        inside = np.clip(at, half, 1.0 - half)
        return np.log(inside / (1.0 - inside))
    return np.arctanh(np.clip(at, half - 1.0, 1.0 - half)) if link == "fisher" else at


def from_link(link: str, at: ArrayLike) -> Array:
    """Return a value from its place on the scale of a link."""
    from scipy.special import expit

    inverse = {"log": np.exp, "logit": expit, "fisher": np.tanh, "identity": np.asarray}[link]
    return inverse(np.asarray(at, dtype=float))


class Likelihood(ABC):
    """A published number with how it was measured.

    Attributes
    ----------
    link : str
        Scale on which the model's value is given.
    family : str
        Those of one are computed at once by :meth:`together`.
    unit_per_share : float
        What the claim's unit is of the link's: 100 for a share in percent.
    """

    link: ClassVar[str] = "identity"
    family: ClassVar[str] = "others"
    unit_per_share: float = 1.0

    @property
    @abstractmethod
    def seen(self) -> float:
        """Published number in the unit of the claim."""

    @property
    @abstractmethod
    def width(self) -> float:
        """Distance on the link's scale over which the density changes; a quadrature resolves it."""

    @property
    def delta_unit(self) -> float:
        """What a discrepancy of 1 is on the link's scale: 1, but one own standard deviation where the link is none."""
        return 1.0

    @abstractmethod
    def log_density(self, at: ArrayLike, sd: ArrayLike = 0.0) -> Array:
        """Return the log likelihood of what was published.

        Parameters
        ----------
        at : array
            The model's value on the link's scale.
        sd : array
            Standard deviation of its normal error there, integrated out; broadcast against `at`.
        """

    @abstractmethod
    def draw(self, at: ArrayLike, rng: np.random.Generator) -> Array:
        """Return, for each true value on the link's scale, a number as it would be published."""

    def luck(self, at: ArrayLike) -> Array:
        """Return, for each true value on the link's scale, the variance there of what such an experiment finds."""
        return np.full(np.shape(at), self.width**2)

    @classmethod
    def together(cls, claims: Sequence[Likelihood]) -> LogDensity:
        """Return the log density of claims of one family, of values and errors of shape (points, claims, ...)."""

        def log_density(at: Array, sd: Array) -> Array:
            return np.stack([claim.log_density(at[:, i], sd[:, i]) for i, claim in enumerate(claims)], axis=1)

        return log_density

    def to_link(self, value: ArrayLike, n: ArrayLike = 0.5 / NEAREST) -> Array:
        """Return a value in the unit of the claim on the link's scale; `n` as in :func:`to_link`."""
        return to_link(self.link, np.asarray(value, dtype=float) / self.unit_per_share, n)

    def from_link(self, at: ArrayLike) -> Array:
        """Return a value on the link's scale in the unit of the claim."""
        return self.unit_per_share * from_link(self.link, at)


def refuse(*checks: tuple[bool, str, str, str]) -> None:
    """Raise an input error with every check that is wrong.

    Parameters
    ----------
    *checks : tuple
        Whether it is wrong, what it is the value of, what was found and what is allowed.

    Raises
    ------
    InputError
        One fault for each that is wrong.
    """
    faults = [Fault(message, path=path, allowed=allowed) for is_wrong, path, message, allowed in checks if is_wrong]
    if faults:
        raise InputError(*faults)
