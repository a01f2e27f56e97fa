"""What is given to a well or a patient: one kind per file, found as processes are.

The YAML key that holds the amount is the kind: ``{rituximab: 10 ug/mL}``, ``{infusion: 375 mg/m2, times: 4}``.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import model_validator

from abm.core import words
from abm.core.errors import Fault
from abm.core.par import Model, par, parameter, refusal
from abm.core.units import UnitError, split_quantity, unit_of
from abm.core.world import World

Scale = Literal["well", "body"]
ROUNDING = 1e-9
WHAT_IS_GIVEN = "design: what the experiment adds"


class Dose(NamedTuple):
    """One dose as a table of doses has it, or one removal.

    Attributes
    ----------
    t_h, mg : float
        When, and how much in all.
    over_h : float
        How long it flows in; 0: at once.
    every_d : int
        Days to the next one of a regimen; 0: it stands alone.
    removed_frac : float
        Fraction of what is in plasma that it takes away.
    course : int or None
        Which of the courses that may be withheld it belongs to.
    antibody : str
        Name of the antibody that it gives, if it gives one.
    """

    t_h: float
    mg: float = 0.0
    over_h: float = 0.0
    every_d: int = 0
    removed_frac: float = 0.0
    course: int | None = None
    antibody: str = ""

    def mg_until(self, t_h: float) -> float:
        """Return how much of it has been given by a moment."""
        if not self.over_h:
            return self.mg if t_h >= self.t_h else 0.0
        return self.mg * min(max(t_h - self.t_h, 0.0), self.over_h) / self.over_h


class Addition(Model):
    """One thing given: how much of it, and when.

    A kind has a field of its own name for the amount, perhaps others that begin with it (``infusion_mg``), of which one
    is given; a text such as ``500 mg`` goes to the field of its dimension.

    Attributes
    ----------
    kind : str
        Its name, and the key of its amount in YAML.
    scale : {"well", "body", "both"}
        Where it can be given.
    needs : tuple of str
        What some process of the scenario must write.
    population : str
        Whose cells they are, if it is cells.
    conserved : tuple of str
        Pools whose molecules balance: ``x_supplied`` is ``x`` and all ``x_…`` that became of it.
    route : str
        Words of the compartment of its own from which it is taken up; the drug's, if empty.
    usual : mapping of str to str
        By scale, the amount that a viewer is offered.
    label : str
        What a report calls it; the kind, if empty.
    noun : str
        What a fault calls it.
    """

    kind: ClassVar[str]
    scale: ClassVar[Literal["well", "body", "both"]] = "well"
    needs: ClassVar[tuple[str, ...]] = ()
    population: ClassVar[str] = ""
    conserved: ClassVar[tuple[str, ...]] = ()
    route: ClassVar[str] = ""
    usual: ClassVar[Mapping[str, str]]
    label: ClassVar[str] = ""
    noun: ClassVar[str] = "an addition"

    at: float = par(0.0, "h", WHAT_IS_GIVEN, "Moment of the addition", ge=0)

    @classmethod
    def amounts(cls) -> list[str]:
        """Return the names of the fields that can hold the amount."""
        return [name for name in cls.model_fields if name == cls.kind or name.startswith(f"{cls.kind}_")]

    @classmethod
    def converted(cls, data: Mapping[str, Any], scenario: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return plain data of an addition in units of its own, where that takes what the scenario says."""
        return data

    @classmethod
    def faults(cls, given: Mapping[int, Any]) -> list[Fault]:
        """Return what is wrong with all of this kind that one arm gives, by their place in its list."""
        return []

    @classmethod
    def doses(
        cls, given: Mapping[int, Any], patient_at: Callable[[float], Any], stream: np.uint64, end_h: float
    ) -> list[Dose]:
        """Return what a patient is given of this kind.

        Parameters
        ----------
        given : mapping
            All additions of the kind, by their place among all.
        patient_at : callable
            Gives the patient's covariates at a moment.
        stream : int
            Key of the process that takes them up: whether a dose is missed.
        end_h : float
            End of the run.
        """
        return []

    @model_validator(mode="before")
    @classmethod
    def _one_amount(cls, data: Any) -> Any:
        """Take a text for the amount of its dimension: ``infusion: 500 mg`` is a flat dose."""
        if not isinstance(data, Mapping):
            return data
        found = [name for name in cls.amounts() if data.get(name) is not None]
        if len(found) > 1:
            raise refusal(Fault(f"an addition names one thing, found {' and '.join(found)}", allowed="one amount"))
        text = data.get(cls.kind)
        name = next((name for name in cls.amounts() if has_dimension_of(text, cls.unit(name))), cls.kind)
        return data if name == cls.kind else {k: v for k, v in data.items() if k != cls.kind} | {name: text}

    @classmethod
    def unit(cls, name: str) -> str:
        """Return the unit of a field."""
        return str(parameter(cls.model_fields[name])["unit"])

    @property
    def dose(self) -> str:
        """Name of the field that holds the amount."""
        return next(name for name in self.amounts() if getattr(self, name) is not None)

    @property
    def amount(self) -> float:
        """How much, in the unit of its field."""
        return getattr(self, self.dose)

    def is_for(self, scale: Scale) -> bool:
        """Whether it can be given there."""
        return self.scale in (scale, "both")

    @property
    def moments(self) -> list[float]:
        """Moments at which it begins, h."""
        return [self.at]

    @property
    def ends(self) -> list[float]:
        """Moments at which it is over, h, where it lasts."""
        return []

    @property
    def antibody(self) -> str:
        """Name of the antibody that it gives, if it gives one."""
        return ""

    @property
    def is_drug(self) -> bool:
        """Whether it treats a patient: time counts from the first of it."""
        return False

    @property
    def condition(self) -> str:
        """Name of the field that withholds it after progression, if one does."""
        return ""

    @property
    def n_cells(self) -> int:
        """How many cells it brings."""
        return 0

    def enter(self, world: World, known: Mapping[str, Model]) -> None:
        """Put it into the world at its moment, before any probe looks.

        Parameters
        ----------
        world : World
            What it enters.
        known : mapping of str to Model
            Subject, serum and antibodies as the scenario has them at that moment.
        """

    def words(self) -> str:
        """Return what a report says of it: "rituximab 10 µg/mL at 10 min"."""
        return f"{self.name} {self.amount_words()}{self.when()}"

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.label or self.kind.replace("_", " ")

    def amount_words(self) -> str:
        """Return the amount with its unit."""
        return words.quantity(self.amount, self.unit(self.dose))

    def when(self, word: str = "at", end: str = "") -> str:
        """Return when it is given, nothing at the start: " at 10 min"."""
        return f" {word} {words.moment(self.at)}{end}" if self.at else ""


def has_dimension_of(text: Any, unit: str) -> bool:
    """Whether a value is a text in a unit of the same dimension."""
    try:
        return isinstance(text, str) and unit_of(split_quantity(text, unit)[1]).powers == unit_of(unit).powers
    except UnitError:
        return False


def dissolve(world: World, name: str, nM: float) -> None:  # noqa: N803 - a unit
    """Add a concentration to the field or the pool of a name, and to the ledger of what was supplied."""
    molecules = world.pools.molecules(nM)
    world.supply(name, molecules)
    world.pools.add(f"{name}_supplied", molecules)


def above_the_whole(given: Mapping[int, Addition]) -> list[Fault]:
    """Return a fault where shares of one whole sum to more than it."""
    total = 0.0
    for index, one in given.items():
        total += one.amount
        if total > 1.0 + ROUNDING:
            text = f"{one.kind} adds up to {100 * total:g} % in this arm"
            return [Fault(text, f"{index}.{one.dose}", allowed="at most 100 % in sum")]
    return []
