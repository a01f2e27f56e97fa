"""What a study file may say: a base scenario, a design over it, seeds, and the numbers to look at."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError, ResourceRefused, nearest
from abm.core.names import Name
from abm.core.par import Model, par, plain, refusal
from abm.document.load import Document, apply_overrides, named_file, placing, resolve, validate
from abm.document.overrides import overwritten
from abm.document.reading import Keys, value_at
from abm.readouts.readout import measures_of
from abm.results.study import Row
from abm.scenario.controls import controls
from abm.scenario.draws import check_cohort, fault_of_drawn, is_idle
from abm.scenario.from_file import check_arms, checked, load_scenario, named
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.study.columns import Columns
from abm.study.design import AnyDesign, Drawn, Listed, Point, range_of
from abm.study.rows import ARM, REPLICATE, base_hash, row_hash, scenario_at

MAX_ROWS = 10_000_000


class Study(Model):
    """A family of runs: rows are the design's points times the seeds.

    Every point sees the same seeds, so that points differ by what was changed and not by luck.
    """

    name: Name = "study"
    title: str = ""
    question: str = ""
    base: str
    set: dict[str, Any] = Field(default_factory=dict)
    design: AnyDesign
    seeds: tuple[int, ...] = par((1, 2, 3), "1", "design: as many as tell noise from effect", "Seeds", ge=0, le=2**63)
    summaries: tuple[str, ...] = Field(("both.survival",), min_length=1)
    budget: float = par(72.0, "h", "design: a long weekend", "Longest time to spend", gt=0, le=1e5)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        faults = [] if self.seeds else [Fault("no seeds", "seeds", allowed="at least one")]
        for name, given in (("seeds", self.seeds), ("summaries", self.summaries)):
            twice = [index for index, value in enumerate(given) if value in given[:index]]
            faults += [Fault(f"{given[i]} twice", f"{name}.{i}", allowed="each of them once") for i in twice]
        if "seed" in self.set:
            faults.append(Fault("'seed' cannot be set", "set.seed", allowed="'seeds:' of the study"))
        faults += overwritten(self.set, "set")
        if faults:
            raise refusal(*faults)
        return self


@dataclass(frozen=True)
class Planned:
    """A study with its base scenario at hand."""

    study: Study
    base: Scenario
    text: str

    @property
    def n_rows(self) -> int:
        """Return how many rows the plan has."""
        return self.study.design.n_points() * len(self.study.seeds)

    @property
    def paths(self) -> list[str]:
        """Return the paths that points change."""
        return self.study.design.paths

    def points(self) -> Iterator[Point]:
        """Yield what each point changes."""
        yield from self.study.design.points(json.loads(self.text))

    @cached_property
    def columns(self) -> Columns:
        """Return how the table shows what points change."""
        return Columns(json.loads(self.text), self.paths)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the plan: seeds side by side at every point."""
        own, identity = base_hash(self.text), 0
        for point in self.points():
            for seed in self.study.seeds:
                yield {"id": identity, "seed": seed, "hash": row_hash(own, point, seed), "point": point}
                identity += 1


def load_study(path: str | Path, sets: tuple[str, ...] = ()) -> Planned:
    """Read a study file, its base scenario, and hold every axis against it.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    ResourceRefused
        More rows than a plan may have.
    """
    document = resolve(path, sets, Study, names=RENAMED)
    own = _base(validate(Study, document), document)
    document = RENAMED.read(document, plain(own))
    study = named(validate(Study, document), document)
    with placed_in_set(study.set, document):
        data = apply_overrides(plain(own), study.set, Scenario)
        base = checked(Document(study.base, data, reach=document.reach)).telling((*own.told, *document.warnings))
        _refuse_drawn(base, study.set)
        _refuse_unstated(base)
    planned = Planned(study, base, json.dumps(data))
    if planned.n_rows > MAX_ROWS:
        raise ResourceRefused(f"{path}: the design has {planned.n_rows:.3g} rows; allowed: at most {MAX_ROWS:.0e}")
    _check(planned, document)
    return planned


def _refuse_unstated(base: Scenario) -> None:
    """Refuse a base whose number of replicates, or whose length, hangs on its results."""
    if base.precise_to:
        text, allowed = "a study runs as many replicates as are stated", "a number, such as set: {replicates: 5}"
        raise InputError(Fault(text, "replicates", allowed=allowed))
    if base.until:
        raise InputError(Fault("a study runs wells to their end", "until", allowed="set: {until: null}"))


def _base(study: Study, document: Document) -> Scenario:
    return load_scenario(named_file(document, ("base",)), reach=document.reach)


@contextmanager
def placed_in_set(changes: Mapping[str, Any], document: Document) -> Iterator[None]:
    """Give faults of the changed base the file and line of the entry of ``set`` that they come from."""
    try:
        yield
    except InputError as error:
        raise InputError(*(_of_change(document, ("set",), changes, fault) for fault in error.faults)) from None


def _of_change(document: Document, place: Keys, changes: Mapping[str, Any], fault: Fault) -> Fault:
    """Return a fault of a changed scenario where the change that it comes from stands, below a place."""
    near = [path for path in changes if _is_along(fault.path, path) or _is_along(path, fault.path)]
    has_them = isinstance(value_at(document.data, place), Mapping)
    here = (*place, max(near, key=len)) if near and has_them else place
    message = fault.message if fault.path in here else f"{fault.path}: {fault.message}"
    return document.fault(here, message, fault.allowed, fault.nearest)


def _is_along(path: str, above: str) -> bool:
    return f"{path}.".startswith(f"{above}.")


def _check(planned: Planned, document: Document) -> None:
    """Validate on the base every listed point, every listed value and both ends of every range."""
    faults = [fault for name in planned.study.summaries for fault in _summary_faults(planned, document, name)]
    seen = set()
    for place, point in _samples(planned, document, faults):
        if (own := _known_by(point)) in seen:
            faults.append(document.fault(place, "the same as one before it", "each of them once"))
            continue
        seen.add(own)
        try:
            _check_point(planned, point)
        except InputError as error:
            faults += [_of_change(document, place, point, fault) for fault in error.faults]
    if faults:
        raise InputError(*faults)


def _summary_faults(planned: Planned, document: Document, name: str) -> Iterator[Fault]:
    arm, _, measure = name.partition(".")
    place = ("summaries", planned.study.summaries.index(name))
    if arm not in planned.base.arms:
        yield document.fault(place, f"no arm '{arm}'", ", ".join(planned.base.arms), nearest(arm, planned.base.arms))
    elif (measures := measures_of(planned.base.readouts)).find(measure) is None:
        known = [one.name for one in measures]
        yield document.fault(place, f"no measure '{measure}'", ", ".join(known), nearest(measure, known))
    elif not controls(planned.base)[arm] and any(measure in one.relative for one in planned.base.readouts):
        yield document.fault(place, f"'{arm}' has no control that '{measure}' is relative to", "an arm with a control")


def _known_by(point: Point) -> frozenset[tuple[str, Any]]:
    """Return the key under which points that make the same changes are known."""
    return frozenset(
        (path, json.dumps(value, sort_keys=True) if isinstance(value, dict | list | tuple) else value)
        for path, value in point.items()
    )


def _check_point(planned: Planned, point: Point) -> None:
    arm, replicate, n = point.get(ARM), point.get(REPLICATE, 0), planned.base.n_replicates
    if arm is not None and arm not in planned.base.arms:
        raise InputError(Fault(f"no arm {arm!r}", ARM, allowed=", ".join(planned.base.arms)))
    if isinstance(replicate, bool) or replicate not in range(n):
        raise InputError(Fault(f"no replicate {replicate!r}", REPLICATE, allowed=f"0 to {n - 1}"))
    changed = scenario_at(planned.text, point, planned.study.seeds[0])
    _refuse_drawn(changed, point)
    document = Document("row", plain(changed))
    check_arms(changed, document)
    check_cohort(changed, document)


def _refuse_drawn(scenario: Scenario, changes: Mapping[str, Any]) -> None:
    """Refuse changes of what is drawn for every patient: they would be shown but would have had no effect."""
    if faults := [fault_of_drawn(scenario, path) for path in changes if is_idle(scenario, path)]:
        raise InputError(*faults)


def _samples(planned: Planned, document: Document, faults: list[Fault]) -> Iterator[tuple[Keys, Point]]:
    """Yield places of the file and the points to try that stand there; add what is wrong with the ranges.

    Of listed points all, of axes each value alone, or both ends of the range.
    """
    design, data = planned.study.design, json.loads(planned.text)
    if isinstance(design, Listed):
        for index, point in enumerate(design.points(data)):
            yield ("design", "points", index), point
    for path, axis in design.axes.items():
        here: Keys = ("design", "axes", path)
        if axis.values and not isinstance(design, Drawn):
            items: Keys = (*here, "values") if isinstance(value_at(document.data, here), dict) else here
            for index, value in enumerate(axis.values):
                yield (*items, index), {path: value}
            continue
        try:
            with placing(document):
                own = range_of(data, path, axis)
        except InputError as error:
            faults += error.faults
            continue
        for name, share in (("lo", 0.0), ("hi", 1.0)):
            yield (*here, name), {path: own.value(share)}
