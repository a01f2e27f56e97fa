"""What a scenario file may say: the frozen, validated content of one YAML file."""

import math
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, create_model, model_validator

import abm.biology
import abm.probes
from abm.biology.antibody.antibody import Antibody
from abm.biology.cells.b_cells import BCells
from abm.biology.cells.cll_clone import CllClone
from abm.biology.cells.clone import Clone
from abm.biology.cells.nk_cells import NKCells
from abm.biology.serum import CONSTITUENTS, Serum
from abm.core.errors import Fault
from abm.core.par import Model, par, refusal
from abm.core.probe import Probe
from abm.core.process import Process, discover
from abm.core.space import Body, Floor, Mixed
from abm.scenario.cohort import Cohort, EndPoints, LymphocyteEndPoints
from abm.scenario.patients import patient_faults

PROCESSES = discover(abm.biology, Process)
ANTIBODIES = discover(abm.biology, Antibody)
PROBES = discover(abm.probes, Probe)
CELLS = ("b_cells", "nk_cells")
INHIBITORS = ("anti_cd55", "anti_cd59")
EVENTS = ("infusion", "plasmapheresis", "ibrutinib")  # what is done to a patient
CHANGEABLE = ("processes", "antibodies", "serum")
ENGINES_OWN = {"additions", "fate"}
LONGEST_CONTACT_STEP_H = 0.25
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
WHAT_IS_ADDED = "design: what the experiment adds"


class AdditionBase(Model):
    """One addition to the well, or to the patient: exactly one thing, how much of it, and when.

    An infusion may be a course: ``times`` infusions, one ``every`` so often. Ibrutinib is a daily dose until the next
    one says another; 0 mg stops it.
    """

    at: float = par(0.0, "h", WHAT_IS_ADDED, "Moment of the addition", ge=0)
    serum: float | None = par(None, "1", WHAT_IS_ADDED, "Human serum, fraction of the volume", ge=0, le=1)
    lacking: tuple[str, ...] = ()
    b_cells: int | None = par(None, "1", WHAT_IS_ADDED, "B cells", ge=0, le=10**8)
    nk_cells: int | None = par(None, "1", WHAT_IS_ADDED, "NK cells", ge=0, le=10**8)
    dheas: float | None = par(None, "uM", WHAT_IS_ADDED, "DHEAS in the well", ge=0, le=1e4)
    igg: float | None = par(None, "uM", WHAT_IS_ADDED, "IgG in the well", ge=0, le=1e4)
    anti_cd55: float | None = par(None, "1", WHAT_IS_ADDED, "Fraction of CD55 blocked", ge=0, le=1)
    anti_cd59: float | None = par(None, "1", WHAT_IS_ADDED, "Fraction of CD59 blocked", ge=0, le=1)
    infusion: float | None = par(None, "mg/m2", WHAT_IS_ADDED, "Antibody by body surface", ge=0, le=1e5)
    of: Literal["rituximab"] = "rituximab"
    over: float = par("4 h", "h", "RituxanLabel; assumed: usual rate", "Length of an infusion", gt=0, le=1000)
    times: int = par(1, "1", "design: one infusion", "Infusions of the course", ge=1, le=1000)
    every: float = par("7 d", "h", "RituxanLabel", "Time between the infusions of a course", gt=0)
    unless_progressed: bool = False
    plasmapheresis: float | None = par(None, "1", WHAT_IS_ADDED, "Fraction of the plasma replaced", ge=0, lt=1)
    ibrutinib: float | None = par(None, "mg", WHAT_IS_ADDED, "Ibrutinib by mouth each day from then on", ge=0, le=1e4)
    missed: float = par(0.0, "1", "design: every dose is taken", "Share of the daily doses missed", ge=0, le=1)

    @property
    def what(self) -> str:
        """Name of the thing added."""
        return next(name for name in ADDABLE if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_thing(self) -> "AdditionBase":
        given = [name for name in ADDABLE if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "nothing"
            raise refusal(Fault(f"an addition names one thing, found {found}", allowed=", ".join(ADDABLE)))
        known = ("complement", *CONSTITUENTS)
        for index, name in enumerate(self.lacking):
            if name not in known:
                raise refusal(Fault(f"serum has no {name!r}", f"lacking.{index}", allowed=", ".join(known)))
        if self.lacking and self.serum is None:
            raise refusal(Fault("only serum can lack something", "lacking", allowed="lacking beside serum"))
        for name in ("of", "over", "times", "every", "unless_progressed"):
            if self.infusion is None and getattr(self, name) != type(self).model_fields[name].default:
                raise refusal(Fault("only an infusion has it", name, allowed="beside infusion"))
        if self.missed and self.ibrutinib is None:
            raise refusal(Fault("only a daily dose can be missed", "missed", allowed="beside ibrutinib"))
        if self.times > 1 and self.every < self.over:
            raise refusal(Fault(f"infusions of {self.over:g} h every {self.every:g} h overlap", "every"))
        return self

    @property
    def moments(self) -> list[float]:
        """Moments at which it begins, h."""
        return [self.at + k * self.every for k in range(self.times)] if self.infusion is not None else [self.at]


if TYPE_CHECKING:
    Addition = AdditionBase
else:
    Addition = create_model(
        "Addition",
        __base__=AdditionBase,
        __doc__=AdditionBase.__doc__,
        **{
            kind: (float | None, par(None, "ug/mL", WHAT_IS_ADDED, f"{kind} in the well", ge=0, le=1e6))
            for kind in ANTIBODIES
        },
    )
ADDABLE = (*ANTIBODIES, "serum", *CELLS, "dheas", "igg", *INHIBITORS, *EVENTS)


class Change(Model):
    """What changes in the middle of an arm: from a moment on, dotted paths of the scenario have other values."""

    at: float = par(..., "h", "design: chosen per scenario", "Moment of the change", gt=0)
    set: dict[str, Any] = Field(min_length=1)

    @model_validator(mode="after")
    def _can_change(self) -> "Change":
        for path in self.set:
            if path.partition(".")[0] not in CHANGEABLE:
                allowed = ", ".join(f"{name}.…" for name in CHANGEABLE)
                raise refusal(Fault(f"{path!r} cannot change during a run", f"set.{path}", allowed=allowed))
        return self


class Arm(Model):
    """What one arm of the experiment adds, leaves out or changes.

    ``set`` maps dotted paths of the scenario to other values for this arm alone, ``change`` from a moment on. ``x`` and
    ``group`` place the arm on a response curve.
    """

    add: tuple[Addition, ...] = ()
    change: tuple[Change, ...] = ()
    without: tuple[str, ...] = ()
    set: dict[str, Any] = Field(default_factory=dict)
    x: float | None = None
    group: str = ""

    @property
    def antibodies(self) -> list[str]:
        """Names of the antibodies added."""
        names = {addition.of if addition.what == "infusion" else addition.what for addition in self.add}
        return sorted(names & set(ANTIBODIES))

    @model_validator(mode="after")
    def _possible(self) -> "Arm":
        if len(self.antibodies) > 1:
            raise refusal(Fault(f"an arm adds one antibody, found {' and '.join(self.antibodies)}", "add"))
        for index, name in enumerate(self.without):
            if name != "nk_cells":
                raise refusal(Fault(f"an arm cannot do without {name!r}", f"without.{index}", allowed="nk_cells"))
        for index, addition in enumerate(self.add):
            if addition.what in self.without:
                raise refusal(Fault(f"an arm without {addition.what!r} cannot add them", f"add.{index}"))
        for name, events in (("addition", self.add), ("change", self.change)):
            times = [event.at for event in events]
            if times != sorted(times):
                place = "add" if name == "addition" else name
                raise refusal(Fault(f"{name}s are not in order of time: {times} h", place, allowed="earliest first"))
        self._refuse_overlap()
        return self

    def _refuse_overlap(self) -> None:
        spans = sorted((t, t + a.over, i) for i, a in enumerate(self.add) if a.infusion is not None for t in a.moments)
        for (_, end, _), (start, _, index) in pairwise(spans):
            if start < end - 1e-9:
                text = f"an infusion at {start:g} h begins before the one before it ends ({end:g} h)"
                raise refusal(Fault(text, f"add.{index}.at", allowed="infusions one after the other"))

    def control(self) -> "Arm":
        """Return the same arm without antibody."""
        kept = tuple(a for a in self.add if a.what not in (*ANTIBODIES, "infusion"))
        return self.model_copy(update={"add": kept, "x": None, "group": ""})


class Axis(Model):
    """What the ``x`` of the arms stands for."""

    name: str
    unit: str = ""


def _one_of(kinds: dict[str, type], default: str | None = None) -> Any:
    def kind_of(value: Any) -> str | None:
        return value.get("kind", default) if isinstance(value, dict) else getattr(value, "kind", default)

    tagged = [Annotated[cls, Tag(kind)] for kind, cls in kinds.items()]
    return Annotated[reduce(or_, tagged), Discriminator(kind_of)]


if TYPE_CHECKING:
    AnyProcess = Process
    AnySpace = Floor | Mixed | Body
    AnyBCells = BCells | Clone | CllClone
    AnyEndPoints = EndPoints | LymphocyteEndPoints
    Probes = Model
    Antibodies = Model
else:
    AnyProcess = _one_of(PROCESSES)
    AnySpace = _one_of({"floor": Floor, "mixed": Mixed, "body": Body})
    AnyBCells = _one_of({"b_cells": BCells, "clone": Clone, "cll_clone": CllClone}, "b_cells")
    AnyEndPoints = _one_of({"igm": EndPoints, "lymphocytes": LymphocyteEndPoints}, "igm")
    seen = {kind: (cls | None, None) for kind, cls in PROBES.items()}
    seen["counts"] = (PROBES["counts"] | None, PROBES["counts"](every="15 min"))
    Probes = create_model("Probes", __base__=Model, __doc__="What is observed, and when.", **seen)
    drugs = {kind: (cls, cls()) for kind, cls in ANTIBODIES.items()}
    Antibodies = create_model("Antibodies", __base__=Model, __doc__="Antibodies by name.", **drugs)


class Populations(Model):
    """Cells at the start."""

    b_cells: AnyBCells = BCells()
    nk_cells: NKCells | None = None


class Scenario(Model):
    """One experiment: cells, processes, arms, and how long and how finely it is simulated."""

    name: Name = "scenario"
    title: str = ""
    question: str = ""
    seed: int = par(1, "1", "design: any number; stated with every result", "Seed", ge=0, le=2**64 - 1)
    replicates: int = par(1, "1", "design: wells per arm", "Replicates", ge=1, le=10_000)
    duration: float = par(24.0, "h", "design: long assay", "Duration", gt=0, le=24 * 365 * 100)
    dt: float = par(1.0 / 60.0, "h", "design: halving moves survival by less than 0.5 points", "Step", gt=1e-6, le=24)
    checkpoint_every: float = par(6.0, "h", "design: about four in a long assay", "Time between checkpoints", gt=0)
    space: AnySpace = Floor()
    serum: Serum = Serum()
    antibodies: Antibodies = Antibodies()
    populations: Populations = Populations()
    processes: dict[Name, AnyProcess] = Field(default_factory=dict)
    arms: dict[Name, Arm] = Field(default_factory=lambda: {"arm": Arm()}, min_length=1)
    probes: Probes = Probes()
    x_axis: Axis | None = None
    cohort: Cohort | None = None
    end_points: AnyEndPoints | None = None

    def counts(self) -> dict[str, int]:
        """Return how many agents of each population there are at the start."""
        found: dict[str, int] = {}
        for name in CELLS:
            cell_type = getattr(self.populations, name)
            if cell_type is not None:
                found[name] = cell_type.count(found)
        return found

    @property
    def is_patient(self) -> bool:
        """Whether it is about patients; else about culture wells."""
        return self.space.kind == "body"

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        faults = [*self._own_faults(), *self._time_faults(), *self._arm_faults(), *self._order_faults()]
        faults += [*self._space_faults(), *self._scale_faults()]
        if faults:
            raise refusal(*faults)
        return self

    def _own_faults(self) -> list[Fault]:
        names = sorted(ENGINES_OWN & set(self.processes))
        return [Fault(f"the engine has a process {name!r} of its own", f"processes.{name}") for name in names]

    def _time_faults(self) -> list[Fault]:
        faults = []
        if self.dt > self.duration:
            faults.append(Fault(f"dt {self.dt:g} h is longer than the duration {self.duration:g} h", "dt"))
        meets = next((name for name, process in self.processes.items() if hasattr(process, "contact_um")), None)
        if meets and self.dt > LONGEST_CONTACT_STEP_H:
            allowed = f"at most {LONGEST_CONTACT_STEP_H:g} h with such a process"
            faults.append(Fault(f"a step of {self.dt:g} h is too long for {meets!r}", "dt", allowed=allowed))
        if self.duration / self.dt > 1e7:
            faults.append(Fault(f"{self.duration / self.dt:.3g} steps", "dt", allowed="at most 1e7 steps"))
        for name in PROBES:
            probe = getattr(self.probes, name)
            if probe is None:
                continue
            if probe.every is not None and not _is_multiple(probe.every, self.dt):
                faults.append(Fault(f"{probe.every:g} h is no multiple of dt {self.dt:g} h", f"probes.{name}.every"))
            late = [t for t in probe.at if not 0 <= t <= self.duration]
            if late:
                faults.append(
                    Fault(f"{late[0]:g} h is outside the run", f"probes.{name}.at", allowed=f"0 to {self.duration:g} h")
                )
        return faults

    def _arm_faults(self) -> list[Fault]:
        faults = []
        for name, arm in self.arms.items():
            for index, addition in enumerate(arm.add):
                place = f"arms.{name}.add.{index}"
                what = "an infusion" if addition.what == "infusion" else "an addition"
                faults += _late(what, addition.moments[-1], place, self.duration)
                if addition.what in CELLS and getattr(self.populations, addition.what) is None:
                    faults.append(Fault(f"the scenario has no population {addition.what!r}", place))
            for index, change in enumerate(arm.change):
                faults += _late("a change", change.at, f"arms.{name}.change.{index}", self.duration)
        return faults

    def _order_faults(self) -> list[Fault]:
        """Inside a phase, what writes a column of the moment must come before what reads it."""
        faults, items = [], list(self.processes.items())
        fleeting = {f"{owner}.{c.name}" for p in self.processes.values() for owner, c in p.columns if c.resets}
        for late, (writer, process) in enumerate(items):
            for reader, earlier in items[:late]:
                clash = fleeting & set(process.writes) & (set(earlier.reads) - set(earlier.writes))
                if earlier.phase == process.phase and clash:
                    faults.append(
                        Fault(
                            f"{reader!r} reads {sorted(clash)[0]} before {writer!r} writes it",
                            f"processes.{writer}",
                            allowed=f"{writer!r} above {reader!r}",
                        )
                    )
        return faults

    def _scale_faults(self) -> list[Fault]:
        """Hold processes, cells and events against where they are: a culture well or a patient."""
        faults, where = [], "a patient" if self.is_patient else "a culture well"
        if isinstance(self.populations.b_cells, Clone) != self.is_patient:
            text = f"{self.populations.b_cells.kind} do not live in {where}"
            allowed = "clone, cll_clone" if self.is_patient else "b_cells"
            faults.append(Fault(text, "populations.b_cells.kind", allowed=allowed))
        for name, process in self.processes.items():
            if process.scale == ("well" if self.is_patient else "body"):
                faults.append(Fault(f"{name!r} has no place in {where}", f"processes.{name}"))
        known = EVENTS if self.is_patient else tuple(name for name in ADDABLE if name not in EVENTS)
        for name, arm in self.arms.items():
            for index, addition in enumerate(arm.add):
                if addition.what not in known:
                    text = f"{addition.what!r} cannot be added to {where}"
                    faults.append(Fault(text, f"arms.{name}.add.{index}", allowed=", ".join(known)))
        if not self.is_patient and getattr(self.probes, "counts", None) is None:
            faults.append(Fault("nobody counts the cells", "probes.counts", allowed="{every: 15 min}"))
        return [*faults, *(patient_faults(self) if self.is_patient else ())]

    def _space_faults(self) -> list[Fault]:
        faults = [
            Fault(f"{place:g} um is off the floor", f"processes.{name}.{axis}", allowed=f"0 to {self.space.side:g} um")
            for name, source in self.processes.items()
            for axis in ("x_um", "y_um")
            if (place := getattr(source, axis, None) or 0.0) > self.space.side
        ]
        if self.is_patient:
            return faults
        contact = max((p.contact_um for p in self.processes.values() if hasattr(p, "contact_um")), default=10.0)
        if self.space.side < 2 * contact:
            text = f"a floor of {self.space.side:g} um is smaller than a cell's contact ({2 * contact:g} um)"
            faults.append(Fault(text, "space.side", allowed=f"at least {2 * contact:g} um"))
        return faults


def _late(what: str, t_h: float, place: str, end_h: float) -> list[Fault]:
    text = f"{what} at {t_h:g} h is outside the run"
    return [Fault(text, f"{place}.at", allowed=f"before {end_h:g} h")] if t_h >= end_h else []


def _is_multiple(period: float, dt: float) -> bool:
    return math.isclose(period / dt, round(period / dt), rel_tol=1e-9, abs_tol=1e-9) and round(period / dt) >= 1
