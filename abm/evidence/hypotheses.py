"""The four interaction hypotheses: why serum and effector cells together do not kill nearly everything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from abm.study.design import Axis


@dataclass(frozen=True)
class Hypothesis:
    """One reason why two killers kill less together than each would on its own.

    Attributes
    ----------
    words : str
        What figures and reports call it.
    off : mapping
        What switches it off, by dotted path.
    strengths : mapping of str to Axis
        The paths that set how strong it is, each with its range.
    strength : str
        That one of them whose range begins where the hypothesis is off.
    """

    words: str
    off: Mapping[str, Any]
    strengths: Mapping[str, Axis]
    strength: str


HYPOTHESES = {
    "shield": Hypothesis(
        words="C3b shield",
        off={"processes.shield": None},
        strengths={
            "processes.shield.max_frac": Axis(lo=0.5, hi=1.0),  # assumed
            "processes.shield.c3b50_per_cell": Axis(lo=1e4, hi=2e5, scale="log"),  # assumed
        },
        strength="processes.shield.max_frac",
    ),
    "igg": Hypothesis(
        words="IgG",
        off={"processes.igg": None},
        strengths={"processes.igg.k_uM": Axis(lo=0.2, hi=0.5, scale="log")},  # assumed: K of IgG for V/V donors
        strength="processes.igg.k_uM",
    ),
    "subset": Hypothesis(
        words="CD20-low",
        off={"populations.b_cells.low_fraction": 0.0},
        strengths={"populations.b_cells.low_fraction": Axis(lo=0.05, hi=0.15)},  # assumed: 5-15 % of the clone
        strength="populations.b_cells.low_fraction",
    ),
    "dheas": Hypothesis(
        words="DHEAS",
        off={"processes.potency": None},
        strengths={"processes.potency.max_effect": Axis(lo=0.0, hi=0.6)},  # assumed
        strength="processes.potency.max_effect",
    ),
}


def strengths(names: Iterable[str] = HYPOTHESES) -> dict[str, Axis]:
    """Return the paths, with their ranges, that set how strong hypotheses are; by default of all four."""
    return {path: axis for name in names for path, axis in HYPOTHESES[name].strengths.items()}


def without(names: Iterable[str] = HYPOTHESES) -> dict[str, Any]:
    """Return what switches hypotheses off, by dotted path; by default all four."""
    return {path: value for name in names for path, value in HYPOTHESES[name].off.items()}
