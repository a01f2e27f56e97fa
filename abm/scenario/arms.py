"""What an arm or a protocol adds, leaves out and changes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field, model_validator

from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.core.errors import Fault
from abm.core.names import Label
from abm.core.par import Model, par, refusal
from abm.core.words import moment, written
from abm.scenario.kinds import GIVEN, AnyAddition, kind_given
from abm.scenario.observed import Half, Observed

CHANGEABLE = ("processes", "antibodies", "serum", "covariates")


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
    ``group`` place the arm on a response curve. ``control`` is ``own`` (the same without antibody), ``none``, or an arm
    whose control it shares; left out, it is as the scenario says. ``observed`` is what was published of it.
    """

    add: tuple[AnyAddition, ...] = ()
    change: tuple[Change, ...] = ()
    without: tuple[str, ...] = ()
    set: dict[str, Any] = Field(default_factory=dict)
    control: Label = ""
    x: float | None = None
    group: Label = ""
    observed: tuple[Observed, ...] = ()

    @property
    def antibodies(self) -> list[str]:
        """Names of the antibodies given."""
        return sorted({addition.antibody for addition in self.add} - {""})

    @model_validator(mode="after")
    def _possible(self) -> "Arm":
        for index, name in enumerate(self.without):
            if name not in EFFECTORS:
                text, allowed = f"an arm cannot do without {name!r}", ", ".join(EFFECTORS)
                raise refusal(Fault(text, f"without.{index}", allowed=allowed))
        for index, addition in enumerate(self.add):
            if addition.population in self.without:
                raise refusal(Fault(f"an arm without {addition.population!r} cannot add them", f"add.{index}"))
        for name, events in (("addition", self.add), ("change", self.change)):
            times = [event.at for event in events]
            if times != sorted(times):
                place = "add" if name == "addition" else name
                raise refusal(Fault(f"{name}s are not in order of time: {times} h", place, allowed="earliest first"))
        faults = [fault for cls in GIVEN.values() for fault in cls.faults(self._given(cls.kind))]
        if faults:
            raise refusal(*(replace(fault, path=f"add.{fault.path}") for fault in faults))
        return self

    def _given(self, kind: str) -> dict[int, AnyAddition]:
        return {index: addition for index, addition in enumerate(self.add) if addition.kind == kind}

    def words(self) -> str:
        """Return what it adds, leaves out and changes: "rituximab 10 µg/mL; serum 25 %; without NK cells"."""
        parts = [addition.words() for addition in self.add]
        parts += [f"without {CELL_TYPES[name][name].words}" for name in self.without]
        parts += _settings(self.set)
        for change in self.change:
            parts += [f"from {moment(change.at)} on {text}" for text in _settings(change.set)]
        return "; ".join(parts) or "nothing added"

    def untreated(self) -> "Arm":
        """Return the same arm without antibody."""
        kept = tuple(addition for addition in self.add if not addition.antibody)
        return self.model_copy(update={"add": kept, "x": None, "group": "", "observed": ()})


def _settings(values: Mapping[str, Any]) -> list[str]:
    return [
        f"{path} = {written(value)}" if value is not None else f"{path.removeprefix('processes.')} switched off"
        for path, value in values.items()
    ]


class Axis(Model):
    """What the ``x`` of the arms stands for, and where half of the most is lysed, if that was published."""

    name: Label = Field(min_length=1)
    unit: Label = ""
    half_lysis: Half | None = None


def converted(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data of a scenario with its additions in units of their own."""
    arms = data.get("arms")
    if not isinstance(arms, Mapping):
        return dict(data)

    def own(item: Any) -> Any:
        kind = kind_given(item)
        return GIVEN[kind].converted(item, data) if isinstance(item, Mapping) and kind else item

    def arm_of(arm: Any) -> Any:
        added = arm.get("add") if isinstance(arm, Mapping) else None
        return dict(arm) | {"add": [own(item) for item in added]} if isinstance(added, list | tuple) else arm

    return dict(data) | {"arms": {name: arm_of(arm) for name, arm in arms.items()}}
