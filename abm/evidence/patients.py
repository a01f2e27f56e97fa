"""The simulated patients of a finished run as columns: what was drawn, and what a trial would record."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from abm.core.errors import Fault, InputError
from abm.core.measure import Measure, readable
from abm.results.run import Run
from abm.results.tables import ReadError
from abm.statistics.intervals import Array

NOT_NUMBERED = ("arm", "replicate", "id")


class Patients:
    """The patients of a run and the columns that a target may name.

    Raises
    ------
    InputError
        There is no finished run of patients in the folder.
    """

    def __init__(self, folder: Path):
        self.run = _finished(folder)
        self.ends = self.run.end_points()
        self.drawn = self.run.patients() if self.run.has("patients.csv") else pd.DataFrame({"replicate": []})
        self.arms = [str(arm) for arm in self.ends["arm"].unique()]
        self.patient = np.sort(self.ends["replicate"].unique())

    @property
    def names(self) -> list[str]:
        """Return every column that a target may name."""
        return [name for name in (*self.ends, *self.drawn) if name not in NOT_NUMBERED]

    def is_drawn(self, name: str) -> bool:
        """Whether a column is the same under every protocol."""
        return name in self.drawn

    def column(self, name: str, arm: str) -> NDArray:
        """Return a column, a value per patient; of an end point that under a protocol."""
        rows = self.drawn if self.is_drawn(name) else self.ends.loc[self.ends["arm"] == arm]
        return rows.set_index("replicate")[name].reindex(self.patient).to_numpy()

    def words(self, name: str, arm: str) -> NDArray:
        """Return a column of words; of those in whom it was not observed an empty one."""
        return pd.Series(self.column(name, arm)).fillna("").astype(str).to_numpy(dtype=object)

    def is_text(self, name: str) -> bool:
        """Whether a column holds words."""
        return not pd.api.types.is_numeric_dtype((self.drawn if self.is_drawn(name) else self.ends)[name])

    def differs(self, name: str) -> bool:
        """Whether a column depends on the protocol."""
        if self.is_drawn(name) or len(self.arms) == 1:
            return False
        first, *others = (pd.Series(self.column(name, arm)) for arm in self.arms)
        return not all(first.equals(other) for other in others)

    def measure(self, name: str) -> Measure:
        """Return what a column is."""
        if not self.is_drawn(name):
            return self.run.measures("readouts").of(name)
        known = self._parameters
        unit, words = known.loc[name, ["unit", "description"]] if name in known.index else ("1", name)
        return Measure(name, unit, words or name, shown=readable(unit))

    def event_times(self, name: str, arm: str) -> tuple[Array, NDArray[np.bool_]]:
        """Return days to an event or to the end of follow-up, and whether the event came."""
        time = self.column(name, arm).astype(float)
        came = np.isfinite(time)
        return np.where(came, time, self.column("follow_up_d", arm).astype(float)), came

    @cached_property
    def _parameters(self) -> pd.DataFrame:
        return self.run.parameters().fillna("").astype(str).drop_duplicates("name").set_index("name")


def _finished(folder: Path) -> Run:
    """Return the run in a folder, whole and of patients."""
    try:
        run = Run.open(folder)
    except ReadError as error:
        raise InputError(str(error)) from None
    if not run.is_finished:
        raise InputError(f"{folder} is not finished; go on with: abm resume {folder}")
    if run.summary().get("kind") != "trial":
        raise InputError(Fault("the run has no patients but wells", file=str(folder), allowed="a run of patients"))
    if lost := run.damaged():
        raise InputError(f"{folder}: {', '.join(lost)} changed or gone; made again by: abm report {folder}")
    return run
