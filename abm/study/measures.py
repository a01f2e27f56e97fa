"""Plain numbers of a finished well or patient, for sweeps to tabulate and claims to be compared with."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from abm.core.clock import H_PER_D
from abm.core.measure import Measures
from abm.core.probe import own
from abm.core.simulation import Simulation
from abm.readouts.over_subjects import event_times, mean_of_known, over_subjects
from abm.readouts.readout import Found, Readout, Seen, measures_of
from abm.scenario.build import Subject, arm_of
from abm.scenario.controls import CONTROL, controls
from abm.scenario.draws import patient_of
from abm.scenario.schema import Scenario
from abm.statistics.survival import kaplan_meier

Looks = dict[float, Found]  # of a subject, by moment in hours


def measured(scenario: Scenario, subject: Subject, simulation: Simulation, place: int = 0) -> Found:
    """Return what a well, or the patient at a place of a stack, shows at the end."""
    world, given = simulation.world, arm_of(scenario, subject).add
    who = patient_of(scenario, subject.replicate).covariates
    seen = Seen(_Rows(simulation, place), given, *world.subjects[place], world.of(place, is_over=True), who)
    return {name: value for readout in scenario.readouts for name, value in readout.of_subject(seen).items()}


class _Rows(Sequence[Mapping[str, float]]):
    """The looks at a subject, put together when one is asked for."""

    def __init__(self, simulation: Simulation, place: int):
        self.simulation, self.place = simulation, place

    @cached_property
    def _rows(self) -> list[dict[str, float]]:
        return [row for _, row in _series(self.simulation, self.place)]

    def __getitem__(self, at: Any) -> Any:
        return self._rows[at]

    def __len__(self) -> int:
        return len(self._rows)


def looked(scenario: Scenario, simulation: Simulation, place: int, looks_h: Sequence[float]) -> Looks:
    """Return by moment what the series shows of a subject then, and what read-outs make of that look."""
    series = _series(simulation, place)
    times_h = np.array([time_h for time_h, _ in series])
    rows = {t_h: series[int(np.abs(times_h - t_h).argmin())][1] for t_h in looks_h}
    return {
        t_h: {**row, **{name: value for one in scenario.readouts for name, value in one.at_look(row).items()}}
        for t_h, row in rows.items()
    }


def _series(simulation: Simulation, place: int) -> list[tuple[float, dict[str, float]]]:
    """Return the looks at a subject with their moments, h, in order."""
    rows: dict[int, dict[str, float]] = {}
    for name, probe in simulation.probes.items():
        if probe.table == "series":
            for step, row in simulation.records[name].items():
                rows.setdefault(step, {}).update(own(row, place))
    return [(float(simulation.grid_h[step]), rows[step]) for step in sorted(rows)]


def of_arms(
    found: Mapping[str, Sequence[Found]], control_of: Mapping[str, str], readouts: Sequence[Readout]
) -> dict[str, float]:
    """Return ``arm.measure``, over the subjects of an arm, with what is relative to its control.

    What is relative is taken of every replicate and its own control, then the mean, as in the summary of a run.
    Subjects lie in the order of the replicates.
    """
    known = _known(tuple(readouts))
    over = {arm: over_subjects(own, known) for arm, own in found.items()}
    for arm, control in control_of.items():
        if arm in over and control in over:
            over[arm] |= _against_control(list(zip(found[arm], found[control], strict=True)), readouts)
    shown = {arm: own for arm, own in over.items() if not arm.endswith(CONTROL)}
    return {f"{arm}.{name}": value for arm, own in shown.items() for name, value in sorted(own.items())}


@lru_cache(16)
def _known(readouts: tuple[Readout, ...]) -> Measures:
    return measures_of(readouts)


def at_moment(name: str, t_h: float) -> str:
    """Return what a measure is called that is told of a moment."""
    return f"{name}@{t_h:.9g}"


def of_looks(
    scenario: Scenario, ends: Mapping[str, Sequence[Found]], looks: Mapping[str, Sequence[Looks]]
) -> dict[str, float]:
    """Return ``arm.measure@moment``: over wells the mean, over patients the median, of events the share by then."""
    control_of, readouts = controls(scenario), [one for one in scenario.readouts if one.at_any_time]
    over = mean_of_known if scenario.space.has_controls else _median_of_known
    found: dict[str, float] = {}
    for arm, each in looks.items():
        for t_h in each[0]:
            here = {name: over([own[t_h].get(name, math.nan) for own in each]) for name in each[0][t_h]}
            if (control := control_of.get(arm)) in looks:
                pairs = [(own[t_h], other[t_h]) for own, other in zip(each, looks[control], strict=True)]
                here |= _against_control(pairs, readouts)
            here |= {} if arm.endswith(CONTROL) else events_by(ends[arm], scenario.readouts, t_h)
            found |= {at_moment(f"{arm}.{name}", t_h): own for name, own in here.items() if not arm.endswith(CONTROL)}
    return found


def events_by(found: Sequence[Found], readouts: Sequence[Readout], t_h: float) -> dict[str, float]:
    """Return in what share of subjects each event came by a moment, after Kaplan and Meier."""
    times = [one for readout in readouts for one in readout.measures if one.event and one.estimate == "kaplan_meier"]
    shares = {}
    for time in (one for one in times if one.name in found[0] and one.event in found[0]):
        at_d, came = event_times({name: [own[name] for own in found] for name in found[0]}, time)
        is_known = np.isfinite(at_d)
        curve = kaplan_meier(at_d[is_known], came[is_known])
        last = np.searchsorted(curve.time, t_h / H_PER_D, side="right") - 1
        shares[time.event] = float(1.0 - curve.share[last]) if is_known.any() else math.nan
    return shares


def _median_of_known(values: Sequence[float]) -> float:
    seen = [value for value in values if not math.isnan(value)]
    return float(np.median(seen)) if seen else math.nan


def _against_control(pairs: Sequence[tuple[Found, Found]], readouts: Sequence[Readout]) -> Found:
    rows = [{k: v for one in readouts for k, v in one.against_control(own, other).items()} for own, other in pairs]
    return {name: mean_of_known([row[name] for row in rows]) for name in (rows[0] if rows else ())}
