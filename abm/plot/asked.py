"""What a run was asked, in words: read from the text of its scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abm.plot import arms, wording
from abm.results.run import Run

LONGEST = 400
HOURS = re.compile(r"([0-9.eE+-]+) h")
FRACTIONS = {"serum", "anti_cd55", "anti_cd59"}
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
class Asked:
    """The question with its terms."""

    title: str
    question: str
    facts: dict[str, str]
    arms: dict[str, str]


def asked(run: Run) -> Asked:
    """Return title, question, facts and arms of the run's scenario."""
    text = run.scenario_text()
    scenario = _parsed(text)
    name = str(run.provenance().get("scenario") or scenario.get("name") or run.path.parent.name)
    found = scenario.get("arms")
    described = found if isinstance(found, Mapping) else {}
    return Asked(
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
    added, missing, changed = (arm.get(key) or [] for key in ("add", "without", "set"))
    parts = [_addition(item) for item in added] if isinstance(added, list) else [_text(added)]
    parts += [f"without {_name(item)}" for item in missing]
    parts += [f"{key} = {_text(value)}" for key, value in changed.items()] if isinstance(changed, Mapping) else []
    return "; ".join(part for part in parts if part)[:LONGEST] or "nothing added"


def _addition(item: object) -> str:
    if not isinstance(item, Mapping):
        return _text(item)
    given = {key: value for key, value in item.items() if value not in (None, [], "")}
    t, lacking = str(given.pop("at", "0 h")), given.pop("lacking", [])
    text = ", ".join(f"{_name(key)} {_amount(str(key), value)}" for key, value in given.items())
    text += f" lacking {', '.join(_name(one) for one in lacking)}" if isinstance(lacking, list) and lacking else ""
    return text if t.startswith(("0 ", "0.0 ")) or t in {"0", "0.0"} else f"{text} at {t}"


def _amount(key: str, value: object) -> str:
    if not isinstance(value, int | float):
        return _text(value)
    return f"{100 * value:g} %" if key in FRACTIONS else f"{value:,g}"


def _text(value: object) -> str:
    return wording.units(str(value))[:LONGEST]


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
    return f"; {n_nk[0, -1]:,.0f} NK cells" if n_nk.size and n_nk[0, -1] > 0 else ""


def _line(value: object) -> str:
    return " ".join(str(value).split())[:LONGEST] if isinstance(value, str) else ""


def _facts(run: Run, name: str, scenario: Mapping[str, Any]) -> dict[str, str]:
    seed = run.provenance().get("seed", scenario.get("seed"))
    cells = sorted({int(n) for n in run.series().groupby(["arm", "replicate"])["n_b_start"].last()})
    spread = f"{cells[0]:,}" if len(cells) == 1 else f"{cells[0]:,} to {cells[-1]:,}"
    facts = {
        "Scenario": name,
        "Seed": "–" if seed is None else str(seed),
        "Replicates": str(arms.n_replicates(run)),
        "Duration": f"{arms.end_h(run):g} h",
        "B cells per well": spread,
    }
    return facts | ({"Time step": _duration(scenario["dt"])} if "dt" in scenario else {})


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
