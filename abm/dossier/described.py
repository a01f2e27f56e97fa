"""A scenario as it is described: its subjects at their start with few cells, which have every column and pool."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel

from abm.core.cell_type import CellType
from abm.core.fate import Fate
from abm.core.par import key_of, parameter, plain
from abm.core.process import Process
from abm.core.simulation import Simulation
from abm.core.table import Column
from abm.plot.page import wording
from abm.plot.page.html import Cell, Row, Table
from abm.plot.page.sections import pieces_of, unit
from abm.scenario.build import Subject, build
from abm.scenario.parameters import COLUMNS, walk
from abm.scenario.references import references
from abm.scenario.schema import Scenario

OTHER = "set by the scenario or the kind of cell; otherwise {source}"
FIELDS = {"dheas": "DHEAS in each voxel"}
WORDS: dict[object, str] = {None: "not set", True: "yes", False: "no"}
LONG = 10  # design: characters of a number that is shortened
FEW = 50  # design: agents of a population, enough for every column


@dataclass(frozen=True)
class Described:
    """A scenario with what is read of it.

    Attributes
    ----------
    scenario : Scenario
        As its file has it.
    """

    scenario: Scenario

    @cached_property
    def few(self) -> Scenario:
        """The same with few cells and one subject an arm, the typical one unless each stands in a table."""
        kinds = {name: kind.fewer(FEW) for name, kind in self.scenario.cell_types().items()}
        update = {"populations": self.scenario.populations.model_copy(update=kinds), "replicates": 1}
        return self.scenario.model_copy(update=update if self.is_of_table else update | {"cohort": None})

    @property
    def is_of_table(self) -> bool:
        """Whether subjects stand in a table of patients."""
        return self.scenario.cohort is not None and self.scenario.cohort.table is not None

    @cached_property
    def built(self) -> dict[str, Simulation]:
        """The typical subject of every arm at its start; of a table, the first."""
        return {arm: build(self.few, Subject(arm, 0)) for arm in self.scenario.arms}

    @cached_property
    def processes(self) -> dict[str, Process]:
        """All processes by name, in the order of a step; of one that arms change, as the first arm has it."""
        found: dict[str, Process] = {}
        for simulation in self.built.values():
            found |= {name: own for name, own in simulation.processes.items() if name not in found}
        places = {name: place for place, name in enumerate(("additions", "fate", *self.scenario.processes))}
        last = len(places)
        return dict(sorted(found.items(), key=lambda item: (item[1].phase, places.get(item[0], last))))

    @cached_property
    def columns(self) -> dict[str, dict[str, Column]]:
        """Columns of each population that some arm has."""
        found: dict[str, dict[str, Column]] = {}
        for simulation in self.built.values():
            for name, population in simulation.world.populations.items():
                found.setdefault(name, {}).update(population.columns)
        return found

    @cached_property
    def pools(self) -> list[str]:
        """Names of all pools: those at the start, and those that a process names."""
        found = {name for simulation in self.built.values() for name in simulation.world.pools.amounts}
        named = (name for own in self.processes.values() for name in (*own.reads, *own.writes))
        found |= {name.removeprefix("pools.") for name in named if name.startswith("pools.") and "*" not in name}
        return sorted(found)

    @cached_property
    def cell_types(self) -> dict[str, CellType]:
        """The kind of cell of each population that some arm has."""
        kinds = self.scenario.cell_types()
        return {name: kinds[name] for name in self.columns if name in kinds}


def parameter_table(rows: list[dict[str, str]], chosen: list[Row] | None = None, title: str = "Parameters") -> Table:
    """Return a table of parameters, and of what is chosen among words."""
    header = ("Name", Cell("Value", look="number"), "Unit", "What it is", "Source")
    found: list[Row] = [
        [
            Cell(row["name"], look="code"),
            Cell(shown(row["value"]), look="number"),
            unit(row["unit"]),
            row["description"],
            Cell("", links=linked(row["source"] if row["origin"] == "default" else OTHER.format(**row))),
        ]
        for row in rows
    ]
    return Table([*found, *(chosen or [])], header, look="words", title=title)


def _rows(model: BaseModel) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in walk(model)]


def choices(model: BaseModel) -> Iterator[Row]:
    """Yield what a model chooses that is no number with a unit: names, words, switches."""
    for name, info in type(model).model_fields.items():
        value = plain(model)[key_of(name, info)]
        if not parameter(info) and name != "kind" and not isinstance(value, dict | list):
            shown = Cell(WORDS.get(value, str(value)), look="number")
            yield [Cell(key_of(name, info), look="code"), shown, "", info.description or "chosen", ""]


def shown(value: str) -> str:
    """Return a value as a reader writes it, also a very large or very small one."""
    text = wording.setting(value)
    try:
        return text if "," in text or len(text) < LONG else f"{float(text):.6g}"
    except ValueError:
        return text


def about(model: BaseModel, title: str = "Parameters", without: Sequence[str] = ()) -> list[Table]:
    """Return the table of what a model says of itself and of those in it; none where it says nothing."""
    rows, chosen = [row for row in _rows(model) if row["name"] not in without], list(choices(model))
    return [parameter_table(rows, chosen, title)] if rows or chosen else []


def linked(source: str) -> list[tuple[str, str]]:
    """Return a source in pieces, each with the reference it leads to, or ""."""
    return pieces_of(source, references())


def is_of_engine(process: Process) -> bool:
    """Whether a process is in every scenario."""
    return isinstance(process, Fate) or not process.kind
