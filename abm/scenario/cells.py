"""What a file of measured cells holds, and what a run draws from it: for those who look before they simulate."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.biology.cells.b_cells import BCells
from abm.biology.cells.lognormal import LogNormal
from abm.biology.cells.measured import MeasuredCd20, draw_measured
from abm.core.errors import Fault, InputError
from abm.core.par import plain
from abm.core.population import Population
from abm.core.rng import stream_key
from abm.core.user_file import UserFile
from abm.cytometry.events import Events
from abm.cytometry.read import read_events
from abm.document.arguments import as_sets
from abm.document.load import Document, apply_sets, validate
from abm.scenario.from_file import load_scenario
from abm.scenario.measured import each_measured

SCENARIO = ("", ".yaml", ".yml")  # one that ships is known by its name alone
N_DRAWN = 10_000  # design: the usual number of cells in a well


@dataclass(frozen=True)
class Looked:
    """A file of events, and how CD20 is taken from it.

    Attributes
    ----------
    events : Events
        All of the file.
    cd20 : MeasuredCd20 or None
        None where no channel was named and none is called CD20.
    low_max_per_cell : float
        Most CD20 of a cell that counts as CD20-low.
    cd20_scale : float
        Factor on all CD20 of the run whose cells are shown.
    seed : int
        Of that run.
    is_assumed : bool
        Whether nobody stated a scale, so that the median event has the model's own.
    """

    events: Events
    cd20: MeasuredCd20 | None
    low_max_per_cell: float = BCells().low_max_per_cell
    cd20_scale: float = 1.0
    seed: int = 1
    is_assumed: bool = False

    def channels(self) -> list[dict[str, Any]]:
        """Return name, marker and kind of each channel, with quantiles of its compensated values."""
        found = []
        for channel in self.events.channels:
            own: dict[str, Any] = {"channel": channel.name, "marker": channel.marker, "kind": channel.kind}
            try:
                values = self.events.values(channel.name, self.cd20 is None or self.cd20.compensation == "file")
                low, median, high = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
                own |= {"p05": low, "median": median, "p95": high, "not_above_0": float((values <= 0.0).mean())}
            except InputError as error:
                own |= {"fault": error.faults[0].message}
            found.append(own)
        return found

    def numbers(self) -> dict[str, Any]:
        """Return how many events there are, what gates leave, and median, spread and CD20-low cells in sites."""
        if self.cd20 is None:
            return {"events": self.events.n}
        taken, molecules = self.cd20.taken, self.molecules()
        bright = molecules[molecules > self.low_max_per_cell]
        found = {
            "events": taken.n_events,
            "after_gates": list(taken.left),
            "median_per_cell": float(np.median(molecules)),
            "median_not_low_per_cell": float(np.median(bright)) if bright.size else None,
            "sigma_not_low": float(np.log(bright).std()) if bright.size else None,
            "low_fraction": float((molecules <= self.low_max_per_cell).mean()),
            "drawn_as_0": int((molecules <= 0.0).sum()),
            "is_assumed": self.is_assumed,
        }
        if self.cd20.scale is not None:
            found |= dict(zip(("intercept", "slope", "r2"), self.cd20.scale.line, strict=True))
        return found

    def molecules(self) -> np.ndarray:
        """Return CD20 sites of each event that is taken, shape (n,)."""
        return self.cd20.drawn()["cd20_start_per_cell"] if self.cd20 is not None else np.empty(0)

    def drawn(self) -> np.ndarray:
        """Return CD20 sites of the cells that the first well of a run has, shape (N_DRAWN,)."""
        cells = Population("b_cells", BCells.columns)
        rows = cells.add(N_DRAWN, {})
        if self.cd20 is not None:
            key = (stream_key(self.seed, 0, "cells.b_cells"), np.uint32(0))
            draw_measured(cells, rows, self.cd20, key)
        return self.cd20_scale * cells.cd20_start_per_cell


def look(file: Path, channel: str = "", sets: tuple[str, ...] = ()) -> Looked:
    """Read a file of events, or the one that a scenario names.

    Parameters
    ----------
    file : Path
        Events, or a scenario.
    channel : str
        That of CD20.
    sets : tuple of str
        Of events ``gates=...``, ``scale=...`` or any other key beside ``from``; of a scenario as for a run.

    Raises
    ------
    InputError
        It cannot be read or used.
    """
    return _of_scenario(file, channel, sets) if file.suffix in SCENARIO else _of_events(file, channel, sets)


def _of_scenario(file: Path, channel: str, sets: tuple[str, ...]) -> Looked:
    named = (f"populations.b_cells.cd20.channel={channel}",) if channel else ()
    scenario = load_scenario(file, (*sets, *named))
    cells = dict(scenario.cell_types()["b_cells"])
    cd20 = next((own for _, _, own in each_measured(scenario)), None)
    if cd20 is None:
        text = "no population has measured CD20"
        raise InputError(Fault(text, file=str(file), allowed="populations.b_cells.cd20: {from: FILE, channel: NAME}"))
    events = read_events(cd20.from_)
    return Looked(events, cd20, cells["low_max_per_cell"], cells.get("cd20_scale", 1.0), scenario.seed)


def _of_events(file: Path, channel: str, sets: tuple[str, ...]) -> Looked:
    own = UserFile(file=str(file)).known()
    events = read_events(own)
    data = {"from": plain(own), **({"channel": channel} if channel else {})}
    document = apply_sets(Document(str(file), data), list(as_sets(sets)), MeasuredCd20)
    words = [word for own in events.channels for word in (own.name, own.marker)]
    if "channel" not in document.data and MeasuredCd20.model_fields["channel"].default not in words:
        return Looked(events, None)
    has_scale = any(document.data.get(key) is not None for key in ("scale", "median"))
    usual = BCells().cd20
    if not has_scale and isinstance(usual, LogNormal):
        document.data["median"] = usual.median
    return Looked(events, validate(MeasuredCd20, document), is_assumed=not has_scale)


def of_log_normal(numbers: dict[str, Any]) -> tuple[float, float]:
    """Return median and sigma of the log-normal that stands for the cells that are not CD20-low."""
    return numbers["median_not_low_per_cell"] or math.nan, numbers["sigma_not_low"] or 0.0
