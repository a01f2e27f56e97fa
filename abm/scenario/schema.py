"""What a scenario file may say: the frozen, validated content of one YAML file."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr, create_model, model_validator

from abm.biology.covariates import USUAL_GENOTYPE, Covariates
from abm.biology.populations import CELL_TYPES
from abm.biology.serum import Serum
from abm.core.cell_type import CellType
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.core.process import Process
from abm.core.space import Body, Floor, Mixed
from abm.readouts.readout import Readout
from abm.scenario.arms import Arm, Axis, converted
from abm.scenario.checks import consistency_faults
from abm.scenario.cohort import Cohort
from abm.scenario.kinds import ANTIBODIES, CHOSEN, PROBES, PROCESSES, READOUTS, USUAL, one_of


def _cells(population: str, kinds: dict[str, type[CellType]]) -> tuple[Any, Any]:
    """Return type and default of a population: targets are there, effectors where a scenario names them."""
    kind = one_of(kinds, population) if len(kinds) > 1 else kinds[population]
    return (kind, kinds[population]()) if kinds[population].role == "target" else (kind | None, None)


if TYPE_CHECKING:
    AnyProcess = Process
    AnySpace = Floor | Mixed | Body
    AnyEndPoints = Readout
    Populations = Model
    Probes = Model
    Antibodies = Model
else:
    AnyProcess = one_of(PROCESSES)
    AnySpace = one_of({"floor": Floor, "mixed": Mixed, "body": Body})
    AnyEndPoints = one_of(CHOSEN, USUAL)
    cells = {name: _cells(name, kinds) for name, kinds in CELL_TYPES.items()}
    Populations = create_model("Populations", __base__=Model, __doc__="Cells at the start.", **cells)
    seen = {kind: (cls | None, None) for kind, cls in PROBES.items()}
    seen["counts"] = (PROBES["counts"] | None, PROBES["counts"](every="15 min"))
    Probes = create_model("Probes", __base__=Model, __doc__="What is observed, and when.", **seen)
    drugs = {kind: (cls, cls()) for kind, cls in ANTIBODIES.items()}
    Antibodies = create_model("Antibodies", __base__=Model, __doc__="Antibodies by name.", **drugs)


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
    covariates: Covariates = Covariates()
    serum: Serum = Serum()
    antibodies: Antibodies = Antibodies()
    populations: Populations = Populations()
    processes: dict[Name, AnyProcess] = Field(default_factory=dict)
    arms: dict[Name, Arm] = Field(default_factory=lambda: {"arm": Arm()}, min_length=1)
    probes: Probes = Probes()
    x_axis: Axis | None = None
    cohort: Cohort | None = None
    end_points: AnyEndPoints | None = None
    _told: tuple[str, ...] = PrivateAttr(())

    def __eq__(self, other: object) -> bool:
        """Whether another scenario says the same, under whatever names its file said it."""
        return isinstance(other, Scenario) and dict(self) == dict(other)

    @property
    def told(self) -> tuple[str, ...]:
        """Warnings that reading its files gave."""
        return self._told

    def telling(self, warnings: Iterable[str]) -> "Scenario":
        """Return the same scenario with more warnings."""
        other = self.model_copy()
        other._told = tuple(dict.fromkeys((*self._told, *warnings)))
        return other

    def cell_types(self) -> dict[str, CellType]:
        """Return the kind of cell of each population that there is."""
        return {name: cell_type for name, cell_type in self.populations if cell_type is not None}

    def counted(self) -> dict[str, CellType]:
        """Return these, and the kinds of cell whose totals are reported even where there are no such cells."""
        usual = {name: kinds[name] for name, kinds in CELL_TYPES.items()}
        absent = {name: cls() for name, cls in usual.items() if cls.is_always_counted}
        known = absent | self.cell_types()
        return {name: known[name] for name in usual if name in known}

    def counts(self) -> dict[str, int]:
        """Return how many agents of each population there are at the start."""
        found: dict[str, int] = {}
        for name, cell_type in self.cell_types().items():
            found[name] = cell_type.count(found)
        return found

    @property
    def written(self) -> frozenset[str]:
        """Return the names that its processes write, and what its cells bring into serum."""
        brought = {"pools.igm_g_per_L"} if any(own.secretes_igm for own in self.cell_types().values()) else set()
        return frozenset(brought.union(*(process.writes for process in self.processes.values())))

    @property
    def readouts(self) -> tuple[Readout, ...]:
        """Return what is concluded from its subjects: first what matters most."""
        chosen = [self.end_points or CHOSEN[USUAL]()]
        always = [cls() for cls in READOUTS.values() if not cls.is_chosen and set(cls.needs) <= self.written]
        always.sort(key=lambda own: not own.level)
        return tuple(own for own in (*chosen, *always) if own.scale == self.space.scale)

    @property
    def is_patient(self) -> bool:
        """Whether it is about patients; else about culture wells."""
        return self.space.kind == "body"

    @model_validator(mode="before")
    @classmethod
    def _in_own_units(cls, data: Any) -> Any:
        """Convert what is added by what the scenario says, such as the molecular weight of an antibody."""
        return converted(data) if isinstance(data, Mapping) else data

    @model_validator(mode="before")
    @classmethod
    def _usual_genotype(cls, data: Any) -> Any:
        """Give the subject the usual genotype of its scale where none is named."""
        said = data.get("covariates", {}) if isinstance(data, Mapping) else None
        if not isinstance(said, Mapping) or "fcgr3a" in said:
            return data
        space = data.get("space", {})
        is_body = isinstance(space, Body) or (isinstance(space, Mapping) and space.get("kind") == "body")
        return {**data, "covariates": {**said, "fcgr3a": USUAL_GENOTYPE["body" if is_body else "well"]}}

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        faults = consistency_faults(self)
        if faults:
            raise refusal(*faults)
        return self
