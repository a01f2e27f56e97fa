"""The report of a virtual trial: what was simulated, the numbers, the figures, and how to get them again."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

import abm.plot.trial as package
from abm.plot.arms import quoted
from abm.plot.page import checks, style, wording
from abm.plot.page.html import Drawn, Section, render_page
from abm.plot.page.question import in_words, leading_comment
from abm.plot.trial import numbers
from abm.plot.trial.trial import IGM, Trial
from abm.results.run import Run

RESEARCH_ONLY = "Research use only. No dosing advice."
LIMITS = (
    "The output of a computer model of virtual patients, not of a trial. Parameters marked “assumed” are orders of "
    "magnitude; a result that rests on them is a hypothesis to test."
)
AGAIN = "The scenario below is complete with its seed: the same version of the program gives the same results from it."
WRAP = "  .numbers td { white-space: normal; overflow-wrap: break-word; }\n</style>"  # sources are sentences


def write_trial_report(run: Run, references: Mapping[str, str] | None = None) -> Path:
    """Write ``figures/*.png`` and ``report.html`` into the folder of a finished trial.

    Parameters
    ----------
    run : Run
        A finished trial.
    references : mapping, optional
        Citation by reference key, to resolve the sources of the parameters.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    ReadError
        A table of the run is missing or damaged.
    WriteError
        The folder cannot be written to.
    """
    trial = Trial(run)
    drawn = [_draw(trial, kind) for kind in kinds() if kind.applies(trial)]
    return run.write_report(render(trial, drawn, references or {}))


def kinds() -> list[ModuleType]:
    """Return the figure modules of this folder in reading order."""
    names = [f"{package.__name__}.{info.name}" for info in pkgutil.iter_modules(package.__path__)]
    found = [module for module in map(importlib.import_module, names) if hasattr(module, "ORDER")]
    return sorted(found, key=lambda kind: kind.ORDER)


def render(trial: Trial, drawn: list[Drawn], references: Mapping[str, str]) -> str:
    """Return the report as HTML; all text of the run is escaped."""
    title, question = _asked(trial)
    lines = [line for line in (question, RESEARCH_ONLY, *_warnings(trial)) if line]
    sections = [
        Section("What this is", lines, ("protocol", "what is given"), _protocols(trial)),
        *numbers.key_numbers(trial),
        Section("Figures", figures=drawn),
        *numbers.patients(trial),
        *numbers.parameters(trial, references),
        *numbers.conservation(trial),
        Section("How to run it again", [AGAIN], code=trial.run.scenario_text()),
        numbers.hashes(trial),
        Section("Limits", [RESEARCH_ONLY, LIMITS]),
    ]
    return render_page(title, simulated(trial), sections).replace("</style>", WRAP, 1)


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
    if "baseline_igm_g_per_L" in first:
        start = f"{kind}serum IgM at the start {wording.number(first['baseline_igm_g_per_L'].median())} g/L"
    else:
        count = wording.number(first["baseline_lymphocytes_per_nL"].median())
        start = f"{kind}lymphocytes at the start {count} per nL"
    length = f"{trial.clock.words(trial.end_d)}{since}"
    return wording.sentence(f"{who}{same} followed for {length} {how} {names}; {start}")


def _warnings(trial: Trial) -> list[str]:
    has_failed = any(check.verdict == checks.FAILED for check in checks.conservation(trial.run))
    failed = ["✗ A conservation check failed (see Conservation): do not rely on these numbers."] if has_failed else []
    return failed + [f"✗ {line}." for line in trial.run.summary().get("warnings", ())]


def _draw(trial: Trial, kind: ModuleType) -> Drawn:
    name = kind.__name__.rpartition(".")[2]
    content = style.png(kind.figure(trial), kind.TITLE)
    trial.run.write_figure(f"{name}.png", content)
    return Drawn(name, kind.TITLE, kind.seen(trial), kind.CAPTION, content)


def _protocols(trial: Trial) -> list[tuple[str, str]]:
    """Return what each protocol gives, in words."""
    arms = _parsed(trial.run.scenario_text()).get("arms")
    known = arms if isinstance(arms, Mapping) else {}
    return [(name, in_words(known.get(name))) for name in trial.protocols]


def _asked(trial: Trial) -> tuple[str, str]:
    """Return title and question of the scenario."""
    text = trial.run.scenario_text()
    scenario = _parsed(text)
    name = str(trial.run.provenance().get("scenario") or scenario.get("name") or trial.run.path.name)
    title, question = (" ".join(str(scenario.get(key) or "").split()) for key in ("title", "question"))
    return title or name, question or leading_comment(text)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
