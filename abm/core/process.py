"""A process: the only thing that changes the World, one claim about biology per file."""

import importlib
import inspect
import math
import pkgutil
from enum import IntEnum
from types import ModuleType
from typing import Any, ClassVar, Literal

from abm.core.errors import Fault, RunFailed
from abm.core.par import Model
from abm.core.rng import Key
from abm.core.space import Space
from abm.core.world import World


class Phase(IntEnum):
    """The order in which processes act inside one step."""

    DOSE = 2
    FIELDS = 3
    SENSE = 4
    ACT = 5
    FATE = 6
    MOVE = 7


class Process(Model):
    """Frozen parameters and what they do in one step.

    Attributes
    ----------
    phase : Phase
        When in the step it acts.
    scale : {"well", "body", "both"}
        Whether it belongs to a culture well, to a patient, or to both.
    columns : tuple of (str, Column)
        Columns it needs, with their population; made before the first step.
    reads, writes : tuple of str
        ``population.column``, ``pools.name``, ``fields.name`` or ``properties.name``, with ``*`` for any part of a
        name, and ``given.kind`` of what the subject is given; anything else it touches is a defect, and tests look.
        A property is written in :meth:`prepare` alone.
    sets : tuple of str
        What of it is set anew at every step, and returns to its default where the process is switched off.
    kept : tuple of str
        Parameters that stay as they are during a run: what the World holds has their shape.
    longest_step_h : float
        The longest step that it stands.
    stacks : bool
        Of a well: whether it works on many side by side, whose pools and parameters are arrays. Of a patient, always.
    may_wait_h : float
        For how long it may wait and then act at once for all that time, as :mod:`abm.core.pace` has it; 0: it acts at
        every step.
    kind : str
        Its name in a scenario file; the engine's own have none.
    """

    phase: ClassVar[Phase]
    scale: ClassVar[Literal["well", "body", "both"]] = "well"
    columns: ClassVar[tuple] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[tuple[str, ...]] = ()
    sets: ClassVar[tuple[str, ...]] = ()
    kept: ClassVar[tuple[str, ...]] = ()
    longest_step_h: ClassVar[float] = math.inf
    stacks: ClassVar[bool] = False
    may_wait_h: ClassVar[float] = 0.0

    kind: str = ""

    @property
    def about(self) -> frozenset[str]:
        """Names of the populations that it is for."""
        return frozenset(name.partition(".")[0] for name in self.reads)

    @property
    def reach_um(self) -> float:
        """How far cells reach for one another by it; 0 where they do not."""
        return 0.0

    @property
    def alone_on(self) -> tuple[str, ...]:
        """What only one process of a kind may write: everything but what adds up."""
        return self.writes

    def faults(self, space: Space) -> list[Fault]:
        """Return what of it does not fit into a space, paths relative to it."""
        return []

    def told(self, space: Space) -> list[str]:
        """Return what a reader should know though nothing is wrong: sentences that begin with a parameter."""
        return []

    def is_alone(self, world: World) -> bool:
        """Whether this well cannot lie beside others because of it."""
        return not self.stacks

    def is_idle(self, world: World) -> bool:
        """Whether nothing in this run gives it anything to do; asked once, when all are prepared."""
        return False

    def prepare(self, world: World) -> None:
        """Make fields, pools and constants before the first step; called again after a resume."""

    def begin(self, world: World) -> None:
        """Set what depends on the cells at the start; called once, when they are there."""

    def enter(self, world: World) -> None:
        """Add what is given at the moment that a step has just reached, before any probe looks."""

    def step(self, world: World, key: Key) -> None:
        """Advance the world by ``world.dt_h``."""
        raise RunFailed(f"{type(self).__name__} defines no step")


def discover(package: ModuleType, base: type[Model]) -> dict[str, type[Any]]:
    """Walk a package and return every class below ``base`` that has a ``kind`` of its own, by kind.

    Raises
    ------
    RunFailed
        Two classes claim one kind.
    """
    found: dict[str, type[Any]] = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        for _, candidate in inspect.getmembers(module, inspect.isclass):
            if candidate.__module__ != module.__name__ or not issubclass(candidate, base):
                continue
            if "kind" not in inspect.get_annotations(candidate):
                continue
            field = candidate.model_fields.get("kind")
            kind = field.default if field else getattr(candidate, "kind", None)
            if kind is None:
                continue
            if kind in found:
                raise RunFailed(f"two classes of kind {kind!r}: {found[kind].__name__} and {candidate.__name__}")
            found[kind] = candidate
    return dict(sorted(found.items()))
