"""What Mesa's ``batch_run`` does not tell the models it makes: which iteration they are, and how it ends.

Every iteration gets the same arguments. Read from the call itself, iterations become replicates, with seeds of their
own that are the same at every call.
"""

import sys
import warnings
from dataclasses import dataclass
from inspect import signature
from types import FrameType

from mesa.datacollection import DataCollector

from abm.core.rng import mix

CALL = ("mesa.batchrunner", "_model_run_func")


@dataclass(frozen=True)
class Batch:
    """The call of ``batch_run`` that makes a model; outside of one, nothing.

    Attributes
    ----------
    iteration : int
        From 0.
    max_steps : int or None
        When Mesa stops.
    gives_seeds : bool
        Whether Mesa itself gives every iteration its seed, as since 3.5 by ``rng=[1, 2, 3]``.
    leaves_out_last : bool
        Whether the row of the last step is left out, as in Mesa 3.3: it must be one that does nothing.
    """

    iteration: int = 0
    max_steps: int | None = None
    gives_seeds: bool = False
    leaves_out_last: bool = False

    @classmethod
    def around(cls) -> "Batch":
        """Return the call further up, if there is one."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and (frame.f_globals.get("__name__"), frame.f_code.co_name) != CALL:
            frame = frame.f_back
        if frame is None:
            return cls()
        return cls(
            iteration=frame.f_locals["iteration"],
            max_steps=frame.f_locals["max_steps"],
            gives_seeds="rng" in signature(frame.f_globals["batch_run"]).parameters,
            leaves_out_last=not hasattr(DataCollector(), "_collection_steps"),
        )

    def seed(self, own: int, given: int | None) -> int:
        """Return an iteration's seed: the first has the given or the scenario's own, others one mixed from it."""
        first = own if given is None else given
        is_final = self.iteration == 0 or (self.gives_seeds and given is not None)
        return first if is_final else mix(first, self.iteration)

    def warn(self, n_steps: int) -> None:
        """Warn that the end will not be reached."""
        if self.max_steps is not None and self.max_steps < n_steps:
            text = f"batch_run stops after {self.max_steps} of {n_steps} steps; to the end: max_steps={n_steps}"
            warnings.warn(text, stacklevel=3)
