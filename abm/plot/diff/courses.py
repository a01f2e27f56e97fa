"""Time courses of two runs in one picture: A solid and blue, B dashed and vermilion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.diff.found import Diff
from abm.plot.page import style, wording
from abm.plot.tables import Tables
from abm.plot.trial.clock import HOURS_PER_DAY, clock_for
from abm.results.declared import Measure, declared
from abm.statistics.intervals import of_mean, of_percent

MOST = 12  # design: panels that can still be read
N_COLS = 3
BAND = (0.05, 0.95)
LOOKS = ((style.BLUE, "-"), (style.VERMILION, style.DASH))
OF_WELLS = "Mean over replicates, shaded its 95 % interval"
OF_PATIENTS = "Median over patients, shaded the middle 90 % of them"


@dataclass(frozen=True)
class Panel:
    """One column of one arm; without a column the share of B cells alive."""

    arm: str
    column: str = ""


def main_panels(diff: Diff) -> list[Panel]:
    """Return a panel for each shared arm, of what matters most in it."""
    level = str(declared(diff.b.path).get("level", "")) if diff.word == "patient" else ""
    if diff.word == "patient" and not all(level in run.series() for run in (diff.a, diff.b)):
        return []
    return [Panel(arm, level) for arm in dict.fromkeys(one.arm for one in diff.numbers)][:MOST]


def differing_panels(diff: Diff) -> list[Panel]:
    """Return a panel for each column of an arm whose end differs beyond luck."""
    columns = {*diff.a.series().columns, *diff.b.series().columns}
    found = [one for one in diff.numbers if one.is_beyond_luck and one.measure.name in columns]
    return [Panel(one.arm, one.measure.name) for one in sorted(found, key=lambda one: one.difference.p)][:MOST]


def figure(diff: Diff, panels: Sequence[Panel]) -> Figure:
    """Draw both runs in each panel."""
    n_cols = min(N_COLS, len(panels))
    fig = style.new_figure(1.1 + 2.1 * -(-len(panels) // N_COLS))
    axes = style.panels(fig, len(panels), N_COLS, share=len({panel.column for panel in panels}) == 1)
    for ax, panel in zip(axes, panels, strict=True):
        for run, look in zip((diff.a, diff.b), LOOKS, strict=True):
            _draw(ax, run, panel, look)
        measure = _measure(diff.b, panel)
        style.dress(ax, "", measure.axis if panel.column else "B cells alive (%)", arms.label(panel.arm))
        ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    for ax in axes[-n_cols:] if len(panels) >= n_cols else axes:
        ax.set_xlabel(_clock(diff)[1], fontsize=style.FONT_PT, color=style.INK)
    names = [f"{which}: {name}" for which, name in zip("AB", names_of(diff), strict=True)]
    style.legend_below(fig, [style.line_key(name, colour, style=dashes)
                             for name, (colour, dashes) in zip(names, LOOKS, strict=True)])  # fmt: skip
    return fig


def seen(diff: Diff, panels: Sequence[Panel]) -> str:
    """Say where the two end."""
    parts = []
    for panel in panels[:4]:
        ends = [wording.number(float(mid[-1])) for run in (diff.a, diff.b) for _, mid, *_ in [_curve(run, panel)]]
        unit = "%" if not panel.column else _measure(diff.b, panel).shown
        what = f"{_measure(diff.b, panel).words} in " if panel.column else ""
        parts.append(f"{what}{arms.quoted(panel.arm)} at {ends[0]} (A) and {ends[1]} {unit} (B)".replace("  ", " "))
    return wording.sentence(f"At the end {wording.listing(parts)}")


def names_of(diff: Diff) -> list[str]:
    """Return how the runs are called: scenario and folder."""
    return [f"{run.provenance().get('scenario', '')}/{run.path.resolve().name}" for run in (diff.a, diff.b)]


def caption(diff: Diff) -> str:
    """Return what lines and bands are."""
    return f"{OF_PATIENTS if diff.word == 'patient' else OF_WELLS.replace('replicate', diff.word)}."


def _measure(run: Tables, panel: Panel) -> Measure:
    return run.measures().of(panel.column or "n_b_alive")


def _clock(diff: Diff) -> tuple[float, str]:
    """Return the hours of a unit of the time axis, and its label."""
    end_d = max(arms.end_h(run) for run in (diff.a, diff.b)) / HOURS_PER_DAY
    if diff.word != "patient":
        return 1.0, "time (h)"
    clock = clock_for(end_d)
    return clock.days * HOURS_PER_DAY, f"time ({clock.unit})"


def _draw(ax: Axes, run: Tables, panel: Panel, look: tuple[str, object]) -> None:
    time_h, mid, lo, hi = _curve(run, panel)
    hours = HOURS_PER_DAY * clock_for(arms.end_h(run) / HOURS_PER_DAY).days if run.has("end_points.csv") else 1.0
    colour, dashes = look
    ax.plot(time_h / hours, mid, color=colour, linestyle=dashes, linewidth=1.7)
    ax.fill_between(time_h / hours, lo, hi, color=colour, alpha=0.16, linewidth=0)


def _curve(run: Tables, panel: Panel) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return moments, h, the line and the ends of its band, in the unit that a reader sees."""
    if not panel.column:
        curve = arms.alive_frac(run, panel.arm)
        return curve.time_h, *of_percent(100.0 * curve.values)
    curve, factor = arms.curves(run, panel.arm, panel.column), _measure(run, panel).factor
    if not run.has("end_points.csv"):
        return curve.time_h, *of_mean(factor * curve.values)
    lo, hi = np.quantile(factor * curve.values, BAND, axis=0)
    return curve.time_h, np.median(factor * curve.values, axis=0), lo, hi
