"""Answers which papers each variant foretells better or worse."""

from __future__ import annotations

from matplotlib.figure import Figure

from abm.plot.evidence.found import Found
from abm.plot.page import style, wording

ORDER = 20
TITLE = "Papers predicted without themselves, by variant"
CAPTION = (
    "Log score of each paper under each variant, less that under the first: to the right of 0 the variant foretells "
    "the paper better than the first does, by a factor e for each unit."
)


def applies(found: Found) -> bool:
    """Return whether variants were compared, and papers left out."""
    return found.kind == "variants" and bool(found["papers"])


def figure(found: Found) -> Figure:
    """Draw a row for each paper, a mark for each variant but the first."""
    papers, names = found["papers"], [own["name"] for own in found["variants"]]
    fig = style.new_figure(1.5 + 0.34 * len(papers))
    ax = fig.subplots()
    ax.axvline(0.0, color=style.GREY, linewidth=0.9, linestyle=style.DASH)
    keys = []
    for place, name in enumerate(names[1:]):
        colour = style.ARM_COLOURS[place % len(style.ARM_COLOURS)]
        marker = style.MARKERS[place % len(style.MARKERS)]
        x = [one["log_scores"][place + 1] - one["log_scores"][0] for one in papers]
        shift = 0.5 * ((place + 1) / len(names) - 0.5)
        ax.plot(x, [y + shift for y in range(len(papers))], marker, color=colour, markersize=5.5)
        keys.append(style.line_key(name.replace("_", " "), colour, marker, ""))
    style.dress(ax, f"log score less that under {names[0].replace('_', ' ')}")
    ax.set_yticks(range(len(papers)), [one["paper"] for one in papers])
    ax.set_ylim(len(papers) - 0.5, -0.5)
    ax.grid(visible=True, axis="both", color=style.FAINT, linewidth=0.6)
    style.legend_below(fig, keys)
    return fig


def seen(found: Found) -> str:
    """Return the mean log scores."""
    parts = [f"{own['name']} {wording.decimal(own['mean_log_score'])}" for own in found["variants"]]
    return wording.sentence(f"Mean log score: {wording.listing(parts)}")
