"""Answers which combinations of parameters the papers tell, and which they leave open."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.evidence import matrix
from abm.plot.evidence.found import Found
from abm.plot.page import wording

ORDER = 32
TITLE = "What the papers tell together, and what they cannot"
CAPTION = (
    "Rows are directions in the ranges of the parameters, independent of one another, the best known on top: on the "
    "left the share of the prior's variance that is left (beyond 100 % where parameters are driven to their ends "
    "together), in the cells how much of each parameter is in it (squares of a row add up to 1; 0.0 is not "
    "written). In their names they are products of powers where ranges are logarithmic, otherwise sums of places "
    "in the ranges. Directions with nearly the same share are not to be told apart, and may be mixed."
)
TOLD, KNOWN = 3, 0.5  # design: directions that are told, and beyond which share left none but the first is


def applies(found: Found) -> bool:
    """Return whether there are directions."""
    return bool(found.get("directions")) and len(found["directions"]) > 1


def figure(found: Found) -> Figure:
    """Draw a row for each direction and a column for each parameter."""
    rows = found["directions"]
    columns = [matrix.short(row["path"]) for row in found["estimates"]]
    names = [f"{_left(one)} left" for one in rows]
    fig = matrix.figure_for(len(rows))
    matrix.draw(fig.subplots(), [one["loadings"] for one in rows], (names, columns), (-1.0, 1.0))
    return fig


def seen(found: Found) -> str:
    """Return what is best known, what is least known, and of what nothing is."""
    rows = found["directions"]
    best = [one for place, one in enumerate(rows[:TOLD]) if not place or one["left"] < KNOWN]
    told = ", ".join(f"{one['name']} ({_left(one)} of the prior's variance left)" for one in best)
    text = f"Best known: {told}; least known: {rows[-1]['name']} ({_left(rows[-1])} left)"
    if not found["unknown"]:
        return wording.sentence(f"{text}. There is no parameter of which nothing is known")
    unknown = wording.listing([matrix.short(path) for path in found["unknown"]])
    return wording.sentence(f"{text}. Nothing is known of {unknown}, alone or together with others")


def _left(one: dict) -> str:
    return f"{100 * one['left']:.2g} %" if one["left"] < 0.1 else f"{100 * one['left']:.0f} %"
