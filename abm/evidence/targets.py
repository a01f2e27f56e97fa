"""What a weights file may say: what was published of the patients whom a cohort shall stand for."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError
from abm.core.names import Name
from abm.core.par import Model, par, refusal
from abm.document.load import Document, resolve, validate
from abm.scenario.from_file import named
from abm.scenario.references import unsourced

STATEMENTS = {  # what one target may say, by its keys
    frozenset({"of", "median"}),
    frozenset({"of", "mean"}),
    frozenset({"of", "mean", "sd"}),
    frozenset({"of", "above", "share"}),
    frozenset({"of", "below", "share"}),
    frozenset({"of", "is", "share"}),
    frozenset({"of", "free_at", "share"}),
    frozenset({"of", "share"}),
    frozenset({"between", "correlation"}),
}
ALLOWED = (
    "of with median, mean, mean and sd, share, or share with above, below, is or free_at; between with correlation"
)
SAID = frozenset().union(*STATEMENTS)
Quantity = float | str | None  # its unit is that of a column, which the run alone knows


class Target(Model):
    """One published number.

    ``of`` and ``between`` name columns of ``end_points.csv`` or ``patients.csv``; ``arm`` is needed where protocols
    differ. Without ``n``, the published patients, here or for all, a target is exact.
    """

    of: str = Field("", min_length=1)
    between: tuple[str, str] | None = None
    arm: str = ""
    median: Quantity = None
    mean: Quantity = None
    sd: Quantity = None
    above: Quantity = None
    below: Quantity = None
    is_: str | None = Field(None, alias="is")
    free_at: Quantity = None
    share: float | None = par(None, "1", "design: a bound takes weights of 0", "Share of those seen", gt=0, lt=1)
    correlation: float | None = par(None, "1", "design: a bound takes weights of 0", "Pearson's r", gt=-1, lt=1)
    n: int | None = par(None, "1", "design: no spread of one", "Published patients", ge=2, le=10**6)
    source: str = ""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        keys = {"is" if name == "is_" else name for name in self.model_fields_set} & SAID
        empty = sorted(name for name in keys if getattr(self, "is_" if name == "is" else name) is None)
        if empty:
            raise refusal(*(Fault(f"'{name}' without a value", name, allowed="a number") for name in empty))
        if frozenset(keys) not in STATEMENTS:
            raise refusal(Fault(f"found {', '.join(sorted(keys)) or 'nothing'} together", allowed=ALLOWED))
        if self.between and self.between[0] == self.between[1]:
            raise refusal(Fault(f"'{self.between[0]}' twice", "between.1", allowed="two columns"))
        return self


class VirtualPopulation(Model):
    """Published numbers of a group of patients, which weights shall make a simulated cohort have."""

    name: Name = "weights"
    title: str = ""
    source: str
    n: int | None = par(None, "1", "design: no spread of one", "Published patients, of every target", ge=2, le=10**6)
    targets: tuple[Target, ...] = Field(min_length=1)
    at_least: float = par(30.0, "1", "design: shares to some 18 points", "Least effective patients", ge=1, le=10**6)

    def n_of(self, target: Target) -> int | None:
        """Return how many patients a target was published of."""
        return self.n if target.n is None else target.n


def load_population(path: Path, sets: tuple[str, ...] = ()) -> tuple[VirtualPopulation, Document]:
    """Read a weights file.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    """
    document = resolve(path, sets, VirtualPopulation)
    found = named(validate(VirtualPopulation, document), document)
    faults = list(_unsourced(found, document))
    if faults:
        raise InputError(*faults)
    return found, document


def _unsourced(population: VirtualPopulation, document: Document) -> Iterator[Fault]:
    """Yield what is wrong with the sources."""
    places = [("source", population.source)]
    places += [(f"targets.{i}.source", target.source) for i, target in enumerate(population.targets) if target.source]
    for place, source in places:
        yield from map(document.placed, unsourced(source, place))


def contradictions(targets: Iterable[Target], number: Callable[[Target, str], float]) -> Iterator[tuple[int, int]]:
    """Yield pairs of targets, the later first, of which at most one can hold, or that say the same.

    Parameters
    ----------
    targets : iterable of Target
        In the order of the file.
    number : callable
        The number of a target under a key, in the unit of its column.
    """
    seen: list[tuple[Any, float, float]] = []
    for index, target in enumerate(targets):
        subject, at, share = _said(target, number)
        for before, (other, other_at, other_share) in enumerate(seen):
            (_, early), (_, late) = sorted([(at, share), (other_at, other_share)])
            is_level = early == late and target.free_at is None  # a curve may have steps, between patients lie others
            if other == subject and (at == other_at or early < late or is_level):
                yield index, before
        seen.append((subject, at, share))


def _said(target: Target, number: Callable[[Target, str], float]) -> tuple[Any, Any, float]:
    """Return what a target is about, from where on, and the share beyond, which must fall as that rises."""
    column = (target.arm, target.of)
    if target.between:
        return (target.arm, frozenset(target.between)), 0.0, 0.0
    if target.median is not None:
        return column, number(target, "median"), 0.5
    for key, sign in (("above", 1.0), ("below", -1.0), ("free_at", 1.0)):
        if getattr(target, key) is not None:
            share = float(target.share or 0.0)
            return column, number(target, key), share if sign > 0 else 1.0 - share
    return (*column, target.is_, target.mean is None), 0.0, 0.0
