"""The sections that reports of runs share: what was asked, parameters, checks, how to run it again, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from abm.plot import arms
from abm.plot.page import checks, wording
from abm.plot.page.html import Cell, Section, Table
from abm.plot.page.question import Question
from abm.results.run import Run

AGAIN = (
    "The folder of this report holds scenario.yaml, complete with its seed. The same version gives the same results, "
    "at any number of threads:"
)
LIMITS = (
    "Research use only: no medical device, no advice on doses, schedules or the treatment of any patient.",
    "This is the output of a computer model, not of an experiment or a trial. Parameters marked “assumed” are orders "
    "of magnitude, not measurements; a result that rests on them is a hypothesis to test. The intervals show chance "
    "between simulated {subjects} only. Agreement with a published number does not prove a mechanism: several sets of "
    "parameters can give the same result.",
)
OF_DRAWS = (
    "What stands over draws shows besides what the fit leaves open of the parameters that it learnt: not of those that "
    "it held, nor whether the model is right."
)
WORDS = {checks.PASSED: "✓ passed", checks.FAILED: "✗ failed", checks.UNDECIDED: "? undecided"}
FAILS = {
    "conservation": "✗ A conservation check failed (see Conservation): do not rely on these numbers.",
    "step_size": "✗ The time step is too long (see Step size): do not rely on these numbers.",
}
MADE_WITH = {
    "seed": "seed",
    "software": "abm",
    "commit": "commit",
    "python": "Python",
    "platform": "platform",
    "n_threads": "threads",
    "start": "started",
    "elapsed_s": "seconds taken",
}
HASHES = {"scenario_hash": "Hash of the scenario (all inputs)", "result_hash": "Hash of the results (every array)"}


def asked(question: Question, arms: str, note: str = "") -> Section:
    """Return the question with its terms, and what each arm, called so here, is given."""
    given = [[Cell(name, look="strong"), words] for name, words in question.arms.items()]
    tables = (Table(list(question.facts.items()), look="facts"), Table(given, look="facts", title=arms))
    return Section("What was asked", [question.question] if question.question else [], tables=tables, note=note)


def warnings(run: Run) -> list[str]:
    """Return why the numbers of a run cannot be relied on."""
    failed = [
        text
        for name, text in FAILS.items()
        if any(check.verdict == checks.FAILED for check in getattr(checks, name)(run))
    ]
    return failed + [f"✗ {line}." for line in run.summary().get("warnings", ())]


def parameters(run: Run, references: Mapping[str, str]) -> Section:
    """Return all parameters, overridden ones first, and the references that their sources name."""
    table = run.parameters().fillna("").astype(str)
    rows = sorted(table.to_dict("records"), key=lambda row: row["origin"] != "overridden")
    n_set = sum(row["origin"] == "overridden" for row in rows)
    n_assumed = sum("assumed:" in row["source"] for row in rows)
    told = f"{len(rows)} parameters, {n_set} set by the scenario (first, shaded), {n_assumed} assumed rather than "
    sources = {row["name"]: pieces_of(row["source"], references) for row in rows}
    header = ("Name and meaning", Cell("Value", look="number"), "Unit", "Source", "Origin")
    cells = [_parameter(row, sources[row["name"]]) for row in rows]
    keys = sorted({key for pieces in sources.values() for _, key in pieces if key})
    cited = Table([[key, references[key]] for key in keys], look="facts", title="References", anchor="ref-")
    shown = Table(cells, header, look="parameters", n_marked=n_set)
    return Section("Parameters", [f"{told}measured or fitted."], tables=(shown, cited))


def conservation(run: Run) -> Section:
    """Return whether the run kept its books."""
    found = checks.conservation(run)
    if not found:
        return Section("Conservation", ["This run recorded no conservation checks."])
    return Section("Conservation", tables=[_verdicts("What must hold", "Largest error", found)])


def step_size(run: Run) -> Section:
    """Return how far survival moves when the time step is halved, or how to find out."""
    found = checks.step_size(run)
    if not found:
        how = "Not checked in this run. To see how far each arm’s survival moves when the time step is halved:"
        return Section("Step size", [how], "abm run --check-step scenario.yaml")
    words = f"{arms.word(run)}s"
    caption = (
        f"In brackets: 95 % interval over {words}. Undecided: chance between the wells is larger than the limit; "
        f"more cells or {words} would tell."
    )
    what = "Change of survival when dt is halved (percentage points)"
    return Section("Step size", tables=[_verdicts("Arm", what, found, caption)])


def again(run: Run) -> Section:
    """Return what identifies inputs, results and software, and the scenario."""
    summary, provenance = run.summary(), run.provenance()
    rows: list[tuple[str, Any]] = [
        (words, Cell(str(summary[key]), look="code")) for key, words in HASHES.items() if key in summary
    ]
    rows += [(words, str(provenance[key])) for key, words in MADE_WITH.items() if provenance.get(key) is not None]
    packages = provenance.get("packages")
    rows += [(str(key), str(value)) for key, value in packages.items()] if isinstance(packages, Mapping) else []
    folded = ("The complete scenario", run.scenario_text())
    return Section("How to run it again", [AGAIN], "abm run scenario.yaml", [Table(rows, look="facts")], folded=folded)


def limits(subjects: str, has_draws: bool = False) -> Section:
    """Return what a report of wells or patients must not be taken for."""
    text = [text.format(subjects=subjects) for text in LIMITS]
    return Section("Limits", text + [OF_DRAWS] * has_draws, look="limits")


def unit(text: str) -> str:
    """Return a unit as a reader writes it; a plain number has none."""
    return "" if text == "1" else wording.units(text)


def _verdicts(what: str, how: str, found: Sequence[checks.Check], caption: str = "") -> Table:
    rows = [
        [check.name, Cell(check.value, look="number"), Cell(check.limit, look="number"), WORDS[check.verdict]]
        for check in found
    ]
    header = (what, Cell(how, look="number"), Cell("Allowed", look="number"), "Result")
    return Table(rows, header, caption, look="words")


def _parameter(row: Mapping[str, str], pieces: Sequence[tuple[str, str]]) -> list[str | Cell]:
    value = row["value"] if row["name"] == "seed" else wording.setting(row["value"])
    origin = Cell(row["origin"], look="strong") if row["origin"] == "overridden" else row["origin"]
    name = Cell(row["name"], wording.units(row["description"]), "path")
    return [name, Cell(value, look="number"), unit(row["unit"]), Cell("", links=pieces), origin]


def pieces_of(source: str, references: Mapping[str, str]) -> list[tuple[str, str]]:
    """Split a source into plain text and the reference keys that it names."""
    keys = "|".join(re.escape(key) for key in sorted(references, key=len, reverse=True))
    parts = re.split(rf"\b({keys})\b", source) if keys else [source]
    return [(part, part) if part in references else (wording.units(part), "") for part in parts if part]
