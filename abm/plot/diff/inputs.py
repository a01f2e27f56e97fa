"""What two runs were asked otherwise: values of their scenarios by path, and the model that answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from abm.plot import arms
from abm.plot.page.wording import MISSING
from abm.plot.tables import Tables
from abm.results.run import Run

MODEL = {"software": "abm", "commit": "commit", "model": "hash of the model's source", "python": "Python",
         "platform": "platform"}  # fmt: skip
LONGEST = 60
QUANTITY = re.compile(r"-?[0-9]+\.[0-9]+(e-?[0-9]+)?( [^ ]+)?")
UNSAID = (None, "", [], {}, "null")


@dataclass(frozen=True)
class Change:
    """One value that differs; ``–`` stands for what one of them lacks."""

    path: str
    a: str
    b: str
    unit: str = ""
    source: str = ""


def changes(a: Tables, b: Tables) -> list[Change]:
    """Return every value of the scenarios that differs, in the order of the files; what only one has is one row."""
    told = [_told(run) for run in (a, b)]
    return [_change(path, *values, told) for path, *values in _compare(_scenario(a), _scenario(b), "")]


def models(a: Run, b: Run) -> list[Change]:
    """Return how the models differ: versions, the source, the libraries, and the processes of the scenarios."""
    own, other = a.provenance(), b.provenance()
    rows = [(words, own.get(key), other.get(key)) for key, words in MODEL.items()]
    packages = [found if isinstance(found := each.get("packages"), Mapping) else {} for each in (own, other)]
    rows += [(name, *(each.get(name) for each in packages)) for name in sorted({*packages[0], *packages[1]})]
    found = [Change(words, *(str(one or MISSING) for one in pair)) for words, *pair in rows if pair[0] != pair[1]]
    return found + _processes(a, b)


def is_same_model(a: Run, b: Run) -> bool | None:
    """Return whether both were made by the same source; None where one of them does not say it."""
    known = [run.provenance().get("model") for run in (a, b)]
    return known[0] == known[1] if all(known) else None


def _processes(a: Run, b: Run) -> list[Change]:
    own, other = ({str(k): v for k, v in (_scenario(run).get("processes") or {}).items()} for run in (a, b))
    names = dict.fromkeys([*own, *other])
    there = {name: tuple(_kind(each[name]) if name in each else MISSING for each in (own, other)) for name in names}
    return [Change(f"process {name}", *pair) for name, pair in there.items() if pair[0] != pair[1]]


def _kind(process: Any) -> str:
    return str(process.get("kind", "there")) if isinstance(process, Mapping) else str(process)


def _scenario(run: Run) -> Mapping[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(run.scenario_text())
    except (YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _compare(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path and both values of what differs; None for what is not there."""
    both = [_branches(one) for one in (a, b)]
    if all(one is not None for one in both) and type(a) is type(b):
        for key in dict.fromkeys([*both[0], *both[1]]):
            yield from _compare(both[0].get(key), both[1].get(key), f"{path}.{key}".lstrip("."))
    elif not (a == b or (a in UNSAID and b in UNSAID)):
        yield path, a, b


def _branches(value: Any) -> dict[str, Any] | None:
    """Return what lies below a mapping, or below a list of mappings, by key; None of a plain value."""
    if isinstance(value, Mapping):
        return {str(key): own for key, own in value.items()}
    is_nested = isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
    return {str(index): own for index, own in enumerate(value)} if is_nested else None


@dataclass(frozen=True)
class _Told:
    """What a run says of its parameters and arms."""

    rows: Mapping[str, Mapping[str, str]]
    arms: Mapping[str, str]


def _told(run: Tables) -> _Told:
    table, known = run.parameters().fillna("").astype(str), run.arms()
    words = dict(zip(known["arm"], known["words"], strict=True)) if "words" in known else {}
    return _Told({row["name"]: row for row in table.to_dict("records")}, {str(k): str(v) for k, v in words.items()})


def _change(path: str, a: Any, b: Any, told: list[_Told]) -> Change:
    rows = [each.rows.get(path, {}) for each in told]
    sources = list(dict.fromkeys(row["source"] for row in rows if row.get("source")))
    texts = [_text(value, path, each) for value, each in zip((a, b), told, strict=True)]
    unit = next((row["unit"] for row in rows if row.get("unit") not in (None, "1")), "")
    is_said = any(" " in text and QUANTITY.fullmatch(text) for text in texts)
    return Change(path, *texts, "" if is_said else unit, "; in B: ".join(sources))


def _text(value: Any, path: str, told: _Told) -> str:
    """Return a value in a few words; of an arm what it is given, of a process its kind."""
    if value in UNSAID:
        return MISSING
    if path.startswith("arms.") and (words := told.arms.get(path.removeprefix("arms."))):
        return arms.label(words)[:LONGEST]
    if isinstance(value, Mapping):
        said = {key: own for key, own in value.items() if own not in UNSAID}
        return str(said["kind"]) if "kind" in said else ", ".join(f"{k} {v}" for k, v in said.items())[:LONGEST]
    if isinstance(value, list):
        return ", ".join(_text(one, "", told) for one in value)[:LONGEST]
    return _rounded(str(value))[:LONGEST]


def _rounded(text: str) -> str:
    """Return a number, with its unit if it has one, with as many digits as a reader wants."""
    number, space, unit = text.partition(" ")
    return f"{float(number):.6g}{space}{unit}" if QUANTITY.fullmatch(text) else text
