"""Designs: which points of the parameter space a study visits.

An axis is a dotted path of the scenario with its values, or a range from which values are drawn; without either, the
parameter's own bounds are the range. ``arm`` and ``replicate`` are axes too: they choose wells.
"""

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import scipy  # its parts are imported where they are first used: they are slow
from pydantic import Discriminator, Field, Tag, model_validator

from abm.biology.populations import CELL_TYPES
from abm.core.errors import Fault, InputError
from abm.core.par import Model, bounds_text, kind_of, par, refusal
from abm.core.units import UnitError, quantity_text
from abm.document.load import apply_overrides
from abm.document.overrides import overwritten
from abm.document.reading import keys_in
from abm.scenario.known import parameter_at
from abm.scenario.quantity import uniform_between
from abm.scenario.schema import Scenario
from abm.study.axis import Axis
from abm.study.rows import ARM, LOOKS, REPLICATE
from abm.study.sensitivity import FEWEST_POINTS, FEWEST_TRAJECTORIES

Point = dict[str, Any]
CHOSEN = "design: what the study visits"
NO_AXES = {
    LOOKS: "a parameter; moments of looking stand in 'probes'",
    "seed": "a parameter; every point sees the same seeds, those of 'seeds:'",
    **dict.fromkeys(("name", "title", "question"), "a parameter; a scenario's words change nothing"),
}
WORDS = {
    "cd20": "CD20 per cell", "cd55": "CD55", "cd59": "CD59", 
    "c3b": "C3b", "mac": "MAC", "igg": "IgG", "igm": "IgM", "dheas": "DHEAS",
    **{name: kinds[name].words for name, kinds in CELL_TYPES.items()},
}  # fmt: skip


class Range(Model):
    """A range in the unit of a parameter: where a number between 0 and 1 becomes a value.

    On the inverse scale it is one over the value that is even, and 0 is the highest value: so half-saturations are
    strengths from none upwards.
    """

    path: str
    lo: float
    hi: float
    scale: Literal["linear", "log", "inverse"]
    unit: str = ""
    is_whole: bool = False

    def value(self, share: float) -> Any:
        """Return the value at a share of the range, as a scenario takes it."""
        number = self.number(share)
        return quantity_text(number, self.unit) if self.unit else number

    def number(self, share: float) -> float:
        """Return the number at a share of the range."""
        if self.scale == "linear":
            return uniform_between((self.lo, self.hi), share, self.is_whole)
        if self.scale == "log":
            found = math.exp(math.log(self.lo) + share * (math.log(self.hi) - math.log(self.lo)))
        else:
            found = 1.0 / (1.0 / self.hi + share * (1.0 / self.lo - 1.0 / self.hi))
        return round(found) if self.is_whole else found


class Design(Model):
    """Points to visit; a study's rows are its points times its seeds."""

    kind: str
    axes: dict[str, Axis] = Field(min_length=1)
    is_drawn: ClassVar = False

    @property
    def paths(self) -> list[str]:
        """Return the paths that points change."""
        return list(self.axes)

    @abstractmethod
    def n_points(self) -> int:
        """Return how many points there are."""

    @abstractmethod
    def points(self, base: Mapping[str, Any]) -> Iterator[Point]:
        """Yield what each point changes in a base scenario.

        Raises
        ------
        InputError
            A path leads nowhere, or has no range.
        """

    @model_validator(mode="after")
    def _has_values(self) -> "Design":
        faults = [
            Fault("an axis of this design needs values", f"axes.{path}", allowed="a list")
            for path, axis in self.axes.items()
            if not axis.values and not self.is_drawn
        ]
        faults += [fault for path in self.axes for fault in no_axis(path, f"axes.{path}")]
        faults += overwritten(self.axes, "axes")
        if faults:
            raise refusal(*faults)
        return self


class Listed(Design):
    """Points one by one."""

    kind: Literal["list"] = "list"
    axes: dict[str, Axis] = Field(default_factory=dict)
    points_: tuple[dict[str, Any], ...] = Field(alias="points", min_length=1)

    @model_validator(mode="after")
    def _only_parameters(self) -> "Listed":
        faults = [Fault("a list of points has no axes", "axes", allowed="points")] if self.axes else []
        for index, point in enumerate(self.points_):
            faults += [fault for path in point for fault in no_axis(path, f"points.{index}.{path}")]
            faults += overwritten(point, f"points.{index}")
        if faults:
            raise refusal(*faults)
        return self

    @property
    def paths(self) -> list[str]:
        """Return the paths of all points."""
        return list(dict.fromkeys(path for point in self.points_ for path in point))

    def n_points(self) -> int:
        """Return the length of the list."""
        return len(self.points_)

    def points(self, base: Mapping[str, Any]) -> Iterator[Point]:
        """Yield the points as listed."""
        yield from (dict(point) for point in self.points_)


class Factorial(Design):
    """Every combination of the axes' values, the last axis fastest."""

    kind: Literal["factorial"] = "factorial"

    def n_points(self) -> int:
        """Return the product of the axes' lengths."""
        return math.prod(len(axis.values) for axis in self.axes.values())

    def points(self, base: Mapping[str, Any]) -> Iterator[Point]:
        """Yield the combinations."""
        for values in itertools.product(*(axis.values for axis in self.axes.values())):
            yield dict(zip(self.axes, values, strict=True))


class OneAtATime(Design):
    """The base, then one axis at a time through its values, or over its range."""

    kind: Literal["one_at_a_time"] = "one_at_a_time"
    is_drawn: ClassVar = True

    def n_points(self) -> int:
        """Return one more than the number of values."""
        return 1 + sum(len(axis.values) or 2 for axis in self.axes.values())

    def points(self, base: Mapping[str, Any]) -> Iterator[Point]:
        """Yield the base as it is, then the axes in turn."""
        yield {}
        for path, axis in self.axes.items():
            ends = axis.values or [range_of(base, path, axis).value(share) for share in (0.0, 1.0)]
            yield from ({path: value} for value in ends)


class Drawn(Design):
    """Points drawn from the ranges of the axes."""

    is_drawn: ClassVar = True
    n: int = par(..., "1", CHOSEN, "Points to draw", ge=1, le=10**7)
    fewest: ClassVar = 1
    draw_seed: int = par(1, "1", "design: any number", "Seed of the drawing", ge=0, le=2**32 - 1)

    def n_points(self) -> int:
        """Return how many are drawn."""
        return self.n

    def ranges(self, base: Mapping[str, Any]) -> list[Range]:
        """Return the range of every axis."""
        return ranges(base, self.axes)

    def points(self, base: Mapping[str, Any]) -> Iterator[Point]:
        """Yield the points in the order they are drawn."""
        own = self.ranges(base)
        for row in self.shares(len(own)):
            yield {r.path: r.value(share) for r, share in zip(own, row, strict=True)}

    @abstractmethod
    def shares(self, n_axes: int) -> np.ndarray:
        """Return the points in the unit cube, shape (points, axes)."""

    @model_validator(mode="after")
    def _enough(self) -> "Drawn":
        if self.n < self.fewest:
            text = f"found {self.n}, too few for the indices of this design"
            raise refusal(Fault(text, "n", allowed=f"at least {self.fewest}"))
        return self


class LatinHypercube(Drawn):
    """Every axis cut into as many equal parts as there are points, one point in each."""

    kind: Literal["latin_hypercube"] = "latin_hypercube"

    def shares(self, n_axes: int) -> np.ndarray:
        """Draw by SciPy."""
        return scipy.stats.qmc.LatinHypercube(n_axes, rng=np.random.default_rng(self.draw_seed)).random(self.n)


class Sobol(Drawn):
    """A scrambled Sobol' sequence, a power of two long."""

    kind: Literal["sobol"] = "sobol"

    def shares(self, n_axes: int) -> np.ndarray:
        """Draw by SciPy."""
        return scipy.stats.qmc.Sobol(n_axes, rng=np.random.default_rng(self.draw_seed)).random(self.n)

    @model_validator(mode="after")
    def _power_of_two(self) -> "Sobol":
        if self.n & (self.n - 1):
            near = 2 ** round(math.log2(self.n))
            raise refusal(Fault(f"found {self.n}", "n", allowed="a power of two", nearest=str(near)))
        return self


class Saltelli(Sobol):
    """What Sobol' indices need: two samples A and B of ``n`` points, and A with each axis in turn taken from B."""

    kind: Literal["saltelli"] = "saltelli"
    fewest: ClassVar = FEWEST_POINTS

    def n_points(self) -> int:
        """Return n times the number of axes and two more."""
        return self.n * (len(self.axes) + 2)

    def shares(self, n_axes: int) -> np.ndarray:
        """Draw A and B as the halves of one sequence."""
        both = scipy.stats.qmc.Sobol(2 * n_axes, rng=np.random.default_rng(self.draw_seed)).random(self.n)
        a, b = both[:, :n_axes], both[:, n_axes:]
        mixed = [np.where(np.arange(n_axes) == i, b, a) for i in range(n_axes)]
        return np.concatenate([a, b, *mixed])


class Morris(Drawn):
    """``n`` trajectories on a grid of four levels, each changing every axis once."""

    kind: Literal["morris"] = "morris"
    fewest: ClassVar = FEWEST_TRAJECTORIES
    levels: int = par(4, "1", "design: Morris's own choice", "Levels of the grid", ge=2, le=100)

    def n_points(self) -> int:
        """Return the length of all trajectories."""
        return self.n * (len(self.axes) + 1)

    @model_validator(mode="after")
    def _even(self) -> "Morris":
        if self.levels % 2:
            raise refusal(Fault(f"found {self.levels}: steps miss the grid", "levels", allowed="an even number"))
        return self

    def shares(self, n_axes: int) -> np.ndarray:
        """Draw by SALib."""
        try:
            from SALib.sample import morris
        except ModuleNotFoundError as error:
            raise InputError(f"the design 'morris' needs {error.name}: pip install 'antibody-abm[fit]'") from None
        problem = {"num_vars": n_axes, "names": list(range(n_axes)), "bounds": [[0.0, 1.0]] * n_axes}
        return morris.sample(problem, self.n, num_levels=self.levels, seed=self.draw_seed)


AnyDesign = Annotated[
    Annotated[Listed, Tag("list")]
    | Annotated[Factorial, Tag("factorial")]
    | Annotated[OneAtATime, Tag("one_at_a_time")]
    | Annotated[LatinHypercube, Tag("latin_hypercube")]
    | Annotated[Sobol, Tag("sobol")]
    | Annotated[Saltelli, Tag("saltelli")]
    | Annotated[Morris, Tag("morris")],
    Discriminator(kind_of),
]


def no_axis(path: str, place: str) -> list[Fault]:
    """Return what is wrong with varying a path that is no parameter."""
    return [Fault(f"'{path}' cannot vary", place, allowed=NO_AXES[path])] if path in NO_AXES else []


def ranges(base: Mapping[str, Any], axes: Mapping[str, Axis], place: str = "design.axes") -> list[Range]:
    """Return the range of every axis; all axes without one are reported at once, with their place in the file."""
    found, faults = [], []
    for path, axis in axes.items():
        try:
            found.append(range_of(base, path, axis, place))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(*faults)
    return found


def label(base: Mapping[str, Any], path: str) -> str:
    """Return what an axis is called in figures: the parameter's own words with its unit, and where it stands."""
    known, keys = _parameter(base, path), tuple(map(str, keys_in(base, path)))
    if not known:
        return path
    owner = keys[-2] if len(keys) > 1 else ""
    owner = label(base, owner) if "." in owner else WORDS.get(owner, owner.replace("_", " "))
    unit = "" if known["unit"] == "1" else f" ({known['unit']})"
    words = {"median": "median", "sigma": "spread, log SD"}.get(keys[-1], known["description"])
    return f"{owner}: {words}{unit}".removeprefix(": ")


def range_of(base: Mapping[str, Any], path: str, axis: Axis, place: str = "design.axes") -> Range:
    """Return an axis as a range, with the parameter's own bounds where it gives none.

    Raises
    ------
    InputError
        The path is no number of the scenario, an end has no unit or is out of bounds, or there is no range.
    """
    here = f"{place}.{path}"
    if path in NO_AXES:
        raise InputError(*no_axis(path, here))
    try:
        apply_overrides(base, {path: None}, Scenario)  # refuses a path that leads nowhere
    except InputError as error:
        raise InputError(*(replace(fault, path=here) for fault in error.faults)) from None
    known = _parameter(base, path)
    if not known:
        raise InputError(Fault("no number with a range", here, allowed="a list of values"))
    return range_within(known, path, axis, here)


def range_within(known: Mapping[str, Any], path: str, axis: Axis, here: str) -> Range:
    """Return an axis as a range of a parameter of which :func:`abm.scenario.known.parameter_at` knows this.

    Raises
    ------
    InputError
        As :func:`range_of`, where the axis stands: an end has no unit or is out of bounds, or there is no range.
    """
    if axis.values:
        raise InputError(Fault("found values where points are drawn", here, allowed="lo and hi"))
    lo = _end(axis.lo, known, ("ge", "gt"), f"{here}.lo")
    hi = _end(axis.hi, known, ("le", "lt"), f"{here}.hi")
    if lo is None or hi is None or not lo < hi:
        shown = bounds_text(known, known["unit"]) or "none"
        raise InputError(Fault(f"the range from {lo} to {hi} is no range", here, allowed=f"lo < hi; bounds: {shown}"))
    if axis.scale != "linear" and lo <= 0:
        kind = "a logarithmic" if axis.scale == "log" else "an inverse"
        raise InputError(Fault(f"{kind} range cannot start at {lo:g}", here, allowed="lo above 0"))
    unit = "" if known["takes_bare"] else known["unit"]
    return Range(path=path, lo=lo, hi=hi, scale=axis.scale, unit=unit, is_whole=known["is_whole"])


def _end(given: float | str | None, known: Mapping[str, Any], bounds: tuple[str, str], place: str) -> float | None:
    if given is None:
        return next((float(known[name]) for name in bounds if known.get(name) is not None), None)
    try:
        found = known["read"](given)
    except UnitError as error:
        raise InputError(Fault(str(error), place, allowed=error.allowed, nearest=error.nearest)) from None
    if isinstance(found, str) or (known["is_whole"] and not float(found).is_integer()):
        raise InputError(Fault(f"found {given}", place, allowed="a whole number" if known["is_whole"] else "a number"))
    return float(found)


def _parameter(base: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {} if path in (ARM, REPLICATE) else parameter_at(base, path)
