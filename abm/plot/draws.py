"""What the parameters leave open: bands over draws of a posterior behind lines, and the words that go with them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from abm.plot import arms
from abm.plot.page import style, wording
from abm.plot.page.html import Cell, Section, Table
from abm.results.declared import Measure
from abm.results.run import Run
from abm.statistics.draws import middle

DOTS = (0, (1, 1.5))
FADE = 0.10
MAIN = ("survival", "partial_or_better", "time_to_progression_d")  # told in sentences
CAPTION = (
    "Over draws: median and middle 95 %, each draw with a seed of its own. ± parameters and ± chance: halves of 95 % "
    "intervals, of shares in percentage points; chance is what {chance}, parameters are what is left of the variance "
    "over draws without it."
)
CHANCE = {"wells": "single wells differ by between {words}", "patients": "the interval over patients says"}


class Band(NamedTuple):
    """Between which ends the middle 95 % of draws lie at each moment; arrays of one shape."""

    x: NDArray[np.float64]
    lo: NDArray[np.float64]
    hi: NDArray[np.float64]

    def times(self, factor: float) -> Band:
        """Return it in another unit."""
        return Band(self.x, factor * self.lo, factor * self.hi)


def band(run: Run, arm: str, column: str) -> Band | None:
    """Return the band of a column of the series over hours; None where there are no draws of it."""
    drawn = run.draws()
    series = drawn.series() if drawn else pd.DataFrame()
    return None if column not in series else _over_draws(series.loc[series["arm"] == arm], column)


def alive_band(run: Run, arm: str) -> Band | None:
    """Return the band of the share alive."""
    drawn = run.draws()
    curve = arms.alive_frac(drawn, arm) if drawn else None
    return Band(curve.time_h, *middle(curve.values, axis=0)) if curve and curve.values.size else None


def shade(ax: Axes, found: Band | None, colour: str, step: str | None = None) -> None:
    """Draw a band, paler than that over replicates and with a dotted edge."""
    if found is None:
        return
    ax.fill_between(found.x, found.lo, found.hi, color=colour, alpha=FADE, linewidth=0, step=step)
    for end in (found.lo, found.hi):
        ax.plot(found.x, end, color=colour, linewidth=0.8, linestyle=DOTS, drawstyle=f"steps-{step}" if step else None)


def keys(run: Run) -> list[Artist]:
    """Return the legend entry of bands over draws; none where there are no draws."""
    found = _told(run)
    if not found:
        return []
    label = f"95 % of {found['of']['draws']} draws"
    return [Patch(facecolor=(*style.rgb(style.GREY), 0.2), edgecolor=style.GREY, linestyle=DOTS, label=label)]


def number(run: Run, arm: str, name: str) -> dict[str, Any] | None:
    """Return what the draws say of a number of the summary; None where they say nothing."""
    found = (_told(run).get("arms", {}).get(arm) or {}).get(name)
    return found if found and found["lo"] is not None else None


def survival(run: Run, arm: str) -> dict[str, Any] | None:
    """Return what the draws say of an arm's survival; of an arm without control, over its start."""
    return number(run, arm, arms.survival_name(run, arm))


def between(run: Run, arm: str, one: Measure) -> str:
    """Return "15.0 to 25.2 %", the middle 95 % of a measure over draws; empty where there are none."""
    own = number(run, arm, one.name)
    return _ends(one, own) if own else ""


def sections(run: Run, subjects: str) -> list[Section]:
    """Return what the draws are, what they leave open and what chance makes of it; nothing where there are none."""
    found = _told(run)
    if not found:
        return []
    of, notes = found["of"], found.get("notes", ())
    what = "each arm once, in one well" if subjects == "wells" else "each protocol once, in a whole cohort"
    lead = (
        f"Besides the run itself, {of['draws']} of the {of['known']:,} draws of {of['source']} were run, {what}. "
        "Dotted bands in the figures hold the middle 95 % of them at each moment; they hold chance too."
    )
    told = [_sentence(run, arm, name, subjects) for arm in found["arms"] for name in MAIN if number(run, arm, name)]
    text = [lead, *told, *(f"Note: {note}.".replace("'", "’") for note in notes)]
    return [Section("What the parameters leave open", text, tables=[_numbers(run, subjects), _parameters(run)])]


def _told(run: Run) -> dict[str, Any]:
    return run.summary().get("posterior", {}) if run.has("summary.json") else {}


def _over_draws(rows: pd.DataFrame, column: str) -> Band | None:
    table = rows.pivot(index="time_h", columns="replicate", values=column).sort_index().dropna(how="all")
    return Band(table.index.to_numpy(dtype=float), *middle(table.to_numpy(dtype=float), axis=1)) if len(table) else None


def _sentence(run: Run, arm: str, name: str, subjects: str) -> str:
    """Return how far a number is open, and how much of that parameters and chance make."""
    own, one = number(run, arm, name) or {}, run.measures("readouts").of(name)
    text = f"{one.words} in {arms.quoted(arm)} is {between(run, arm, one)} over the draws"
    if own["chance"] is None:
        more = f"three {arms.word(run)}s or more" if subjects == "wells" else "several patients"
        return wording.sentence(f"{text}; what of that is chance, {more} would tell")
    if own["parameters"] == 0.0:
        return wording.sentence(f"{text}, no more than chance between {subjects} makes, ± {_half(one, own['chance'])}")
    parts = f"± {_half(one, own['parameters'])} by the parameters and ± {_half(one, own['chance'])} by chance"
    return wording.sentence(f"{text}: {parts} between {subjects}")


def _numbers(run: Run, subjects: str) -> Table:
    rows = [
        [arms.label(arm), _words(one, subjects), *_cells(one, own)]
        for arm, each in _told(run)["arms"].items()
        for name, own in each.items()
        if (one := run.measures("readouts").of(name)) and own["lo"] is not None
    ]
    heads = ("Over draws", "95 %", "± parameters", "± chance")
    header = ("Arm" if subjects == "wells" else "Protocol", "Number", *(Cell(head, look="number") for head in heads))
    return Table(rows, header, CAPTION.format(chance=CHANCE[subjects].format(words=f"{arms.word(run)}s")), look="words")


def _cells(one: Measure, own: dict[str, Any]) -> list[Cell]:
    halves = [_half(one, own[name]).removesuffix(" points") for name in ("parameters", "chance")]
    texts = (_shown(one, own["median"]), _ends(one, own), *halves)
    return [Cell(text, look="number") for text in texts]


def _parameters(run: Run) -> Table:
    """Return what the draws vary."""
    rows = []
    for path, own in _told(run)["spread"].items():
        ends = f"{wording.number(own['lo'])} to {wording.number(own['hi'])}"
        name = Cell(path, f"off in {own['off']} draws" if own["off"] else "", "path")
        unit = "" if own["unit"] == "1" else wording.units(own["unit"])
        rows.append([name, Cell(wording.number(own["median"]), look="number"), Cell(ends, look="number"), unit])
    header = ("Parameter", Cell("Median of the draws", look="number"), Cell("95 %", look="number"), "Unit")
    return Table(rows, header, look="words")


def _words(one: Measure, subjects: str) -> str:
    over = f", {one.over}" if one.over and subjects == "patients" and one.kind != "share" else ""
    return f"{one.words}{over}" + (f" ({one.shown})" if one.shown not in ("", "%") else "")


def _is_share(one: Measure) -> bool:
    return one.kind in ("share", "ratio") or one.shown == "%"


def _shown(one: Measure, value: float | None) -> str:
    """Return a number as a reader sees it, shares in percent."""
    if value is None:
        return wording.MISSING
    return (wording.percent(value) if _is_share(one) else wording.number(one.factor * value)).replace("-", "−")


def _ends(one: Measure, own: dict[str, Any]) -> str:
    lo, hi = _shown(one, own["lo"]), _shown(one, own["hi"])
    return f"{lo.removesuffix(' %')} to {hi}"


def _half(one: Measure, value: float | None) -> str:
    """Return half of an interval; of shares in percentage points."""
    return _shown(one, value).replace(" %", " points") if _is_share(one) else _shown(one, value)
