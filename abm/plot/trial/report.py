"""The report of a virtual trial: what was simulated, the numbers, the figures, and how to get them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from abm.plot import draws
from abm.plot.arms import quoted
from abm.plot.page import sections as shared
from abm.plot.page import wording
from abm.plot.page.html import Drawn, Section
from abm.plot.page.question import question_of
from abm.plot.trial import numbers, virtual
from abm.plot.trial.trial import IGM, Trial
from abm.results.run import Run

FIGURES = "trial"


def holds(path: Path) -> bool:
    """Return whether a folder is that of a trial."""
    run = Run(path)
    return run.has("end_points.csv") and run.has("summary.json") and run.summary().get("kind") == "trial"


def tables(path: Path) -> Trial:
    """Return the tables of a trial."""
    return Trial(Run(path))


def head(trial: Trial) -> tuple[str, str]:
    """Return the title of the scenario and what was simulated."""
    return question_of(trial.run).title, simulated(trial)


def in_short(trial: Trial) -> list[str]:
    """Return in how many patients what happened, when, and what the numbers rest on, a sentence each."""
    return numbers.in_short(trial)


def sections(trial: Trial, drawn: Sequence[Drawn], references: Mapping[str, str]) -> list[Section]:
    """Return what is told of a trial."""
    return [
        shared.asked(question_of(trial.run), "Protocols"),
        *numbers.key_numbers(trial),
        *draws.sections(trial.run, "patients"),
        *virtual.populations(trial, references),
        Section("Figures", figures=drawn),
        *numbers.patients(trial),
        shared.parameters(trial.run, references),
        shared.conservation(trial.run),
        shared.again(trial.run),
        shared.limits("patients", trial.run.draws() is not None),
    ]


def simulated(trial: Trial) -> str:
    """Return what was simulated, in one sentence."""
    who = "one virtual patient" if trial.is_single else f"{trial.n_patients:,} virtual patients"
    n = len(trial.protocols)
    same = "" if trial.is_single or n == 1 else ", the same in each protocol,"
    how = "in protocol" if n == 1 else f"in each of {n} protocols:"
    names = wording.listing([quoted(name) for name in trial.protocols])
    firsts = [trial.infusions_d(name)[:1] for name in trial.protocols]
    is_infused_at_once = any(first.size for first in firsts) and not any(first.any() for first in firsts)
    since = " from the first infusion" if is_infused_at_once and trial.has(IGM) else ""
    first, kind = trial.outcomes(trial.protocols[0]), "" if trial.is_single else "median "
    said, known = trial.run.measures().of(trial.level), first[f"baseline_{trial.level}"]
    start = f"{kind}{said.words} at the start {wording.number(known.median())} {said.shown}"
    length = f"{trial.clock.words(trial.end_d)}{since}"
    return wording.sentence(f"{who}{same} followed for {length} {how} {names}; {start}")
