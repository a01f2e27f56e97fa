"""What an arm or a protocol adds, leaves out and changes."""

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError, create_model, model_validator

import abm.biology
from abm.biology.antibody.antibody import Antibody
from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.biology.serum import CONSTITUENTS
from abm.core.errors import Fault
from abm.core.names import Label
from abm.core.par import Model, par, refusal
from abm.core.process import discover
from abm.core.units import UnitError, parse_quantity, quantity_text, split_quantity, unit_of

ANTIBODIES = discover(abm.biology, Antibody)
CELLS = tuple(CELL_TYPES)
INHIBITORS = ("anti_cd55", "anti_cd59")
INFUSIONS = ("infusion", "infusion_mg")
EVENTS = (*INFUSIONS, "plasmapheresis", "ibrutinib")  # what is done to a patient
SHARES = ("serum", *INHIBITORS)  # of the well, or of what there is to block
OF_AN_INFUSION = ("of", "over", "times", "every", "unless_progressed")
ROUNDING = 1e-9
CHANGEABLE = ("processes", "antibodies", "serum")
WHAT_IS_ADDED = "design: what the experiment adds"


class AdditionBase(Model):
    """One addition to the well, or to the patient: exactly one thing, how much of it, and when.

    An infusion is a dose by body surface or, in mg, the same for everybody; it may be a course: ``times`` infusions,
    one ``every`` so often. Ibrutinib is a daily dose until the next one says another; 0 mg stops it.
    """

    at: float = par(0.0, "h", WHAT_IS_ADDED, "Moment of the addition", ge=0)
    serum: float | None = par(None, "1", WHAT_IS_ADDED, "Human serum, fraction of the volume", ge=0, le=1)
    lacking: tuple[str, ...] = ()
    dheas: float | None = par(None, "uM", WHAT_IS_ADDED, "DHEAS in the well", ge=0, le=1e4)
    igg: float | None = par(None, "uM", WHAT_IS_ADDED, "IgG in the well", ge=0, le=1e4)
    anti_cd55: float | None = par(None, "1", WHAT_IS_ADDED, "Fraction of CD55 blocked", ge=0, le=1)
    anti_cd59: float | None = par(None, "1", WHAT_IS_ADDED, "Fraction of CD59 blocked", ge=0, le=1)
    infusion: float | None = par(None, "mg/m2", WHAT_IS_ADDED, "Antibody by body surface", ge=0, le=1e5)
    infusion_mg: float | None = par(None, "mg", WHAT_IS_ADDED, "Antibody, a flat dose", ge=0, le=1e5)
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

    @property
    def is_infusion(self) -> bool:
        """Whether it is an infusion, by body surface or flat."""
        return self.what in INFUSIONS

    @property
    def of_others(self) -> tuple[str, ...]:
        """Names of what belongs to other kinds of addition and says nothing of this one."""
        return (*(() if self.is_infusion else OF_AN_INFUSION), *(() if self.ibrutinib is not None else ("missed",)))

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        """Take ``infusion: 500 mg`` as the flat dose that it is."""
        dose = data.get("infusion") if isinstance(data, Mapping) else None
        if not isinstance(dose, str) or not _has_dimension_of(dose, "mg"):
            return data
        if data.get("infusion_mg") is not None:
            raise refusal(Fault("a dose in mg is there already", "infusion", allowed="infusion_mg alone"))
        return {key: value for key, value in data.items() if key != "infusion"} | {"infusion_mg": dose}

    @model_validator(mode="after")
    def _one_thing(self) -> "AdditionBase":
        given = [name for name in ADDABLE if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "nothing"
            raise refusal(Fault(f"an addition names one thing, found {found}", allowed=", ".join(ADDABLE)))
        self._refuse_what_belongs_to_others()
        return self

    def _refuse_what_belongs_to_others(self) -> None:
        known = ("complement", *CONSTITUENTS)
        for index, name in enumerate(self.lacking):
            if name not in known:
                raise refusal(Fault(f"serum has no {name!r}", f"lacking.{index}", allowed=", ".join(known)))
        if self.lacking and self.serum is None:
            raise refusal(Fault("only serum can lack something", "lacking", allowed="lacking beside serum"))
        for name in OF_AN_INFUSION:
            if not self.is_infusion and getattr(self, name) != type(self).model_fields[name].default:
                raise refusal(Fault("only an infusion has it", name, allowed="beside infusion"))
        if self.missed and self.ibrutinib is None:
            raise refusal(Fault("only a daily dose can be missed", "missed", allowed="beside ibrutinib"))
        if self.times > 1 and self.every < self.over:
            raise refusal(Fault(f"infusions of {self.over:g} h every {self.every:g} h overlap", "every"))

    @property
    def n_cells(self) -> int:
        """Cells that it adds."""
        return sum(getattr(self, name) or 0 for name in CELLS)

    @property
    def moments(self) -> list[float]:
        """Moments at which it begins, h."""
        return [self.at + k * self.every for k in range(self.times)] if self.is_infusion else [self.at]


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
        **{
            name: (int | None, par(None, "1", WHAT_IS_ADDED, kinds[name].words, ge=0, le=10**8))
            for name, kinds in CELL_TYPES.items()
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
    group: Label = ""

    @property
    def antibodies(self) -> list[str]:
        """Names of the antibodies added."""
        names = {addition.of if addition.is_infusion else addition.what for addition in self.add}
        return sorted(names & set(ANTIBODIES))

    @model_validator(mode="after")
    def _possible(self) -> "Arm":
        if len(self.antibodies) > 1:
            raise refusal(Fault(f"an arm adds one antibody, found {' and '.join(self.antibodies)}", "add"))
        for index, name in enumerate(self.without):
            if name not in EFFECTORS:
                text, allowed = f"an arm cannot do without {name!r}", ", ".join(EFFECTORS)
                raise refusal(Fault(text, f"without.{index}", allowed=allowed))
        for index, addition in enumerate(self.add):
            if addition.what in self.without:
                raise refusal(Fault(f"an arm without {addition.what!r} cannot add them", f"add.{index}"))
        for name, events in (("addition", self.add), ("change", self.change)):
            times = [event.at for event in events]
            if times != sorted(times):
                place = "add" if name == "addition" else name
                raise refusal(Fault(f"{name}s are not in order of time: {times} h", place, allowed="earliest first"))
        self._refuse_overlap()
        self._refuse_more_than_the_whole()
        return self

    def _refuse_overlap(self) -> None:
        spans = sorted((t, t + a.over, i) for i, a in enumerate(self.add) if a.is_infusion for t in a.moments)
        for (_, end, _), (start, _, index) in pairwise(spans):
            if start < end - 1e-9:
                text = f"an infusion at {start:g} h begins before the one before it ends ({end:g} h)"
                raise refusal(Fault(text, f"add.{index}.at", allowed="infusions one after the other"))

    def _refuse_more_than_the_whole(self) -> None:
        """Hold shares of the well, and daily doses, of which there is one at a time, against all that is added."""
        total, daily = dict.fromkeys(SHARES, 0.0), set()
        for index, addition in enumerate(self.add):
            name = addition.what
            if name in SHARES:
                total[name] += getattr(addition, name)
                if total[name] > 1.0 + ROUNDING:
                    text = f"{name} adds up to {100 * total[name]:g} % in this arm"
                    raise refusal(Fault(text, f"add.{index}.{name}", allowed="at most 100 % in sum"))
            elif name == "ibrutinib":
                if addition.at in daily:
                    raise refusal(Fault(f"two daily doses from {addition.at:g} h on", f"add.{index}.at", allowed="one"))
                daily.add(addition.at)

    def control(self) -> "Arm":
        """Return the same arm without antibody."""
        kept = tuple(a for a in self.add if a.what not in (*ANTIBODIES, *INFUSIONS))
        return self.model_copy(update={"add": kept, "x": None, "group": ""})


class Axis(Model):
    """What the ``x`` of the arms stands for."""

    name: Label = Field(min_length=1)
    unit: Label = ""


def in_mass(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data of a scenario with every molar dose of an antibody in its arms as a mass concentration."""
    arms, drugs = data.get("arms"), data.get("antibodies")
    if not isinstance(arms, Mapping):
        return dict(data)
    kDa = {kind: _kDa(kind, drugs.get(kind) if isinstance(drugs, Mapping) else None) for kind in ANTIBODIES}  # noqa: N806

    def converted(item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        molar = {kind for kind in kDa if isinstance(item.get(kind), str) and _has_dimension_of(item[kind], "nM")}
        mass = {kind: quantity_text(parse_quantity(item[kind], "ug/mL", kDa[kind]), "ug/mL") for kind in molar}
        return dict(item) | mass

    def arm_of(arm: Any) -> Any:
        added = arm.get("add") if isinstance(arm, Mapping) else None
        return dict(arm) | {"add": [converted(item) for item in added]} if isinstance(added, list | tuple) else arm

    return dict(data) | {"arms": {name: arm_of(arm) for name, arm in arms.items()}}


def _kDa(kind: str, given: Any) -> float:
    """Return an antibody's molecular weight as plain data give it, the usual one where they do not or cannot."""
    try:
        return float(ANTIBODIES[kind].model_validate(given or {}).mw_kDa)
    except ValidationError:
        return float(ANTIBODIES[kind]().mw_kDa)


def _has_dimension_of(text: str, unit: str) -> bool:
    try:
        return unit_of(split_quantity(text, unit)[1]).powers == unit_of(unit).powers
    except UnitError:
        return False
