"""What is told of hypotheses compared: the combinations, and how probable each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot.evidence.found import Found
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section, Table


def head(found: Found) -> tuple[str, str]:
    """Return title and question."""
    return found["title"] or found["name"], found["question"]


def sections(found: Found, drawn: Sequence[Drawn]) -> list[Section]:
    """Return what is told of a comparison."""
    claims = found["claims"]
    said = [
        f"Strengths were drawn {found['n_draws']} times from their ranges for each combination, everything else at the "
        f"calibrated point; a draw is accepted when {wording.listing(claims)} hold.",
        wording.sentence("Probability that a hypothesis is on: " + wording.listing(marginal(found))),
    ]
    header = ["Hypotheses on", "Accepted", "Probability (95 %)", *(f"{name}, mean (%)" for name in claims)]
    rows = [_row(found, one) for one in sorted(found["combinations"], key=lambda c: -c["n_accepted"])]
    return [
        Section("What was compared", said),
        Section("Figures", figures=drawn),
        Section("Combinations", tables=[Table(rows, header, "Means of the claims are over all draws.")]),
    ]


def _row(found: Found, one: Mapping[str, Any]) -> list[str]:
    means = [wording.number(one["means"][name]) for name in found["claims"]]
    return [in_words(found, one["on"]), f"{one['n_accepted']} of {one['n_draws']}", share(one), *means]


def named(on: Sequence[str]) -> str:
    """Return what a combination is called in the data."""
    return " + ".join(on) or "none"


def in_words(found: Found, on: Sequence[str]) -> str:
    """Return what a combination is called in figures."""
    return " + ".join(words_of(found)[name] for name in on) or "none"


def share(one: Mapping[str, Any]) -> str:
    """Return the probability of a combination with its interval."""
    return f"{wording.decimal(one['probability'] or 0.0)} ({wording.decimal(one['lo'])}–{wording.decimal(one['hi'])})"


def marginal(found: Found) -> list[str]:
    """Return how probable each hypothesis is."""
    words = words_of(found)
    return [f"{words[name]} {wording.decimal(share)}" for name, share in found["hypotheses"].items()]


def words_of(found: Found) -> dict[str, str]:
    """Return what figures call each hypothesis; a comparison made before it said so shows its names."""
    return found.get("words") or {name: name for name in found["hypotheses"]}
