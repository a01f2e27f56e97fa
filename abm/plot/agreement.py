"""How well what is simulated agrees with what was observed: one against the other, and what is left between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, published
from abm.plot.page import style, wording
from abm.plot.published import Observation
from abm.results.run import Run
from abm.statistics.intervals import Interval

TITLE = "Observed against simulated"
BROAD_PT, THIN_PT = 5.0, 1.0
MOST_BROAD = 12  # design: more bars, each at its own height, run into one
FEWEST, MOST_MEASURES = 3, 4  # design: of fewer nothing is seen; more panels than a page holds


@dataclass(frozen=True, eq=False)
class Pair:
    """An observation, and what is simulated at its arm and moment with its interval, in the unit that a reader sees."""

    one: Observation
    simulated: Interval

    @property
    def left(self) -> float:
        """Return the residual: observed less simulated."""
        return self.one.value - float(self.simulated.mean)

    @property
    def is_inside(self) -> bool:
        """Return whether the observed value is inside the interval of the model."""
        return bool(self.simulated.lo <= self.one.value <= self.simulated.hi)


Pairs = dict[str, list[Pair]]


def pairs(run: Run, simulate: Callable[[Observation], Interval]) -> Pairs:
    """Return the pairs by measure, of those measures that were observed often enough."""
    found: Pairs = {}
    for one in published.observed(run):
        mid = simulate(one) if np.isfinite(one.value) and not one.beside else None
        if mid is not None and np.isfinite(mid.mean):
            factor = said(run, one.of)[0]
            found.setdefault(one.of, []).append(Pair(one.times(factor), mid.times(factor)))
    often = {of: own for of, own in found.items() if len(own) >= FEWEST}
    return dict(list(often.items())[:MOST_MEASURES])


def said(run: Run, of: str) -> tuple[float, str, str]:
    """Return the factor from the number in tables to the one that a reader sees, its words and its unit."""
    share = run.measures("readouts").find(of)
    if share or of in ("survival", "survival_raw", "specific_lysis"):
        return 100.0, share.words if share else of.replace("_", " "), "%"
    column = run.measures().of(of)
    return column.factor, column.words, column.shown


def figure(run: Run, found: Pairs, place: Callable[[float], float], time_label: str) -> Figure:
    """Draw a row per measure: observed against simulated, and residuals over time, or else over what is simulated."""
    looks = arms.looks(run)
    fig = style.new_figure(0.7 + 2.7 * len(found))
    axes = fig.subplots(len(found), 2, squeeze=False)
    for (both, rest), (of, own) in zip(axes, found.items(), strict=True):
        colours = {pair: looks[pair.one.arm].colour for pair in own}
        _draw_both(both, colours)
        _, words, shown = said(run, of)
        unit = f" ({shown})" if shown else ""
        style.dress(both, f"simulated{unit}", f"observed{unit}", words)
        times = {pair: pair.one.time_h if np.isfinite(pair.one.time_h) else arms.end_h(run) for pair in own}
        is_timed = len(set(times.values())) > 1
        x = {pair: float(place(times[pair]) if is_timed else pair.simulated.mean) for pair in own}
        _draw_rest(rest, x, colours)
        style.dress(rest, time_label if is_timed else f"simulated{unit}", f"observed less simulated{unit}")
    told = dict.fromkeys(pair.one.arm for own in found.values() for pair in own)
    keys = [style.line_key(looks[arm].label, looks[arm].colour) for arm in told]
    style.legend_below(fig, [*keys, style.line_key("equal", style.GREY, style=style.DASH)])
    return fig


def seen(run: Run, found: Pairs) -> str:
    """Return how many observations of each measure are inside the model's interval, and how far they are from it."""
    parts = []
    for of, own in found.items():
        left, inside = np.array([pair.left for pair in own]), sum(pair.is_inside for pair in own)
        _, words, unit = said(run, of)
        mean, off = (f"{wording.decimal(float(n))} {unit}".rstrip() for n in (left.mean(), np.sqrt((left**2).mean())))
        text = f"of {words} {inside} of {len(own)} observations are inside the model’s interval"
        parts.append(f"{text}, observed less simulated is {mean} in the mean and {off} in root mean square")
    return wording.sentence("; ".join(parts))


def _draw_both(ax: Axes, colours: Mapping[Pair, str]) -> None:
    width_pt = BROAD_PT if len(colours) <= MOST_BROAD else THIN_PT
    for pair, colour in colours.items():
        published.draw(ax, pair.one, float(pair.simulated.mean), is_row=False, colour=colour)
        _bar(ax, (pair.simulated.lo, pair.simulated.hi), (pair.one.value, pair.one.value), colour, width_pt)
    values = [end for pair in colours for end in (pair.one.value, float(pair.simulated.mean))]
    style.draw_equality(ax, values)


def _draw_rest(ax: Axes, x: Mapping[Pair, float], colours: Mapping[Pair, str]) -> None:
    ax.axhline(0.0, color=style.GREY, linestyle=style.DASH, linewidth=1.0, zorder=1)
    for (_, at), pair in {(pair.one.arm, at): pair for pair, at in x.items()}.items():
        _bar(ax, (at, at), tuple(end - pair.simulated.mean for end in pair.simulated[1:]), colours[pair], BROAD_PT)
    for pair, at in x.items():
        published.draw(ax, pair.one.plus(-float(pair.simulated.mean)), at, is_row=False, colour=colours[pair])


def _bar(ax: Axes, x: tuple[object, object], y: tuple[object, object], colour: str, width_pt: float) -> None:
    """Draw the interval of the model, behind what was observed."""
    ax.plot(np.array(x, dtype=float), np.array(y, dtype=float), color=colour, alpha=0.3, linewidth=width_pt, zorder=2,
            solid_capstyle="butt")  # fmt: skip
