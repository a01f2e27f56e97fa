"""What a run was asked, in words: read from its arms and from the text of its scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abm.plot import arms, kinds
from abm.plot.page import wording
from abm.results.run import Run

LONGEST = 400
HOURS_PER_MONTH = 730.5
HOURS = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) h")


@dataclass(frozen=True)
class Question:
    """The question with its terms."""

    title: str
    question: str
    facts: dict[str, str]
    arms: dict[str, str]


def question_of(run: Run) -> Question:
    """Return title, question, facts and arms of the run's scenario."""
    text = run.scenario_text()
    scenario = _parsed(text)
    name = str(run.provenance().get("scenario") or scenario.get("name") or run.path.parent.name)
    return Question(
        title=_line(scenario.get("title")) or name,
        question=_line(scenario.get("question")) or leading_comment(text),
        facts=_facts(run, name, scenario),
        arms={arms.label(arm): told(run, arm) + _effectors(run, arm) for arm in arms.treated(run)},
    )


def chosen_controls(run: Run) -> dict[str, str]:
    """Return the arms that share another arm's control because the scenario says so, and whose."""
    scenario = _parsed(run.scenario_text())
    given = scenario.get("arms")
    own = given if isinstance(given, Mapping) else {}
    said = {arm: _control(own.get(arm)) or scenario.get("control") for arm in arms.treated(run)}
    return {arm: str(name) for arm, name in said.items() if name in own and name != arm}


def _control(arm: object) -> object:
    return arm.get("control") if isinstance(arm, Mapping) else None


def is_mixed(run: Run) -> bool:
    """Return whether the run's wells are mixed, so that places mean nothing."""
    space = _parsed(run.scenario_text()).get("space")
    return isinstance(space, Mapping) and space.get("kind") == "mixed"


def leading_comment(text: str) -> str:
    """Return the comment that a scenario opens with, as one line."""
    lines = []
    for line in text.lstrip("\ufeff \n").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return " ".join(line for line in lines if line)[:LONGEST]


def told(run: Run, arm: str) -> str:
    """Return what an arm adds, leaves out and changes: "rituximab 10 µg/mL; serum 25 %; without NK cells".

    A run of an earlier version holds no such words; they are made from its parameters.
    """
    known = run.arms()
    if "words" not in known:
        return _plain(run, arm)
    return str(dict(zip(known["arm"], known["words"], strict=True)).get(arm, ""))[:LONGEST]


def _plain(run: Run, arm: str) -> str:
    """Return the values that an arm's additions give themselves, as the table of parameters has them."""
    table, place = run.parameters(), f"arms.{arm}.add."
    own = table[table["name"].str.startswith(place) & (table["origin"] == "overridden")]
    named = zip(own["name"].str.removeprefix(place).str.split(".", n=1), own["value"], own["unit"], strict=True)
    found: dict[str, list[str]] = {}
    for (index, name), value, unit in named:
        text = f"{name.replace('_', ' ')} {wording.setting(value)} {wording.units(unit) if unit != '1' else ''}"
        found.setdefault(index, []).append(text.rstrip())
    return "; ".join(map(", ".join, found.values()))[:LONGEST] or "nothing added"


def _duration(text: object) -> str:
    """Return hours as minutes or seconds where that reads better."""
    match = HOURS.fullmatch(str(text))
    if not match or not 0 < float(match[1]) < 1:
        return str(text)
    minutes = 60 * float(match[1])
    return f"{minutes:.6g} min" if minutes > 0.999999 else f"{60 * minutes:.6g} s"


def _long(hours: float) -> str:
    """Return the time that a patient is followed: whole months, else days."""
    months = hours / HOURS_PER_MONTH
    return f"{hours / 24:g} d" if months % 1 else f"{months:g} month{'s' * (months > 1)}"


def _effectors(run: Run, arm: str) -> str:
    found = [(arms.curves(run, arm, f"n_{kind.short}").values, kind.words) for kind in kinds.effectors(run)]
    return "".join(f"; {n[0, 0]:,.0f} {words}" for n, words in found if n.size and n[0, 0] > 0)


def _line(value: object) -> str:
    return " ".join(str(value).split())[:LONGEST] if isinstance(value, str) else ""


def _facts(run: Run, name: str, scenario: Mapping[str, Any]) -> dict[str, str]:
    seed, series = run.provenance().get("seed", scenario.get("seed")), run.series()
    facts = {"Scenario": name, "Seed": "–" if seed is None else str(seed)}
    facts |= _of_wells(run, scenario) if "n_b_start" in series else _of_patients(run)
    return facts | ({"Time step": _steps(scenario, arms.end_h(run))} if "dt" in scenario else {})


def _steps(scenario: Mapping[str, Any], end_h: float) -> str:
    """Return the step, and those that follow it before the end."""
    words = [_duration(scenario["dt"])]
    for later in scenario.get("dt_later", ()):
        at_h, dt_h = (float(str(later[name]).removesuffix(" h")) for name in ("at", "dt"))
        words += [f"{dt_h / 24:g} d from {at_h / 24:g} d on"] if at_h < end_h else []
    return ", ".join(words)


def _of_wells(run: Run, scenario: Mapping[str, Any]) -> dict[str, str]:
    cells = sorted({int(n) for n in run.series().groupby(["arm", "replicate"])["n_b_start"].first()})
    spread = f"{cells[0]:,}" if len(cells) == 1 else f"{cells[0]:,} to {cells[-1]:,}"
    whose = f"{arms.word(run).capitalize()}s"
    facts = {whose: str(arms.n_replicates(run)), "Duration": f"{arms.end_h(run):g} h"}
    differ = _differences(scenario.get("cohort"))
    return facts | {"B cells per well at the start": spread} | ({f"{whose} differ in": differ} if differ else {})


def _of_patients(run: Run) -> dict[str, str]:
    return {"Patients": f"{arms.n_replicates(run):,}", "Duration": _long(arms.end_h(run))}


def _differences(cohort: object) -> str:
    """Return what replicates draw values of their own for, and how."""
    vary = cohort.get("vary") if isinstance(cohort, Mapping) else {}
    given = {path: spread for path, spread in vary.items() if isinstance(spread, Mapping)} if vary else {}
    return "; ".join(f"{path} ({_spread(spread)})" for path, spread in given.items())


def _spread(spread: Mapping[str, Any]) -> str:
    if spread.get("range"):
        return " to ".join(map(str, spread["range"]))
    if spread.get("shares"):
        return ", ".join(f"{word} {wording.percent(share)}" for word, share in spread["shares"].items())
    return ", ".join(f"{name} {value}" for name, value in spread.items() if value is not None)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
