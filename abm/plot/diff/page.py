"""The page that holds two runs against one another: verdicts, figures, numbers, scenario, model and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from abm.plot import arms
from abm.plot.diff import courses
from abm.plot.diff.found import Diff
from abm.plot.diff.inputs import Change
from abm.plot.diff.numbers import Number
from abm.plot.page import style, wording
from abm.plot.page.html import Cell, Drawn, Section, Table, render_page

NUMBERS = (
    "B − A with its 95 % interval, {how}; in percentage points where the measure is in percent. Bold: beyond luck when "
    "all numbers are looked at together (Holm, 5 %). A time is its median by Kaplan and Meier, all else a mean."
)
LIMIT = (
    "Research use only. The interval shows chance between simulated {word}s alone, not whether either model is right."
)


def page_of(diff: Diff) -> str:
    """Return the page as HTML."""
    sections = [
        Section("What differs", diff.verdicts, tables=[Table(_facts(diff), look="facts")]),
        Section("Figures", figures=list(_figures(diff))),
        Section("Numbers", tables=[_numbers(diff)]),
        Section("Scenario", () if diff.scenario else ["No value differs."], tables=[_changes(diff.scenario)]),
        Section("Model", () if diff.model else ["The same versions and processes."], tables=[_changes(diff.model)]),
        Section("Limits", [LIMIT.format(word=diff.word)], look="limits"),
    ]
    kept = [one for one in sections if one.figures or one.heading != "Figures"]
    return render_page("Two runs beside one another", " and ".join(courses.names_of(diff)), kept)


def _facts(diff: Diff) -> list[list[str]]:
    names = zip("AB", courses.names_of(diff), (diff.a, diff.b), strict=True)
    rows = [[which, f"{name}, seed {run.provenance().get('seed', wording.MISSING)}"] for which, name, run in names]
    return [*rows, ["Compared", diff.pairing]]


def _figures(diff: Diff) -> Iterator[Drawn]:
    told = {"Both over time": courses.main_panels(diff), "What differs beyond luck": courses.differing_panels(diff)}
    for title, panels in told.items():
        if panels:
            png = style.png(courses.figure(diff, panels), title)
            yield Drawn(title.lower().replace(" ", "-"), title, courses.seen(diff, panels), courses.caption(diff), png)


def _numbers(diff: Diff) -> Table:
    rows = sorted((one for one in diff.numbers if not one.is_same), key=lambda one: not one.is_beyond_luck)
    same = len(diff.numbers) - len(rows)
    caption = NUMBERS.format(how=diff.pairing) + f" {same} numbers are the very same and left out." * bool(same)
    return Table([_number(one) for one in rows], ("Arm", "Measure", "Unit", "A", "B", "B − A"), caption, look="words")


def _number(one: Number) -> list[str | Cell]:
    factor, unit = one.shown
    own = one.difference.times(factor)
    has_ends = own.lo == own.lo
    ends = f"{_signed(own.lo)} to {_signed(own.hi)}" if has_ends else ""
    change = Cell(_signed(own.mean), ends, "strong" if one.is_beyond_luck else "")
    numbers = [wording.number(factor * value) if value == value else one.unknown for value in (one.a, one.b)]
    return [arms.label(one.arm), one.measure.words, unit, *numbers, change]


def _signed(value: float) -> str:
    text = wording.number(abs(value))
    return text if text == wording.MISSING else f"{'−' if value < 0 else '+'}{text}"


def _changes(found: Sequence[Change]) -> Table:
    rows = [[Cell(one.path, look="path"), one.a, one.b, wording.units(one.unit), one.source] for one in found]
    return Table(rows, ("What", "A", "B", "Unit", "Source"), look="words")
