"""Answers which published observations the model agrees with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 10
TITLE = "Published against simulated"
CAPTION = (
    "Each row is scaled to what was published: the shaded band is the published range or its 95 % interval, the open "
    "diamond the published value. Dots: the model’s mean over seeds with its 95 % interval (Student’s t; where it "
    "would leave 0–100 %, on the logit scale); what lies further out is drawn at the edge with an arrow."
)
LOOKS = {
    "fit": (style.BLUE, "o"),
    "decide": (style.ORANGE, "s"),
    "goal": (style.GREEN, "^"),
    "prediction": (style.PURPLE, "D"),
}
LEFT, RIGHT = -1.0, 2.0
Score = Mapping[str, Any]


def applies(found: Found) -> bool:
    """Return whether claims were scored."""
    return found.kind == "scores"


def figure(found: Found) -> Figure:
    """Draw one row per claim."""
    scores = found["claims"]
    fig = style.new_figure(1.0 + 0.29 * len(scores))
    ax = fig.subplots()
    ax.axvspan(0.0, 1.0, color=style.GREY, alpha=0.16, linewidth=0)
    for row, score in enumerate(reversed(scores)):
        _draw(ax, row, score)
    style.dress(ax, "published range: 0 its lower, 1 its upper end")
    ax.set_yticks(range(len(scores)), [_name(score) for score in reversed(scores)])
    ax.set_xlim(LEFT - 0.1, RIGHT + 0.1)
    ax.grid(visible=False)
    right = ax.secondary_yaxis("right")
    right.set_yticks(range(len(scores)), [_numbers(score) for score in reversed(scores)])
    right.tick_params(labelsize=style.SMALL_PT, length=0, labelcolor=style.INK)
    right.spines["right"].set_visible(False)
    roles = [role for role in LOOKS if any(score["role"] == role for score in scores)]
    keys = [style.line_key(role, *LOOKS[role], "") for role in roles]
    style.legend_below(fig, [*keys, style.area_key("published range", style.GREY, 0.3)])
    return fig


def seen(found: Found) -> str:
    """Return how many claims hold and name those that do not."""
    scores = found["claims"]
    missed = [score["id"] for score in scores if not score["holds"]]
    text = f"{len(scores) - len(missed)} of {len(scores)} claims hold"
    return wording.sentence(f"{text}; not {wording.listing(missed)}" if missed else text)


def _draw(ax: Any, row: int, score: Score) -> None:
    colour, marker = LOOKS[score["role"]]
    span = (score["hi"] - score["lo"]) or 1.0

    def place(value: float) -> float:
        return min(RIGHT, max(LEFT, (value - score["lo"]) / span))

    ax.plot(place(score["observed"]), row, "D", markerfacecolor="none", color=style.INK, markersize=5)
    if score["simulated"] is None:
        return
    lo, hi = (place(v) if v is not None else place(score["simulated"]) for v in score["interval"])
    ax.hlines(row, lo, hi, color=colour, linewidth=1.6)
    x = place(score["simulated"])
    edge = {LEFT: "<", RIGHT: ">"}.get(x, marker)
    ax.plot(x, row, edge, color=colour, markersize=5)


def _name(score: Score) -> str:
    return f"{'✓' if score['holds'] else '✗'} {score['id']}"


def _numbers(score: Score) -> str:
    return f"{wording.number(score['simulated'])} / {wording.number(score['observed'])} {score['unit']}".removesuffix(
        " 1"
    )
