"""What a subject is at its start and what it is given, and what comes from files: parts 5 and 6 of ODD."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import BaseModel

from abm.biology.cells.measured import MeasuredCd20
from abm.biology.pools import POOLS
from abm.core.cell_type import CellType
from abm.core.measure import Measure, readable
from abm.core.par import bounds_text, plain
from abm.core.words import listing, written
from abm.document.reading import keys_in, value_at
from abm.dossier.described import FIELDS, Described, about, shown
from abm.dossier.told import Told, module_of, of_class, told
from abm.plot.page.html import Cell, Row, Section, Table
from abm.plot.page.sections import unit
from abm.plot.page.wording import setting
from abm.scenario import cohort, draws, start
from abm.scenario.arms import Arm
from abm.scenario.controls import controls
from abm.scenario.kinds import GIVEN
from abm.scenario.known import parameter_at

TYPICAL = "Values here and in part 7 are those of a typical subject; what differs is drawn for each, as told below."
OF_TABLE = "Values in part 7 and amounts at the start are those of the first subject of the table."
NO_DATA = "None: no series of measurements drives the model while it runs."


def initialisation(of: Described) -> Section:
    """Return how each population is drawn, what else is there, what arms add, and how subjects differ."""
    counts = of.scenario.counts()
    parts = [_cells(of, name, kind, counts[name]) for name, kind in of.cell_types.items()]
    parts += [_amounts(of), _subject(of), _arms(of)]
    parts += [_cohort(of, of.scenario.cohort)] if of.scenario.cohort else []
    text = [told(start.__doc__).claim]
    if of.scenario.cohort:
        text.append(OF_TABLE if of.is_of_table else TYPICAL)
    return Section("Initialisation", text, parts=parts)


def _cells(of: Described, name: str, kind: CellType, n: int) -> Section:
    text = [f"{n:,} agents at the start of a {of.scenario.space.subject} whose arm does not leave them out."]
    text += [line for own in of_class(type(kind)) for line in _lines(own)]
    if of.scenario.space.scale == "well":
        text.append("Places are uniform over the floor, drawn once; cells that come later likewise, at their moment.")
    if any(isinstance(value, MeasuredCd20) for _, value in kind):
        text += _lines(module_of(MeasuredCd20.__module__))
    return Section(f"Cells: {name} ({kind.kind or name})", text, tables=about(kind))


def _lines(own: Told) -> list[str]:
    """Return the paragraphs of what is told, with their words before them."""
    parts = [(word, text) for word in ("", "Model", "Assumes", "References") for text in own.under(word)]
    return [own.claim, *(f"{word}: {text}" if word else text for word, text in parts)]


def _amounts(of: Described) -> Section:
    """Return the pools and fields that are not empty at the start, by arm."""
    seen: dict[Measure, dict[str, list[str]]] = {}
    for arm, own in of.built.items():
        pools = [(replace(POOLS.of(name), name=name), value) for name, value in own.world.pools.amounts.items()]
        fields = [(Measure(name, "nM", FIELDS[name]), field.mean) for name, field in own.world.fields.items()]
        for measure, value in [*pools, *fields]:
            amount = float(np.ravel(value)[0])
            if amount:
                seen.setdefault(measure, {}).setdefault(f"{amount:.6g}", []).append(arm)
    shown = [_amount(measure, value, "all" if len(arms) == len(of.built) else ", ".join(arms))
             for measure, values in seen.items() for value, arms in values.items()]  # fmt: skip
    text = "Amounts that are not 0 when the first step begins, with what is added at 0 h."
    header = ("Arms", "Pool or field", Cell("Amount", look="number"), "Unit", "What it is")
    return Section("Amounts at the start", [text], tables=[Table(shown, header, look="words")])


def _amount(of: Measure, value: str, arms: str) -> Row:
    return [arms, Cell(of.name, look="code"), Cell(value, look="number"), readable(of.unit), of.words]


def _subject(of: Described) -> Section:
    """Return who is simulated, the serum, and the antibodies that arms give."""
    about_whom: list[tuple[str, BaseModel]] = [("Subject", of.scenario.covariates), ("Serum", of.scenario.serum)]
    given = sorted({name for arm in of.scenario.arms.values() for name in arm.antibodies})
    about_whom += [(f"Antibody: {name}", getattr(of.scenario.antibodies, name)) for name in given]
    parts = []
    for title, model in about_whom:
        text = [line for own in of_class(type(model)) for line in _lines(own)]
        text += [
            line for _, inner in model if isinstance(inner, BaseModel) for line in _lines(told(type(inner).__doc__))
        ]
        parts.append(Section(title, text, tables=about(model)))
    return Section("Who is simulated, and what is given", parts=parts)


def _arms(of: Described) -> Section:
    others = controls(of.scenario)
    rows: list[Row] = [[name, arm.words(), others.get(name) or "none"] for name, arm in of.scenario.arms.items()]
    table = Table(rows, ("Arm", "What is added, left out or changed", "Control"), look="words")
    kinds = dict.fromkeys(one.kind for arm in of.scenario.arms.values() for one in arm.add)
    text = [f"{kind.replace('_', ' ')}: {' '.join(_lines(_of_given(kind)))}" for kind in kinds]
    told_of_arms = [told(Arm.__doc__).claim, "A control is the same arm without what has an antibody."]
    return Section("Arms", [*told_of_arms, *text], tables=[table, *_given(of)])


def _of_given(kind: str) -> Told:
    own = module_of(GIVEN[kind].__module__)
    return Told(own.claim, {**own.parts, "": [*own.under(""), told(GIVEN[kind].__doc__).claim]})


def _given(of: Described) -> Iterator[Table]:
    for name, arm in of.scenario.arms.items():
        if len(of.scenario.arms) <= 4:  # design: a series repeats itself
            for number, one in enumerate(arm.add, start=1):
                yield from about(one, f"Arm {name}, addition {number}: {one.kind.replace('_', ' ')}")


def _cohort(of: Described, given: cohort.Cohort) -> Section:
    data = plain(of.scenario)
    rows: list[Row] = [_spread(data, path, spread) for path, spread in given.vary.items()]
    pairs: list[Row] = [[" and ".join(one.of), f"{one.r:g}"] for one in given.correlate]
    text = [*(" ".join(told(doc).claim.split()) for doc in (cohort.Spread.__doc__, cohort.Cohort.__doc__))]
    text += [line for doc in (cohort.Spread.__doc__, draws.__doc__) for line in told(doc).under("")]
    tables = [
        Table(rows, ("What differs", "How", "About", "Within"), look="words", title="Spreads"),
        Table(pairs, ("Of", "r"), look="words", title="Correlations of normal scores"),
    ]
    return Section(f"How {of.scenario.space.individual}s differ", text, tables=tables)


def _spread(data: Mapping[str, Any], path: str, spread: cohort.Spread) -> Row:
    """Return path, law, typical value and bounds of what differs."""
    known, typical = parameter_at(data, path), value_at(data, keys_in(data, path))
    law = next(f"{word} {_value(value)}" for word, value in spread if value is not None)
    usual = written(typical) if isinstance(typical, str) else f"{shown(str(typical))} {unit(known.get('unit', '1'))}"
    about_it = usual if typical is not None and spread.keeps_typical else ""
    return [Cell(path, known.get("description", ""), "path"), law, about_it, bounds_text(known) if known else ""]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{word} {share:g}" for word, share in value.items())
    return setting(str(value))


def input_data(of: Described) -> Section:
    """Return which files a run reads beside the scenario."""
    found = []
    for name, kind in of.scenario.cell_types().items():
        found += [f"{name}: CD20 of measured cells" for _, value in kind if isinstance(value, MeasuredCd20)]
    if of.scenario.cohort and of.scenario.cohort.table:
        found.append(f"a table of patients: {of.scenario.cohort.table}")
    if of.scenario.observations:
        found.append(f"a table of observations, which is drawn and changes nothing: {of.scenario.observations}")
    recorded = [name for name, arm in of.scenario.arms.items() if any(one.kind == "recorded" for one in arm.add)]
    found += [f"the doses of each patient's record in the arm {name}" for name in recorded]
    text = [NO_DATA, "What stands in the scenario and in this text is all that is needed."]
    return Section("Input data", [f"Read before the first step: {listing(found)}."] if found else text)
