"""What a run was asked, in words: read from the text of its scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abm.plot import arms
from abm.plot.page import wording
from abm.results.run import Run

LONGEST = 400
LONGEST_IN_HOURS, HOURS_PER_MONTH = 72, 730.5
HOURS = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) h")
QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) ([^0-9 ]\S*)")
FRACTIONS = {"serum", "anti_cd55", "anti_cd59", "plasmapheresis", "missed"}
USUAL_INFUSION = "4 h"
OF_AN_ADDITION = {"at", "lacking", "of", "over", "times", "every", "unless_progressed", "missed"}
NAMES = {
    "nk_cells": "NK cells",
    "b_cells": "B cells",
    "dheas": "DHEAS",
    "igg": "IgG",
    "igm": "IgM",
    "anti_cd55": "CD55 blocked",
    "anti_cd59": "CD59 blocked",
    "c1q": "C1q",
    "c2c4": "C2/C4",
    "c3": "C3",
    "c5c9": "C5–C9",
}


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
    found = scenario.get("arms")
    described = found if isinstance(found, Mapping) else {}
    return Question(
        title=_line(scenario.get("title")) or name,
        question=_line(scenario.get("question")) or leading_comment(text),
        facts=_facts(run, name, scenario),
        arms={arms.label(arm): in_words(described.get(arm)) + _effectors(run, arm) for arm in arms.treated(run)},
    )


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


def in_words(arm: object) -> str:
    """Return what an arm adds, leaves out and changes: "rituximab 10 µg/mL; serum 25 %; without NK cells"."""
    if not isinstance(arm, Mapping):
        return "as in the scenario"
    added, missing, changed, later = (arm.get(key) or [] for key in ("add", "without", "set", "change"))
    parts = [_addition(item) for item in added] if isinstance(added, list) else [_text(added)]
    parts += [f"without {_name(item)}" for item in missing]
    parts += _settings(changed)
    for change in later if isinstance(later, list) else ():
        parts += [f"from {_moment(change.get('at'))} on {text}" for text in _settings(change.get("set"))]
    return "; ".join(part for part in parts if part)[:LONGEST] or "nothing added"


def _settings(changed: object) -> list[str]:
    if not isinstance(changed, Mapping):
        return []
    return [f"{key} = {_text(value)}" if value is not None else _switched_off(key) for key, value in changed.items()]


def _switched_off(key: str) -> str:
    return f"{key.removeprefix('processes.')} switched off"


def _addition(item: object) -> str:
    """Return what one addition is and does; what belongs to another kind of addition is left out."""
    if not isinstance(item, Mapping):
        return _text(item)
    what = next((key for key, value in item.items() if key not in OF_AN_ADDITION and value is not None), None)
    if what is None:
        return ""
    at = _moment(item.get("at", "0 h"))
    return WORDS.get(what, _amount_of)(what, item, "" if at in {"0 h", "0"} else at)


def _amount_of(what: str, item: Mapping[str, Any], at: str) -> str:
    lacking = item.get("lacking")
    without = f" lacking {wording.listing([_name(one) for one in lacking])}" if isinstance(lacking, list) else ""
    return f"{_name(what)} {_amount(what, item[what])}" + (without if lacking else "") + (f" at {at}" if at else "")


def _infusion(what: str, item: Mapping[str, Any], at: str) -> str:
    number, times, over = item[what], item.get("times") or 1, _moment(item.get("over") or USUAL_INFUSION)
    text = _text(f"{number} mg" if isinstance(number, int | float) else number) + f" {item.get('of') or 'rituximab'}"
    if times == 1:
        text += f" at {at}" if at else ""
    else:
        text += f", {times} infusions, one every {_moment(item.get('every') or '7 d')}"
        text += f" from {at} on" if at else ""
    text += f", each over {over}" if over != USUAL_INFUSION else ""
    return text + (", withheld after progression" if item.get("unless_progressed") else "")


def _exchange(what: str, item: Mapping[str, Any], at: str) -> str:
    return f"plasma exchange of {_amount(what, item[what])}" + (f" at {at}" if at else "")


def _daily(what: str, item: Mapping[str, Any], at: str) -> str:
    dose, missed, since = _text(item[what]), item.get("missed"), f" from {at} on" if at else ""
    if dose.split(" ")[0] == "0":
        return f"no {what}{since}"
    return f"{what} {dose} a day{since}" + (f", {_amount('missed', missed)} of the doses missed" if missed else "")


WORDS = {"infusion": _infusion, "infusion_mg": _infusion, "plasmapheresis": _exchange, "ibrutinib": _daily}


def _amount(key: str, value: object) -> str:
    if not isinstance(value, int | float):
        return _text(value)
    return f"{100 * value:g} %" if key in FRACTIONS else f"{value:,g}"


def _text(value: object) -> str:
    """Return a value as a reader writes it, a number with its unit to six figures."""
    match = QUANTITY.fullmatch(str(value))
    return wording.units(f"{float(match[1]):.6g} {match[2]}" if match else str(value))[:LONGEST]


def _moment(value: object) -> str:
    """Return a time in the unit in which it is short: minutes, hours, from three days on days or months."""
    match = HOURS.fullmatch(str(value))
    if not match:
        return _text(value)
    hours = float(match[1])
    if hours >= LONGEST_IN_HOURS and hours % 24 == 0:
        return f"{hours / 24:g} d"
    if hours >= HOURS_PER_MONTH and hours % HOURS_PER_MONTH == 0:
        months = hours / HOURS_PER_MONTH
        return f"{months:g} month" + ("s" if months > 1 else "")
    return _duration(value) if 0 < hours < 1 else f"{hours:g} h"


def _name(key: object) -> str:
    return NAMES.get(str(key), str(key).replace("_", " "))


def _duration(text: object) -> str:
    """Return hours as minutes or seconds where that reads better."""
    match = HOURS.fullmatch(str(text))
    if not match or not 0 < float(match[1]) < 1:
        return str(text)
    minutes = 60 * float(match[1])
    return f"{minutes:.6g} min" if minutes > 0.999999 else f"{60 * minutes:.6g} s"


def _effectors(run: Run, arm: str) -> str:
    n_nk = arms.curves(run, arm, "n_nk").values
    return f"; {n_nk[0, 0]:,.0f} NK cells" if n_nk.size and n_nk[0, 0] > 0 else ""


def _line(value: object) -> str:
    return " ".join(str(value).split())[:LONGEST] if isinstance(value, str) else ""


def _facts(run: Run, name: str, scenario: Mapping[str, Any]) -> dict[str, str]:
    seed, series = run.provenance().get("seed", scenario.get("seed")), run.series()
    facts = {"Scenario": name, "Seed": "–" if seed is None else str(seed)}
    facts |= _of_wells(run, scenario) if "n_b_start" in series else _of_patients(run)
    return facts | ({"Time step": _duration(scenario["dt"])} if "dt" in scenario else {})


def _of_wells(run: Run, scenario: Mapping[str, Any]) -> dict[str, str]:
    cells = sorted({int(n) for n in run.series().groupby(["arm", "replicate"])["n_b_start"].first()})
    spread = f"{cells[0]:,}" if len(cells) == 1 else f"{cells[0]:,} to {cells[-1]:,}"
    facts = {"Replicates": str(arms.n_replicates(run)), "Duration": f"{arms.end_h(run):g} h"}
    differ = _differences(scenario.get("cohort"))
    return facts | {"B cells per well at the start": spread} | ({"Replicates differ in": differ} if differ else {})


def _of_patients(run: Run) -> dict[str, str]:
    return {"Patients": f"{arms.n_replicates(run):,}", "Duration": _moment(f"{arms.end_h(run):g} h")}


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
