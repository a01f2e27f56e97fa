"""Answers how many B cells survive in each arm, and whether it is the 15–25 % that the assay leaves."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms, draws, published
from abm.plot.page import style, wording
from abm.results.run import Run
from abm.statistics.intervals import NO_INTERVAL, Interval, of_ratio, of_share

ORDER = 10
TITLE = "Survival by arm"
CAPTION = (
    "Filled: living, not committed B cells over those of the arm’s own control without antibody, with the 95 % "
    "interval over replicates (over cells where there is one replicate); small dots: single replicates; hollow: the "
    "control itself, over its start, as is what has no control. Shaded: 15–25 %, what the assay leaves."
)
BAND_FRAC = (0.15, 0.25)


def applies(run: Run) -> bool:
    """Return whether any arm has a survival."""
    return any(not arms.survival(run, name).empty for name in arms.treated(run))


def figure(run: Run) -> Figure:
    """Draw one row per arm, survival along the x axis."""
    names = arms.treated(run)
    fig = style.new_figure(1.5 + 0.42 * len(names))
    ax = fig.subplots()
    ax.axvspan(*(100 * edge for edge in BAND_FRAC), color=style.GREEN, alpha=0.18, linewidth=0)
    for row, name in enumerate(names):
        _draw_arm(ax, run, name, row)
    style.dress(ax, f"B cells alive {arms.ending(run)} (%)")
    ax.set_xlim(0, 100 * max(1.02, _highest(run)))
    ax.set_ylim(len(names) - 0.5, -0.5)
    alone = arms.without_control(run) if arms.control_of(run) else []
    labels = [arms.label(name) + "\n(over its start)" * (name in alone) for name in names]
    ax.set_yticks(range(len(names)), labels, fontsize=style.FONT_PT)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.6)
    style.legend_below(fig, _keys(run))
    return fig


def seen(run: Run) -> str:
    """Return the survival of every arm in words."""
    values = {name: estimate(run, name) for name in arms.treated(run)}
    if len(values) > 4:
        order = sorted(values, key=lambda name: values[name].mean)
        ends = [f"{wording.percent(values[name].mean)} in {arms.quoted(name)}" for name in (order[0], order[-1])]
        text = f"{arms.ending(run)} survival lies between {wording.listing(ends)}"
    else:
        parts = [f"{wording.percent_interval(*value)} in {arms.quoted(name)}" for name, value in values.items()]
        text = f"{arms.ending(run)} the survivors are {wording.listing(parts)}"
    inside = sum(BAND_FRAC[0] <= value.mean <= BAND_FRAC[1] for value in values.values())
    alone = arms.without_control(run) if arms.control_of(run) else []
    of_start = f" ({wording.listing(list(map(arms.quoted, alone)))}: over the start, no control)" if alone else ""
    return wording.sentence(f"{text}{of_start}; {inside} of {len(values)} arms between 15 and 25 %")


def estimate(run: Run, arm: str, key: str = "survival") -> Interval:
    """Return mean and interval from the summary, or else from the series; of no width where there is no interval.

    The survival of an arm without control is that over its start.
    """
    key = arms.survival_name(run, arm) if key == "survival" else key
    found = run.summary().get("arms", {}).get(arm, {}).get(key)
    if isinstance(found, dict) and isinstance(found.get("mean"), (int, float)):
        mid = Interval(*(np.array(found.get(part), dtype=float) for part in Interval._fields))
    else:
        values = _replicates(run, arm, key)
        mid = NO_INTERVAL if not values.size else of_ratio(values) if key == "survival" else of_share(values)
    ends = (np.where(np.isnan(end), mid.mean, end) for end in (mid.lo, mid.hi))
    return Interval(mid.mean, *ends)


def _replicates(run: Run, arm: str, key: str) -> np.ndarray:
    if key == "survival":
        return arms.survival(run, arm).to_numpy()
    owners = {"survival_raw": arm, "control": arms.control_of(run).get(arm)}
    owner = owners.get(key)
    return arms.survival_raw(run, owner).to_numpy() if owner else np.empty(0)


def _draw_arm(ax: Axes, run: Run, name: str, row: int) -> None:
    look = arms.looks(run)[name]
    mid, control = estimate(run, name), estimate(run, name, "control")
    if over := draws.survival(run, name):
        x = np.array([100 * over["lo"], 100 * over["hi"]])
        draws.shade(ax, draws.Band(x, np.full(2, row - 0.16), np.full(2, row + 0.16)), look.colour)
    single = 100 * _replicates(run, name, "survival")
    if single.size > 1:
        ax.plot(single, np.full(single.size, row + 0.26), ".", color=look.colour, markersize=3.5, alpha=0.8)
    for value, fill in ((mid, look.colour), (control, "white")):
        if math.isfinite(value.mean):
            ends = [[100.0 * float(end)] for end in value.reach()]
            ax.errorbar(100 * value.mean, row, xerr=ends, fmt=look.marker, color=look.colour, markerfacecolor=fill,
                        markersize=6.5, elinewidth=1.4, capsize=3)  # fmt: skip
    for one in published.observations(run, arms.survival_name(run, name)):
        if one.arm == name:
            published.draw(ax, one.times(100.0), row + 0.26, is_row=True)
    place = "right" if mid.mean > 0.85 else "left" if mid.mean < 0.12 else "center"
    if math.isfinite(mid.mean):
        ax.annotate(wording.percent_interval(*mid), (100 * mid.mean, row), xytext=(0, 8), textcoords="offset points",
                    ha=place, fontsize=style.SMALL_PT, color=style.INK)  # fmt: skip


def _highest(run: Run) -> float:
    ends = [estimate(run, name, key).hi for name in arms.treated(run) for key in ("survival", "control")]
    ends += [over["hi"] for name in arms.treated(run) if (over := draws.survival(run, name))]
    return max((float(end) for end in ends if math.isfinite(end)), default=1.0)


def _keys(run: Run) -> list:
    single = [style.line_key(f"single {arms.word(run)}", style.INK, ".", "")] if arms.n_replicates(run) > 1 else []
    hollow = [style.line_key("control without antibody", style.INK, "o", "")] if arms.control_of(run) else []
    for key in hollow:
        key.set_markerfacecolor("white")
    return [
        style.line_key(f"arm, % of {arms.share_of(run, arms.treated(run))}", style.INK, "o", ""),
        *single,
        *hollow,
        style.area_key("15–25 %", style.GREEN, 0.18),
        *draws.keys(run),
    ]
