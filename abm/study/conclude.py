"""What is concluded from a merged run: the tables and the summary of its read-outs, and what every number is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from abm.core.measure import Measure
from abm.core.par import plain
from abm.readouts.readout import Readout, Seen
from abm.results.declared import DECLARED
from abm.results.folder import RunFolder
from abm.results.run import Run
from abm.scenario.build import Subject, arm_of, subjects
from abm.scenario.draws import drawn, draws, entry, table_of
from abm.scenario.known import parameter_at
from abm.scenario.measures import measures
from abm.scenario.schema import Scenario
from abm.study.design import label
from abm.study.long_table import LongTable


def conclude(folder: RunFolder, scenario: Scenario) -> dict[str, Any]:
    """Write the tables of a merged run and what their columns are, and return its summary, without the hashes."""
    series, readouts = folder.series(), scenario.readouts
    said = {"series": measures(scenario).plain(series.columns), "donors": _traits(scenario)}
    folder.write_json(DECLARED, said | declared(readouts))
    table, visits = end_points(series, scenario)
    if not table.empty:
        folder.write_table("patients.csv", _drawn(scenario))
        found_in = {name: table[name].to_numpy() for name in table}
        folder.write_table("end_points.csv", found_in | _ids(scenario, table["replicate"]))
        if not visits.empty:
            folder.write_table("visits.csv", {name: visits[name].to_numpy() for name in visits})
        long = LongTable(scenario)
        folder.write_parts("nonmem.csv", long.rows(series))
        folder.write_table("nonmem_key.csv", long.key())
    elif drawn(scenario):
        folder.write_table("donors.csv", _drawn(scenario))
    wells = folder.wells()
    return summarised(folder, scenario, table) | _stopped(wells, scenario) | {"conservation": _worst(wells)}


def summarised(run: Run, scenario: Scenario, table: pd.DataFrame) -> dict[str, Any]:
    """Return what the read-outs of a scenario conclude from a run's tables and its end points."""
    found: dict[str, Any] = {}
    for readout in scenario.readouts:
        found = _joined(found, readout.summary(run, table))
    return found


def end_points(series: pd.DataFrame, scenario: Scenario) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a row per arm and subject with what its read-outs find, and one per visit with what is seen at it.

    None where there are no such tables.
    """
    columns = {name: series[name].tolist() for name in series if name not in ("arm", "replicate")}
    looks, rows, visits = series.groupby(["arm", "replicate"], sort=False).indices, [], []
    for subject in subjects(scenario):
        who = {"arm": subject.arm, "replicate": subject.replicate}
        seen = _seen(scenario, subject, _records(columns, looks[subject.arm, subject.replicate]))
        row = _row(scenario, seen)
        rows += [who | row] if row else []
        visits += [pd.DataFrame(who | own) for readout in scenario.readouts if (own := readout.at_visits(seen))]
    return pd.DataFrame(rows), pd.concat(visits, ignore_index=True) if visits else pd.DataFrame()


def end_points_of(scenario: Scenario, subject: Subject, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what read-outs find in the looks at a subject."""
    return _row(scenario, _seen(scenario, subject, own))


def _seen(scenario: Scenario, subject: Subject, own: Sequence[Mapping[str, Any]]) -> Seen:
    return Seen(own, arm_of(scenario, subject).add, scenario.seed, subject.replicate)


def _row(scenario: Scenario, seen: Seen) -> dict[str, Any]:
    return {name: value for readout in scenario.readouts for name, value in readout.row(seen).items()}


def _records(columns: Mapping[str, list[Any]], looks: Iterable[int]) -> list[dict[str, Any]]:
    """Return a mapping for each look at a subject, of what was measured."""
    return [{name: values[look] for name, values in columns.items()} for look in looks]


def declared(readouts: Sequence[Readout]) -> dict[str, Any]:
    """Return what the numbers of read-outs are, under each of their names, and the rules of the first."""
    found: dict[str, Any] = {}
    for one in (measure for readout in readouts for measure in readout.measures):
        found |= {name: replace(one, name=name).plain() for name in (one.name, one.told_as)}
    return {"readouts": found, "level": readouts[0].level, "rules": readouts[0].model_dump()}


def _traits(scenario: Scenario) -> dict[str, Any]:
    """Return what the numbers are in which donors of wells differ."""
    paths = drawn(scenario) if scenario.space.has_controls else []
    data = plain(scenario) if paths else {}
    known = {path: parameter_at(data, path) for path in paths}
    words = {path: label(data, path).removesuffix(f" ({own['unit']})") for path, own in known.items() if own}
    return {path: Measure(path, known[path]["unit"], said).plain() for path, said in words.items()}


def _drawn(scenario: Scenario) -> dict[str, Sequence[Any]]:
    who = range(scenario.n_replicates)
    own = [draws(scenario, replicate) | entry(scenario, replicate) for replicate in who]
    return {"replicate": who} | _ids(scenario, who) | {name: [values[name] for values in own] for name in own[0]}


def _ids(scenario: Scenario, replicates: Iterable[int]) -> dict[str, list[str]]:
    """Return who some patients are in the user's own table, or their numbers there."""
    table = table_of(scenario)
    if table is None:
        return {}
    is_told = not scenario.cohort.anonymise
    return {"id": [table.patients[own].id if is_told else str(own + 1) for own in replicates]}


def _joined(found: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, what stands in mappings of the same name joined."""
    both = {name: _joined(found[name], more[name]) for name in found if isinstance(more.get(name), Mapping)}
    return {**found, **more, **both}


def _stopped(wells: Mapping[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return when each well of each arm was stopped, h, null where it was not; nothing where none is to be."""
    if not scenario.until:
        return {}
    names = dict.fromkeys(subject.arm for subject in subjects(scenario))
    times = {arm: [wells[f"{arm}-r{k}"]["stopped_h"] for k in range(scenario.n_replicates)] for arm in names}
    return {"stopped": {"until": scenario.until, "at_h": times}}


def _worst(wells: Mapping[str, Any]) -> dict[str, float]:
    """Return the largest error of each balance over all subjects."""
    worst: dict[str, float] = {}
    for record in wells.values():
        for name, error in record["conservation"].items():
            worst[name] = max(worst.get(name, 0.0), abs(error))
    return worst
