"""What was measured, line by line, as tables for the terminal and for the site."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rich.table import Table

from tests.bench.rounds import summary

BEGIN, END = "<!-- scripts/bench --page fills this -->", "<!-- to here -->"


@dataclass(frozen=True)
class Figure:
    """One number of the machine: its median over rounds, and between which bounds it is to lie.

    ``n_threads`` is of what was measured; ``n_busy`` counts the rounds that shared the machine with others.
    """

    name: str
    unit: str
    n_threads: int
    median: float
    min: float
    max: float
    n_rounds: int
    n_busy: int = 0
    at_least: float | None = None
    at_most: float | None = None

    @classmethod
    def of(
        cls,
        name: str,
        unit: str,
        values: list[float],
        *,
        n_threads: int = 1,
        n_busy: int = 0,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> Self:
        """Return the figure of several rounds."""
        return cls(name, unit, n_threads, **summary(values), n_busy=n_busy, at_least=at_least, at_most=at_most)

    @property
    def is_reached(self) -> bool:
        """Whether the median lies where it is to lie."""
        return (self.at_least is None or self.median >= self.at_least) and (
            self.at_most is None or self.median <= self.at_most
        )

    @property
    def asked(self) -> str:
        """Say where it is to lie."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g}–{self.at_most:g}"
        return " ".join(f"{sign} {v:g}" for sign, v in (("≥", self.at_least), ("≤", self.at_most)) if v is not None)

    @property
    def range(self) -> str:
        """Say median and, of several rounds, least and most."""
        ends = f" ({written(self.min)}–{written(self.max)})" if self.n_rounds > 1 else ""
        return written(self.median) + ends


def written(value: float) -> str:
    """Write a number with three digits, thousands apart."""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000.0 else f"{value:.3g}"


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], n_words: int = 1) -> Table:
    """Return a table whose first columns are words and whose others are numbers."""
    shown = Table(title=title)
    for index, heading in enumerate(headings):
        shown.add_column(heading, justify="left" if index < n_words else "right")
    for row in rows:
        shown.add_row(*row)
    return shown


def of_figures(figures: Iterable[Figure], title: str) -> Table:
    """Return the figures for people."""
    headings = ("figure", "unit", "threads", "median", "min", "max", "rounds", "busy", "asked", "")
    rows = [
        (
            *(one.name, one.unit, str(one.n_threads), *map(written, (one.median, one.min, one.max))),
            *(str(one.n_rounds), str(one.n_busy or ""), one.asked, "" if one.is_reached else "NO"),
        )
        for one in figures
    ]
    return table(title, headings, rows, n_words=2)


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table for the site."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(figures: Sequence[Figure], machine: dict[str, Any]) -> str:
    """Return the figures as the site shows them: a line each, with a column for every number of threads."""
    threads = sorted({one.n_threads for one in figures})
    lines: dict[str, dict[int, str]] = {}
    for one in figures:
        unit = f" ({one.unit})" if one.unit != "1" else ""
        lines.setdefault(f"{one.name}{unit}", {})[one.n_threads] = one.range
    headings = ["", *(f"{n} thread{'s'[: n > 1]}" for n in threads)]
    said = f"Medians (least–most) of paired rounds on {machine['cores']} cores, {machine['threading_layer']}:"
    rows = ([name, *(own.get(n, "") for n in threads)] for name, own in lines.items())
    return f"{said}\n\n{markdown(headings, rows)}"


def filled(text: str, content: str) -> str:
    """Return the page with new content between its two marks.

    Raises
    ------
    ValueError
        It has no such marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"
