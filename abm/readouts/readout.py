"""A read-out: one kind of conclusion, with its rules, its measures, and the tables and words in which it is told."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from abm.biology.covariates import Covariates
from abm.core.addition import Addition
from abm.core.clock import H_PER_WEEK
from abm.core.errors import Fault, RunFailed
from abm.core.measure import Measure, Measures
from abm.core.par import Model, describe
from abm.core.world import World

if TYPE_CHECKING:
    import pandas as pd

    from abm.results.run import Run

Found = dict[str, float]
Where = Literal["summary", "table", "study"]
Told = dict[str, dict[str, np.ndarray]]  # by arm and by name in the summary


@dataclass(frozen=True)
class EndPoint(Measure):
    """A measure of one subject at its end.

    Attributes
    ----------
    where : {"summary", "table", "study"}
        How far up it is told: in the summary of a run, in the table of end points, or in studies alone; each includes
        those that follow.
    summary : str
        Its name in the summary, where that is another one.
    """

    where: Where = "summary"
    summary: str = ""

    @property
    def is_told(self) -> bool:
        """Whether the summary of a run has it."""
        return self.where == "summary"

    @property
    def told_as(self) -> str:
        """Return its name in the summary."""
        return self.summary or self.name


@dataclass(frozen=True)
class Compartment:
    """What a pharmacometric table takes from the series: the number of a compartment, and the column measured there."""

    number: int
    column: str
    words: str
    unit: str

    @property
    def told(self) -> str:
        """Return what is measured, with its unit in plain letters."""
        return (
            f"{self.words}, DV {self.unit.replace('1/', 'per ') if self.unit.startswith('1/') else f'in {self.unit}'}"
        )


@dataclass(frozen=True)
class Seen:
    """What is known of one subject at its end.

    Attributes
    ----------
    rows : sequence of mapping
        Its series.
    given : sequence of Addition
        What it was given, in order.
    seed, replicate : int
        Who it is.
    world : World, optional
        As it ended; there where the subject has just been simulated.
    covariates : Covariates, optional
        What it is; there as the world is.
    """

    rows: Sequence[Mapping[str, float]]
    given: Sequence[Addition]
    seed: int = 0
    replicate: int = 0
    world: World | None = None
    covariates: Covariates | None = None

    @property
    def simulated(self) -> World:
        """Return its world.

        Raises
        ------
        ValueError
            The subject has not just been simulated: of its cells there are tables alone.
        """
        if self.world is None:
            raise ValueError("read right after the simulation of a subject only")
        return self.world

    def column(self, name: str) -> np.ndarray:
        """Return a column of the series, shape (n,)."""
        return np.array([row[name] for row in self.rows], dtype=float)


class Readout(Model):
    """One kind of conclusion about subjects; its fields are its rules.

    Attributes
    ----------
    scale : {"well", "body"}
        Of which subjects.
    is_chosen : bool
        Whether a scenario chooses it by ``end_points``, one of several; all others are read of every subject that has
        what they need.
    is_usual : bool
        Whether it is what a scenario reads that chooses none.
    declared : tuple of EndPoint
        What it finds, in the order of a report; ``{rule}`` in words is a rule of its own.
    needs : tuple of str
        Names, such as ``pools.il6``, that some process must write or the cells bring.
    level : str
        Column of the series that matters most to it.
    relative : tuple of str
        The measures that :meth:`against_control` finds.
    at_any_time : tuple of str
        The measures that the series tells at every moment, not at the end alone.
    by_cd20 : tuple of str
        The measures that a report tells of cells by their CD20, at the end.
    compartments : tuple of Compartment
        What a pharmacometric table takes from its series.
    """

    scale: ClassVar[Literal["well", "body"]]
    is_chosen: ClassVar[bool] = False
    is_usual: ClassVar[bool] = False
    declared: ClassVar[tuple[EndPoint, ...]]
    needs: ClassVar[tuple[str, ...]] = ()
    level: ClassVar[str] = ""
    relative: ClassVar[tuple[str, ...]] = ()
    at_any_time: ClassVar[tuple[str, ...]] = ()
    by_cd20: ClassVar[tuple[str, ...]] = ()
    compartments: ClassVar[tuple[Compartment, ...]] = ()

    @classmethod
    def among(cls, populations: Collection[str]) -> Self:
        """Return it with its usual rules, as it reads a scenario of these populations."""
        return cls()

    @property
    def measures(self) -> tuple[EndPoint, ...]:
        """Return what it finds, with its rules in the words."""
        said = self.rules_in_words()
        return tuple(
            replace(one, words=one.words.format(**said), axis=one.axis.format(**said)) for one in self.declares()
        )

    def declares(self) -> tuple[EndPoint, ...]:
        """Return what it finds, as far up as its rules have it told."""
        return self.declared

    def rules_in_words(self) -> dict[str, str]:
        """Return the rules as a reader says them: fractions in percent, times in weeks."""
        rules = {row["name"]: (getattr(self, row["name"]), row["unit"]) for row in describe(type(self))}
        return {
            name: f"{value / H_PER_WEEK:g} weeks" if unit == "h" else f"{100 * value:g} %"
            for name, (value, unit) in rules.items()
        }

    def first_h(self, given: Sequence[Addition]) -> float:
        """Return when visits begin, h, of a subject that is given these additions."""
        return 0.0

    def visits_h(self, end_h: float) -> list[float]:
        """Return the moments of all visits, hours from the first, which is at 0; none where subjects make no visits."""
        return []

    def visits_of(self, end_h: float, seed: int, replicate: int) -> list[float]:
        """Return those of them that a subject makes, at the moments of its own."""
        return self.visits_h(end_h)

    def plans_h(self, end_h: float) -> list[list[float]]:
        """Return the visits of subjects who differ most in when they come."""
        return [self.visits_h(end_h)]

    def errors(self, n: int, seed: int, replicate: int) -> np.ndarray:
        """Return what is seen of the level at a subject's first n visits, relative to the truth."""
        return np.ones(n)

    def at_visits(self, seen: Seen) -> dict[str, np.ndarray]:
        """Return what is seen of a subject at each visit, where the series does not tell."""
        return {}

    def of_subject(self, seen: Seen) -> Found:
        """Return every measure of one subject; NaN is what nobody could see, which is not "no"."""
        raise RunFailed(f"{type(self).__name__} reads nothing")

    def at_look(self, row: Mapping[str, float]) -> Found:
        """Return what one look at a subject says of the measures that are told at any time."""
        return {}

    def row(self, seen: Seen) -> dict[str, float | str]:
        """Return what the table of end points says of a subject; nothing where there is no such table."""
        return {}

    def against_control(self, own: Found, control: Found) -> Found:
        """Return the measures of a subject that are relative to its control."""
        return {}

    def summary(self, run: "Run", table: "pd.DataFrame") -> dict[str, Any]:
        """Return what a run concludes over its subjects, of its folder and its table of end points."""
        return {}

    def of_draws(self, run: "Run", table: "pd.DataFrame") -> Told:
        """Return one number per replicate, of a folder whose replicates are draws, and of its table of end points."""
        return {}

    def by_chance(self, run: "Run", summary: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return half of the 95 % interval in which chance alone puts each such number; NaN where nobody knows."""
        return {}

    def faults(self, written: Collection[str], duration_h: float) -> list[Fault]:
        """Return why a scenario cannot be read so, of the names that are written in it and its length."""
        return []


def measures_of(readouts: Iterable[Readout]) -> Measures:
    """Return all measures of some read-outs."""
    return Measures(measure for readout in readouts for measure in readout.measures)
