"""The four interaction hypotheses: why serum and effector cells together do not kill nearly everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hypothesis:
    """One reason why two killers kill less together than each would on its own.

    Attributes
    ----------
    words : str
        What figures and reports call it.
    off : mapping
        What switches it off, by dotted path.
    strengths : tuple of str
        The paths that set how strong it is: free only where it is on.
    strength : str
        That one of them whose range begins where the hypothesis is off.
    """

    words: str
    off: Mapping[str, Any]
    strengths: tuple[str, ...]
    strength: str


HYPOTHESES = {
    "shield": Hypothesis(
        words="C3b shield",
        off={"processes.shield": None},
        strengths=("processes.shield.max_frac", "processes.shield.c3b50_per_cell"),
        strength="processes.shield.max_frac",
    ),
    "igg": Hypothesis(
        words="IgG",
        off={"processes.igg": None},
        strengths=("processes.igg.k_uM", "processes.igg.most_fold"),
        strength="processes.igg.k_uM",
    ),
    "subset": Hypothesis(
        words="CD20-low",
        off={"populations.b_cells.low_fraction": 0.0},
        strengths=("populations.b_cells.low_fraction",),
        strength="populations.b_cells.low_fraction",
    ),
    "dheas": Hypothesis(
        words="DHEAS",
        off={"processes.potency": None},
        strengths=("processes.potency.max_effect",),
        strength="processes.potency.max_effect",
    ),
}


def strengths(names: Iterable[str] = HYPOTHESES) -> tuple[str, ...]:
    """Return the paths that set how strong hypotheses are; by default of all four."""
    return tuple(path for name in names for path in HYPOTHESES[name].strengths)


def switched_off(changes: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return changes of a set with hypotheses off; what says how strong they are goes with them."""
    found = dict(changes)
    for name in names:
        own = HYPOTHESES[name]
        found = {path: value for path, value in found.items() if path not in own.strengths} | dict(own.off)
    return found


def without(names: Iterable[str] = HYPOTHESES) -> dict[str, Any]:
    """Return what switches hypotheses off, by dotted path; by default all four."""
    return {path: value for name in names for path, value in HYPOTHESES[name].off.items()}
