"""What of a run leaves: all of it, or some arms and replicates; and what every file says of where it is from."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from abm.core.errors import Fault, InputError, ResourceRefused, nearest
from abm.core.resources import free_memory
from abm.results.run import Run

COPIES = 4  # design: a frame, the table of all, the matrix, and the file in memory
SHARE = 0.8  # of free memory, as before a run
NOTE = "Research use only. No dosing advice; nothing here is validated for decisions about patients."
OF_RUN = ("scenario", "seed", "scenario_hash", "result_hash")


@dataclass(frozen=True)
class Chosen:
    """A run, and which of its arms and replicates leave.

    Attributes
    ----------
    run : Run
        A finished one.
    arms : tuple of str
        By default all, controls too.
    replicates : tuple of int
        By default all.
    """

    run: Run
    arms: tuple[str, ...] = ()
    replicates: tuple[int, ...] = ()

    def check(self) -> None:
        """Refuse what the run does not have.

        Raises
        ------
        InputError
            It has no such arm or replicate.
        """
        series = self.run.series()
        arms, replicates = list(dict.fromkeys(self.run.arms()["arm"])), sorted(set(series["replicate"]))
        faults = [Fault(f"no arm {name!r:.40}", "--arm", allowed=", ".join(arms), nearest=nearest(name, arms))
                  for name in self.arms if name not in arms]  # fmt: skip
        allowed = f"{replicates[0]} to {replicates[-1]}"
        faults += [Fault(f"no replicate {n}", "--replicate", allowed=allowed)
                   for n in self.replicates if n not in replicates]  # fmt: skip
        if faults:
            raise InputError(*faults)

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows that leave."""
        if self.arms:
            table = table.loc[table["arm"].isin(self.arms)]
        return table.loc[table["replicate"].isin(self.replicates)] if self.replicates else table

    def frames(self) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield step and cells of every frame that holds any of what leaves.

        Raises
        ------
        InputError
            The run kept no cells.
        """
        steps = self.run.cell_steps()
        if not steps:
            text, allowed = "the run kept no cells", "one of a scenario with 'probes: {cells: {at: [0 h, 24 h]}}'"
            raise InputError(Fault(text, file=str(self.run.path), allowed=allowed))
        for step in steps:
            cells = self.of(self.run.cells(step))
            if len(cells):
                yield step, cells

    def about(self) -> dict[str, str | int]:
        """Return what every file says of where it is from."""
        known = self.run.provenance()
        told = {key: known[key] for key in OF_RUN if key in known}
        return {**told, "software": f"abm {known.get('software', '')}".strip(), "note": NOTE}


def refuse_large(n_numbers: int) -> None:
    """Refuse what would not fit into the free memory.

    Raises
    ------
    ResourceRefused
        With the numbers and two ways out.
    """
    wanted, free = 8 * COPIES * n_numbers, free_memory()
    if wanted > SHARE * free:
        text = f"needs about {wanted / 1e9:.1f} GB of memory of {free / 1e9:.1f} GB that are free"
        raise ResourceRefused(f"{text}; choose some by --arm and --replicate, or fewer frames in probes.cells")
