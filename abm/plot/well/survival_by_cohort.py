"""Answers whether B cells added later survive as those that were there from the start."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run

ORDER = 18
TITLE = "Survival of B cells added later"
CAPTION = (
    "Living, not committed B cells over those that entered, by when they entered; bars: 95 % interval over replicates "
    "(over cells where there is one replicate). Those there from the start have been exposed for longer."
)
COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE)


def applies(run: Run) -> bool:
    """Return whether any arm got B cells later."""
    return any("cohorts" in arm for arm in run.summary().get("arms", {}).values())


def figure(run: Run) -> Figure:
    """Draw one group of points per arm, one point per cohort."""
    found = _cohorts(run)
    labels = sorted({cohort for cohorts in found.values() for cohort in cohorts}, key=int)
    fig = style.new_figure(1.5 + 0.5 * len(found))
    ax = fig.subplots()
    for k, cohort in enumerate(labels):
        for row, cohorts in enumerate(found.values()):
            if cohort in cohorts:
                value = cohorts[cohort]
                y = row + 0.22 * (k - 0.5 * (len(labels) - 1))
                colour = COLOURS[k % len(COLOURS)]
                if value["lo"] is not None:
                    ax.plot([100 * value["lo"], 100 * value["hi"]], [y, y], color=colour, linewidth=1.6)
                ax.plot(100 * value["mean"], y, "osD^"[k % 4], color=colour)
    style.dress(ax, f"B cells alive {arms.ending(run)} (%)")
    ax.set_xlim(0, 102)
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_yticks(range(len(found)), [arms.label(name) for name in found], fontsize=style.FONT_PT)
    ax.grid(visible=False, axis="y")
    ax.grid(visible=True, axis="x", color=style.FAINT, linewidth=0.6)
    keys = [style.line_key(_entered(c), COLOURS[k % 4], "osD^"[k % 4], "") for k, c in enumerate(labels)]
    style.legend_below(fig, keys)
    return fig


def seen(run: Run) -> str:
    """Return the survival of every cohort in words."""
    parts = []
    for name, cohorts in _cohorts(run).items():
        values = [f"{wording.percent(value['mean'])} {_entered(cohort)}" for cohort, value in cohorts.items()]
        parts.append(f"in {arms.quoted(name)} {wording.listing(values)}")
    return wording.sentence(f"Alive at the end: {'; '.join(parts)}")


def _entered(cohort: str) -> str:
    return "of those there from the start" if cohort == "0" else f"of addition {cohort}"


def _cohorts(run: Run) -> dict[str, dict[str, dict]]:
    return {name: arm["cohorts"] for name, arm in run.summary()["arms"].items() if "cohorts" in arm}
