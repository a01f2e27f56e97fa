"""Answers how what was measured follows one parameter."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.page import style, wording
from abm.plot.studies.points import Points

ORDER = 10
TITLE = "Response curves"
CAPTION = "Mean over seeds with its 95 % interval (Student’s t), against the parameter that was varied."
MOST_GROUPS = 7
FEWEST = 3


def applies(points: Points) -> bool:
    """Return whether one number was varied, alone or beside one axis with few values."""
    return points.kind in ("factorial", "list") and bool(points.summaries) and _axes(points) is not None


def figure(points: Points) -> Figure:
    """Draw a panel per summary and in it a line for each value of the other axis."""
    x, group = _axes(points) or ("", "")
    n_cols = min(3, len(points.summaries))
    fig = style.new_figure(0.8 + 2.8 * -(-len(points.summaries) // n_cols))
    panels = style.panels(fig, len(points.summaries), n_cols, share=False)
    names: list[str] = []
    for ax, summary in zip(panels, points.summaries, strict=True):
        table = points.over_seeds(summary)
        names = list(dict.fromkeys(map(str, table[group]))) if group else [""]
        for i, name in enumerate(names):
            rows = (table.loc[table[group].map(str) == name] if group else table).sort_values(x)
            colour = style.ARM_COLOURS[i % MOST_GROUPS]
            ax.fill_between(rows[x], rows["lo"], rows["hi"], color=colour, alpha=0.2, linewidth=0)
            ax.plot(rows[x], rows["mean"], color=colour, marker=style.MARKERS[i % MOST_GROUPS], markersize=4, lw=1.5)
        if style.is_wide(table[x]):
            style.log_axis(ax.xaxis)
        style.dress(ax, points.label(x, 26), points.quantity(summary))
    if group:
        keys = [style.line_key(f"{points.label(group)} = {name}", style.ARM_COLOURS[i % 7], style.MARKERS[i % 7])
                for i, name in enumerate(names)]  # fmt: skip
        style.legend_below(fig, keys)
    return fig


def seen(points: Points) -> str:
    """Return each summary at both ends."""
    x, _ = _axes(points) or ("", "")
    parts = []
    for summary in points.summaries:
        table = points.over_seeds(summary).sort_values(x)
        ends = [
            f"{wording.number(row['mean'])} at {wording.number(row[x])}" for _, row in table.iloc[[0, -1]].iterrows()
        ]
        parts.append(f"{points.quantity(summary)} goes from {ends[0]} to {ends[1]}")
    return wording.sentence(wording.listing(parts))


def _axes(points: Points) -> tuple[str, str] | None:
    """Return the axis to draw along and the one to draw lines for."""
    if points.over_seeds(points.summaries[0])["mean"].isna().all():
        return None
    counts = {path: points.table[path].nunique() for path in points.paths}
    along = [path for path in points.numeric() if counts[path] >= FEWEST]
    if len(points.paths) == 1 and along:
        return along[0], ""
    if len(points.paths) == 2 and len(along) == 1:
        other = next(path for path in points.paths if path != along[0])
        return (along[0], other) if counts[other] <= MOST_GROUPS else None
    return None
