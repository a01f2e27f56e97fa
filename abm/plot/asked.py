"""What a run was asked, in words: read from the text of its scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abm.plot import arms
from abm.results.run import Run

DEEPEST = 4
LONGEST = 400


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
        arms={arms.label(arm): in_words(described.get(arm)) for arm in arms.treated(run)},
    )


def leading_comment(text: str) -> str:
    """Return the comment that a scenario opens with, as one line."""
    lines = []
    for line in text.lstrip("\ufeff \n").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return " ".join(line for line in lines if line)[:LONGEST]


def in_words(arm: object) -> str:
    """Return what an arm adds and leaves out, such as "rituximab 10 µg/mL; serum 25 %; without nk cells"."""
    if not isinstance(arm, Mapping):
        return "as in the scenario"
    added = arm.get("add") or []
    parts = [_words(item) for item in (added if isinstance(added, list) else [added])]
    others = {key: value for key, value in arm.items() if key != "add" and value not in (None, [], {})}
    parts += [f"{_name(key)} {_words(value)}" for key, value in others.items()]
    return "; ".join(part for part in parts if part)[:LONGEST] or "nothing added"


def _words(value: Any, depth: int = 0) -> str:
    if depth > DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if item is not None}
        return " ".join(f"{_name(key)} {_words(item, depth + 1)}" for key, item in kept.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(item, depth + 1) for item in value)
    return _name(value).replace("ug/", "µg/").replace("um", "µm") if isinstance(value, str) else str(value)


def _name(key: object) -> str:
    return str(key).replace("_", " ")


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
    return facts | ({"Time step": _words(scenario["dt"])} if "dt" in scenario else {})


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
