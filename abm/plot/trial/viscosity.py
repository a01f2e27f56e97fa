"""Answers whether the serum becomes too thick, and how its viscosity depends on IgM."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import IGM, Trial

ORDER = 90
TITLE = "Serum viscosity"
CAPTION = (
    "Left: median over patients and, for up to three protocols, the middle 90 % of them. Right: all looks (at most "
    "3,000 of a protocol, evenly chosen). Shaded: the normal range, 1.2–1.8 cP; dashed: 4 cP, above which symptoms "
    "become usual. The scale ends at 1,000 cP."
)
PANEL = Panel("viscosity_cP", "Serum viscosity")
COLUMN = PANEL.column
NORMAL_CP = (1.2, 1.8)
SYMPTOMS_CP = 4.0
LINEAR_TO_CP = 20.0
MOST_CP, MOST_POINTS = 1000.0, 3000


def applies(trial: Trial) -> bool:
    """Return whether the trial computed viscosity."""
    return trial.has(COLUMN, IGM)


def figure(trial: Trial) -> Figure:
    """Draw viscosity over time and against IgM, on one scale."""
    fig, has_bands = style.new_figure(3.5), not curves.is_split(trial)
    over_time, against = fig.subplots(1, 2, sharey=True)
    for ax in (over_time, against):
        ax.axhspan(*NORMAL_CP, color=style.GREEN, alpha=0.18, linewidth=0)
        ax.axhline(SYMPTOMS_CP, color=style.INK, linewidth=0.9, linestyle=style.DASH)
    for protocol in trial.protocols:
        curves.draw(over_time, trial, protocol, COLUMN, has_band=has_bands)
        _draw_points(against, trial, protocol)
    curves.finish(over_time, trial, trial.protocols, trial.label(COLUMN))
    style.dress(against, trial.label(IGM))
    if trial.series[COLUMN].max() > LINEAR_TO_CP:
        style.log_axis(over_time.yaxis)
        over_time.set_ylim(1.0, min(MOST_CP, 1.2 * float(trial.series[COLUMN].max())))
    else:
        over_time.set_ylim(bottom=0, top=max(4.4, over_time.get_ylim()[1]))
    against.set_xlim(left=0)
    style.legend_below(fig, [*curves.keys(trial, has_band=has_bands), style.area_key("normal range", style.GREEN, 0.18),
                             style.line_key("4 cP", style.INK, "", style.DASH)])  # fmt: skip
    return fig


def seen(trial: Trial) -> str:
    """Return the highest median and how many patients reach 4 cP at any look."""
    parts = []
    for name in trial.protocols[:4]:
        table = trial.table(name, COLUMN)
        start, top = (wording.number(value) for value in (table.iloc[0].median(), table.median(axis=1).max()))
        n = int((table.max() >= SYMPTOMS_CP).sum())
        reach = ("reaches" if n else "does not reach") if trial.is_single else f"{n} of {table.shape[1]} patients reach"
        where = f" in {quoted(name)}" if len(trial.protocols) > 1 else ""
        parts.append(f"starts at {start} cP, is highest at {top} cP, and {reach} 4 cP{where}")
    kind = "viscosity" if trial.is_single else "median viscosity"
    return wording.sentence(f"{kind} {'; '.join(parts)}")


def _draw_points(ax: Axes, trial: Trial, protocol: str) -> None:
    igm, cp = (trial.table(protocol, column).to_numpy().ravel() for column in (IGM, COLUMN))
    every, size = max(1, -(-igm.size // MOST_POINTS)), 4.0 if trial.is_single else 2.2
    ax.plot(igm[::every], cp[::every], ".", color=trial.looks[protocol].colour, markersize=size, alpha=0.5,
            markeredgewidth=0)  # fmt: skip
