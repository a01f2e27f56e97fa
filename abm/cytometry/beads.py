"""From what a channel shows to molecules, by beads that carry known numbers of them.

*Model*: log10 molecules = intercept + slope log10 value, by least squares through the beads; what is not above 0 has
no logarithm and no molecules. MESF count dyes, of which an antibody carries several; ABC count antibodies.
"""

from typing import Self

import numpy as np
from pydantic import model_validator

from abm.core.errors import Fault
from abm.core.par import Model, par, refusal

FEWEST = 3  # design: two lie on any line
LINEAR = 0.98  # design: beads of one kit lie closer to their line than this R²
MOST_BEYOND = 0.01  # design: what moves a median unseen


class Beads(Model):
    """Quantitation beads, stained and measured as the cells were."""

    beads: tuple[tuple[float, float], ...] = par(
        ..., "1", "design: of the user's own kit", "Channel value and molecules of each bead, rising", gt=0
    )
    dyes_per_antibody: float = par(
        1.0, "1", "design: 1 where the table counts antibodies (ABC), not dyes (MESF)", "Dyes per antibody", gt=0, le=50
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.beads) < FEWEST:
            raise refusal(Fault(f"found {len(self.beads)} beads", "beads", allowed=f"at least {FEWEST}"))
        faults = [
            Fault(f"bead {i + 1}, {now[0]:g} with {now[1]:g} molecules, does not rise above bead {i}, {before[0]:g} "
                  f"with {before[1]:g}", f"beads.{i}", allowed="value and molecules rising from bead to bead")
            for i, (before, now) in enumerate(zip(self.beads, self.beads[1:], strict=False), start=1)
            if not (now[0] > before[0] and now[1] > before[1])
        ]  # fmt: skip
        if faults:
            raise refusal(*faults)
        return self

    @property
    def line(self) -> tuple[float, float, float]:
        """Intercept, slope and R² of the regression."""
        x, y = np.log10(np.array(self.beads)).T
        dx, dy = x - x.mean(), y - y.mean()
        slope = float((dx * dy).sum() / (dx * dx).sum())
        intercept = float(y.mean() - slope * x.mean())
        rest = y - intercept - slope * x
        return intercept, slope, 1.0 - float((rest * rest).sum() / (dy * dy).sum())

    def molecules(self, values: np.ndarray) -> np.ndarray:
        """Return molecules per cell, shape (n,)."""
        intercept, slope, _ = self.line
        found = np.zeros(values.size)
        is_seen = values > 0.0
        found[is_seen] = 10.0 ** (intercept + slope * np.log10(values[is_seen])) / self.dyes_per_antibody
        return found

    def warnings(self, values: np.ndarray) -> list[str]:
        """Return what is doubtful of these values: outside the beads, or beads off their line."""
        lowest, highest, r2 = self.beads[0][0], self.beads[-1][0], self.line[2]
        beyond = {
            f"below the lowest bead ({lowest:g})": float(((values > 0.0) & (values < lowest)).mean()),
            f"above the highest bead ({highest:g})": float((values > highest).mean()),
        }
        said = [f"{100 * share:.1f} % of the events lie {where}: extrapolated" for where, share in beyond.items()
                if share > MOST_BEYOND]  # fmt: skip
        return said + [f"the beads lie off their line (R² {r2:.3f})"] * (r2 < LINEAR)
