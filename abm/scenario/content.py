"""What a scenario file may say, part by part; :mod:`abm.scenario.schema` holds the parts against one another."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from abm.biology.antibody.antibody import Antibody
from abm.biology.covariates import Covariates
from abm.biology.populations import CELL_TYPES
from abm.biology.serum import Serum
from abm.core.cell_type import CellType
from abm.core.names import Label, Name
from abm.core.par import Model, par
from abm.core.process import Process
from abm.core.space import Body, Floor, Mixed
from abm.core.user_file import UserFile
from abm.readouts.readout import Readout
from abm.scenario.arms import Arm, Axis
from abm.scenario.cohort import Cohort
from abm.scenario.kinds import ANTIBODIES, CHOSEN, PROBES, PROCESSES, READOUTS, USUAL, one_of

MOST_REPLICATES = 10_000


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


class Later(Model):
    """Another length of step from a moment on, where the laws allow it: of a patient long after treatment."""

    at: float = par(..., "h", "design: chosen per scenario", "Moment from which the step has this length", gt=0)
    dt: float = par(..., "h", "design: checked by halving", "Step from then on", gt=1e-6, le=24 * 28)


class Precise(Model):
    """As many replicates as make the 95 % interval of each measure so narrow to either side."""

    precise_to: dict[str, float | str] = Field(min_length=1, description="Half width by measure, such as survival: 2 %")
    at_most: int = par(..., "1", "design: chosen per scenario", "Most replicates", ge=2, le=MOST_REPLICATES)


class Content(Model):
    """The parts of a scenario, each valid by itself."""

    name: Name = "scenario"
    title: str = ""
    question: str = ""
    seed: int = par(1, "1", "design: any number; stated with every result", "Seed", ge=0, le=2**64 - 1)
    replicates: int | Precise = par(1, "1", "design: wells per arm", "Replicates", ge=1, le=MOST_REPLICATES)
    until: str | None = None
    duration: float = par(24.0, "h", "design: long assay", "Duration", gt=0, le=24 * 365 * 100)
    dt: float = par(1.0 / 60.0, "h", "design: halving moves survival by less than 0.5 points", "Step", gt=1e-6, le=24)
    dt_later: tuple[Later, ...] = ()
    checkpoint_every: float = par(6.0, "h", "design: about four in a long assay", "Time between checkpoints", gt=0)
    space: AnySpace = Floor()
    covariates: Covariates = Covariates()
    serum: Serum = Serum()
    antibodies: Antibodies = Antibodies()
    populations: Populations = Populations()
    processes: dict[Name, AnyProcess] = Field(default_factory=dict)
    control: Label = "own"
    arms: dict[Name, Arm] = Field(default_factory=lambda: {"arm": Arm()}, min_length=1)
    probes: Probes = Probes()
    x_axis: Axis | None = None
    cohort: Cohort | None = None
    observations: UserFile | None = None
    end_points: AnyEndPoints | None = None

    @property
    def n_replicates(self) -> int:
        """Return how many replicates there are, where their intervals decide at most."""
        return self.replicates.at_most if isinstance(self.replicates, Precise) else self.replicates

    @property
    def precise_to(self) -> Mapping[str, float | str]:
        """Return which measures decide by their intervals how many replicates there are."""
        return self.replicates.precise_to if isinstance(self.replicates, Precise) else {}

    def cell_types(self) -> dict[str, CellType]:
        """Return the kind of cell of each population that there is."""
        return {name: cell_type for name, cell_type in self.populations if cell_type is not None}

    def counted(self) -> dict[str, CellType]:
        """Return these, and the kinds of cell whose totals are reported even where there are no such cells."""
        usual = {name: kinds[name] for name, kinds in CELL_TYPES.items()}
        absent = {name: cls() for name, cls in usual.items() if cls.is_always_counted}
        known = absent | self.cell_types()
        return {name: known[name] for name in usual if name in known}

    def drugs(self) -> dict[str, Antibody]:
        """Return the antibodies that any arm gives, in order of name; rituximab where none does."""
        given = sorted({name for arm in self.arms.values() for name in arm.antibodies}) or ["rituximab"]
        return {name: getattr(self.antibodies, name) for name in given}

    def counts(self) -> dict[str, int]:
        """Return how many agents of each population there are at the start."""
        found: dict[str, int] = {}
        for name, cell_type in self.cell_types().items():
            found[name] = cell_type.count(found)
        return found

    @property
    def steps_h(self) -> tuple[tuple[float, float], ...]:
        """Return from which moments on steps are how long, h; the first from 0."""
        return ((0.0, self.dt), *((later.at, later.dt) for later in self.dt_later))

    @property
    def written(self) -> frozenset[str]:
        """Return the names that its processes write, and what its cells bring into serum."""
        brought = (own.brings for own in self.cell_types().values())
        return frozenset().union(*brought, *(process.writes for process in self.processes.values()))

    @property
    def readouts(self) -> tuple[Readout, ...]:
        """Return what is concluded from its subjects: first what matters most."""
        chosen = [self.end_points or CHOSEN[USUAL]()]
        kept = [cls for cls in READOUTS.values() if not cls.is_chosen and set(cls.needs) <= self.written]
        always = [cls.among(self.cell_types()) for cls in kept]
        always.sort(key=lambda own: not own.level)
        return tuple(own for own in (*chosen, *always) if own.scale == self.space.scale)
