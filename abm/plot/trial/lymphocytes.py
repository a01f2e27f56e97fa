"""Answers when the lymphocytes that leave the tissue are gone again, and who comes back."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.page.panel import Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import Trial

ORDER = 12
TITLE = "Lymphocytes in blood"
CAPTION = (
    "Median over patients (or the one patient) and the band that holds 90 % of them; thin: up to 30 of the patients. A "
    "BTK inhibitor empties the lymph nodes into the blood: the early rise is no progression. Dotted: the count below "
    "which none is progression."
)
PANEL = Panel("lymphocytes_per_nL", TITLE)
COLUMN, HALF_A_YEAR_D, N_EACH = PANEL.column, 183.0, 30
LOWEST_PER_NL = 0.01  # design: fewer than anybody counts


def applies(trial: Trial) -> bool:
    """Return whether lymphocytes were counted."""
    return trial.has(COLUMN)


def figure(trial: Trial) -> Figure:
    """Draw a line and a band per protocol on a log axis."""
    fig, panels = curves.layout(trial)
    for ax, protocols in panels:
        for protocol in protocols:
            curves.draw(ax, trial, protocol, COLUMN, is_log=True)
            curves.draw_each(ax, trial, protocol, COLUMN, N_EACH // len(protocols))
        ax.axhline(trial.rule("least_per_nL"), color=style.GREY, linewidth=0.9, linestyle=":")
        curves.finish(ax, trial, protocols, "" if curves.is_split(trial) else trial.label(COLUMN))
        ax.set_ylim(bottom=max(LOWEST_PER_NL, ax.get_ylim()[0]))
        style.log_axis(ax.yaxis)
    curves.name_outer_axes(trial, [ax for ax, _ in panels], trial.label(COLUMN))
    style.legend_below(fig, curves.keys(trial))
    return fig


def seen(trial: Trial) -> str:
    """Return height and end of the rise and the lowest count of every protocol."""
    return wording.sentence("; ".join(_told(trial, protocol) for protocol in trial.protocols[:4]))


def _told(trial: Trial, protocol: str) -> str:
    median = trial.table(protocol, COLUMN).median(axis=1)
    where = f"in {quoted(protocol)} " if len(trial.protocols) > 1 else ""
    if not median.iloc[0] > 0:
        return f"{where}there are no lymphocytes"
    early = median.loc[:HALF_A_YEAR_D]
    peak, rise = early.idxmax(), early.max() / median.iloc[0]
    after = median.loc[peak:]
    back = after[after <= median.iloc[0]]
    text = f"{where}lymphocytes start at {wording.number(median.iloc[0])} per nL"
    if rise > 1.05 and len(back):
        text += (
            f", rise {wording.number(rise, 2)}-fold within {trial.clock.words(peak)} and are back at "
            f"{trial.clock.words(back.index[0])}"
        )
    return f"{text}; lowest {wording.number(median.min(), 2)} per nL"
