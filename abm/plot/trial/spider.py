"""Answers how differently patients respond: each one's percent change of IgM over time."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.plot import published
from abm.plot.arms import quoted
from abm.plot.page import style, wording
from abm.plot.trial import curves, responses
from abm.plot.trial.trial import IGM, NOT_OBSERVED, Trial

ORDER = 30
TITLE = "Spider plot"
CAPTION = (
    "One line per patient: percent change of serum IgM from baseline, coloured by the best response. Dashed: the falls "
    "that make a response minor, partial and very good. Of more than 100 patients the first 100."
)
POINTS = "lines are true, points what the assay showed at visits, each relative to its own first one"
MOST_PATIENTS = 100


def applies(trial: Trial) -> bool:
    """Return whether the trial measured IgM."""
    return trial.has(IGM) and any(map(trial.has_change, trial.protocols))


def figure(trial: Trial) -> Figure:
    """Draw a panel per protocol."""
    n = len(trial.protocols)
    fig = style.new_figure(3.6 if n < 3 else 0.8 + 2.7 * -(-n // 2))
    axes = style.panels(fig, n, 2)
    for ax, protocol in zip(axes, trial.protocols, strict=True):
        _draw(ax, trial, protocol)
        style.dress(ax, trial.clock.label, responses.CHANGE_LABEL, trial.looks[protocol].label if n > 1 else "")
        trial.clock.mark(ax.xaxis, trial.end_d)
        responses.write_minus(ax.yaxis)
    axes[0].set_ylim(bottom=min(-100.0, axes[0].get_ylim()[0]))  # of all, once all are drawn
    style.outer_labels(axes, min(n, 2), trial.clock.label, responses.CHANGE_LABEL)
    keys = responses.keys(trial.end_points["response"])
    if trial.has_error:
        keys += [style.line_key("true", style.INK), style.line_key("seen at a visit", style.INK, ".", "")]
    style.legend_below(fig, keys)
    return fig


def seen(trial: Trial) -> str:
    """Return the median change and its spread at the end of every protocol."""
    parts = [_told(trial, protocol) for protocol in trial.protocols[:4]]
    return wording.sentence("; ".join(parts + [POINTS] * trial.has_error))


def observed_percent(trial: Trial, protocol: str) -> list[published.Observation]:
    """Return observed IgM as percent change from the first of the same patient, of those seen at the start."""
    found = published.course(trial.run, IGM, protocol)
    first = {one.group: one.value for one in reversed(found) if one.group and one.time_h <= 0.0 < one.value}
    return [one.times(100.0 / first[one.group]).plus(-100.0) for one in found if one.group in first]


def _told(trial: Trial, protocol: str) -> str:
    last = trial.change_percent(protocol).ffill().iloc[-1]
    where = f" in {quoted(protocol)}" if len(trial.protocols) > 1 else ""
    if last.isna().all():
        return f"a change of IgM was {NOT_OBSERVED}{where}"
    if trial.is_single:
        return f"the patient’s IgM has changed by {wording.decimal(last.iloc[0], 0)} % at the last look{where}"
    lo, mid, hi = (wording.decimal(last.quantile(q), 0) for q in (curves.BAND[0], 0.5, curves.BAND[1]))
    return f"at the last look IgM has changed by a median of {mid} % (middle 90 % of patients: {lo} to {hi} %){where}"


def _draw(ax: Axes, trial: Trial, protocol: str) -> None:
    change = trial.change_percent(protocol).iloc[:, :MOST_PATIENTS]
    best = trial.outcomes(protocol)["response"]
    x, width = trial.clock.of(change.index), 1.6 if trial.is_single else 0.7
    responses.draw_falls(ax, trial.falls_percent)
    for patient in change:
        ax.plot(x, change[patient], color=responses.grade(best[patient]).colour, linewidth=width, alpha=0.85)
    if trial.has_error:
        _draw_seen(ax, trial, protocol, list(change))
    published.draw_course(ax, observed_percent(trial, protocol), trial.clock.at)


def _draw_seen(ax: Axes, trial: Trial, protocol: str, patients: Sequence[int]) -> None:
    """Draw what was seen at the visits, the lines behind it pale where there are many."""
    seen, best = trial.seen_percent(protocol), trial.outcomes(protocol)["response"]
    for line in ax.lines[-len(patients) :]:
        line.set_alpha(0.85 if trial.is_single else 0.45)
    size = 5.0 if trial.is_single else 2.8
    for patient in patients:
        own = seen.loc[[patient]]
        colour = responses.grade(best[patient]).colour
        ax.plot(trial.clock.of(own["time_d"]), own["percent"], ".", color=colour, markersize=size, markeredgewidth=0)
