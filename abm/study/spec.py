"""What a study file may say: a base scenario, a design over it, seeds, and the numbers to look at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError, ResourceRefused, nearest
from abm.core.names import Name
from abm.core.par import Model, par, plain, refusal
from abm.results.study import Row
from abm.scenario.from_file import load_scenario, named
from abm.scenario.load import Document, apply_overrides, named_file, resolve, validate
from abm.scenario.schema import Scenario
from abm.study.design import AnyDesign, Listed, Point, range_of
from abm.study.measures import NAMES, is_measure
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
    def _has_seeds(self) -> Self:
        if not self.seeds:
            raise refusal(Fault("no seeds", "seeds", allowed="at least one"))
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
        listed = getattr(self.study.design, "points_", ())
        return list(dict.fromkeys([*self.study.design.axes, *(path for point in listed for path in point)]))

    def points(self) -> Iterator[Point]:
        """Yield what each point changes."""
        yield from self.study.design.points(json.loads(self.text))

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
    document = resolve(path, sets, Study)
    study = named(validate(Study, document), document)
    text = json.dumps(apply_overrides(plain(_base(study, document)), study.set, Scenario))
    base = scenario_at(text, {}, study.seeds[0])
    planned = Planned(study, base, text)
    if planned.n_rows > MAX_ROWS:
        raise ResourceRefused(f"{path}: the design has {planned.n_rows:.3g} rows; allowed: at most {MAX_ROWS:.0e}")
    _check(planned, document)
    return planned


def _base(study: Study, document: Document) -> Scenario:
    return load_scenario(named_file(document, ("base",)), reach=document.reach)


def _check(planned: Planned, document: Document) -> None:
    """Validate on the base every listed point, every listed value and both ends of every range."""
    faults = [fault for name in planned.study.summaries for fault in _summary_faults(planned, document, name)]
    for place, point in _samples(planned):
        try:
            _check_point(planned, point)
        except InputError as error:
            faults += [document.fault(place, f"{f.path}: {f.message}", f.allowed, f.nearest) for f in error.faults]
    if faults:
        raise InputError(*faults)


def _summary_faults(planned: Planned, document: Document, name: str) -> Iterator[Fault]:
    arm, _, measure = name.partition(".")
    place = ("summaries", planned.study.summaries.index(name))
    if arm not in planned.base.arms:
        yield document.fault(place, f"no arm '{arm}'", ", ".join(planned.base.arms), nearest(arm, planned.base.arms))
    elif not is_measure(measure):
        yield document.fault(place, f"no measure '{measure}'", ", ".join(NAMES), nearest(measure, NAMES))


def _check_point(planned: Planned, point: Point) -> None:
    arm, replicate = point.get(ARM), point.get(REPLICATE, 0)
    if arm is not None and arm not in planned.base.arms:
        raise InputError(Fault(f"no arm {arm!r}", ARM, allowed=", ".join(planned.base.arms)))
    if replicate not in range(planned.base.replicates):
        raise InputError(Fault(f"no replicate {replicate!r}", REPLICATE, allowed=f"0 to {planned.base.replicates - 1}"))
    scenario_at(planned.text, point, planned.study.seeds[0])


def _samples(planned: Planned) -> Iterator[tuple[tuple[str | int, ...], Point]]:
    """Yield places of the file with points to try: listed ones whole, of axes each value alone or both ends."""
    design, data = planned.study.design, json.loads(planned.text)
    if isinstance(design, Listed):
        for index, point in enumerate(design.points(data)):
            yield ("design", "points", index), point
    for path, axis in design.axes.items():
        ends = axis.values or [range_of(data, path, axis).value(share) for share in (0.0, 1.0)]
        for value in ends:
            yield ("design", "axes", path), {path: value}
