"""What the colours of a map stand for: a cell's state, a number that its kind shows, or a field below the cells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from abm.core.cell_type import CellType, Shown
from abm.plot.page import style

STATES = {"target": "fate", "effector": "engaged"}  # by role, what colours say unless asked for a number
COLOURS = {"target": "viridis", "effector": "plasma"}
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Scale:
    """What a colour stands for, always the same range, so that moments can be compared."""

    label: str
    unit: str
    lo: float
    hi: float
    is_log: bool = False
    colours: str = "viridis"

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return where values lie in the range, 0 to 1."""
        low, high = (np.log(self.lo), np.log(self.hi)) if self.is_log else (self.lo, self.hi)
        inside = np.clip(values, self.lo, self.hi)
        return ((np.log(inside) if self.is_log else inside) - low) / (high - low)

    def table(self) -> np.ndarray:
        """Return the colours from low to high, shape (256, 3)."""
        last = 0.92 if self.colours == "viridis" else 0.6  # the brightest yellow is lost on white paper
        return (colormaps[self.colours](np.linspace(0.0, last, 256))[:, :3] * 255).astype(np.uint8)

    def paint(self, values: np.ndarray) -> np.ndarray:
        """Return the colour of each value, shape (..., 3)."""
        return self.table()[(self.shares(values) * 255).astype(np.int64)]


LAYERS = {
    "none": None,
    "DHEAS": Scale("DHEAS", "µM", 0.0, 2.0, colours="Blues"),
    "potency": Scale("potency that DHEAS gives", "relative", 1.0, 1.6, colours="Blues"),
}


def choices(kind: CellType) -> dict[str, Shown | None]:
    """Return what cells of a kind can be coloured by: their state, then the numbers that have colours."""
    return {STATES[kind.role]: None} | {one.words: one for one in kind.shown if one.ends}


def scale_of(kind: CellType, by: str) -> Scale | None:
    """Return the scale of a choice, None of a state."""
    one = choices(kind).get(by)
    if one is None or one.ends is None:
        return None
    label = one.words if kind.role == "target" else f"{kind.word} {one.words}"
    return Scale(label, one.unit, *one.ends, one.is_log, COLOURS[kind.role])


def pairs(kinds: Mapping[str, CellType]) -> dict[str, tuple[str, str]]:
    """Return the colours of each kind of effector, free and engaged; those that are always counted come first."""
    effectors = [name for name, kind in kinds.items() if kind.role == "effector"]
    order = sorted(effectors, key=lambda name: (not kinds[name].is_always_counted, name))
    return {name: style.effector_colours(place) for place, name in enumerate(order)}


def rgb(colour: str) -> Rgb:
    """Return a colour as three bytes."""
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return red, green, blue
