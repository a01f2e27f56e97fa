"""A column of the series as it is drawn, in a report as in the live page: its title, colour and line.

What the column is, its unit and the factor to what a reader sees is the run's to say, by its measures.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from abm.plot.page import style

DASHES = SOLID, DASHED, DASH_DOT, DOTTED = "-", "--", "-.", ":"


@dataclass(frozen=True)
class Panel:
    """A column and how it looks; of those drawn together each has its own colour, or where arms have colours its line.

    Attributes
    ----------
    column : str
        Of the series.
    title : str
        Above its axes, or beside its line in a legend.
    colour, dash : str
        Of its area or line.
    """

    column: str
    title: str
    colour: str = style.INK
    dash: str = SOLID

    def area_key(self) -> Patch:
        """Return its legend entry where it is an area."""
        return style.area_key(self.title, self.colour)

    def line_key(self) -> Line2D:
        """Return its legend entry where it is a line."""
        return style.line_key(self.title, self.colour, style=self.dash)
