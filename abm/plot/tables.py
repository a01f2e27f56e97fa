"""A run whose small tables are read from the disk once, however many figures ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from abm.results.run import Run


class Tables(Run):
    """A run that keeps what it has read; nobody may change the tables it returns."""

    def __init__(self, path: str | Path):
        super().__init__(path)
        self._kept: dict[str, Any] = {}

    def arms(self) -> pd.DataFrame:
        """Return the arms and which arm is whose control."""
        return self._once("arms", super().arms)

    def observed(self) -> pd.DataFrame | None:
        """Return what was published of the arms."""
        return self._once("observed", super().observed)

    def series(self) -> pd.DataFrame:
        """Return the time series of all wells."""
        return self._once("series", super().series)

    def draws(self) -> Tables | None:
        """Return the series and end points under draws of a posterior."""
        return self._once("draws", lambda: (found := super(Tables, self).draws()) and Tables(found.path))

    def end_points(self) -> pd.DataFrame:
        """Return one row per protocol and patient."""
        return self._once("end points", super().end_points)

    def deaths(self) -> pd.DataFrame:
        """Return one row per death."""
        return self._once("deaths", super().deaths)

    def start(self) -> pd.DataFrame:
        """Return one row per cell at the start or added later."""
        return self._once("start", super().start)

    def populations(self) -> dict[str, dict[str, Any]]:
        """Return what the run says of each kind of cell."""
        return self._once("populations", super().populations)

    def summary(self) -> dict[str, Any]:
        """Return survival, deaths, conservation and both hashes."""
        return self._once("summary", super().summary)

    def measures(self, table: str = "series") -> Any:
        """Return what the columns of a table are."""
        return self._once(f"measures of {table}", lambda: super(Tables, self).measures(table))

    def _once(self, name: str, read: Callable[[], Any]) -> Any:
        if name not in self._kept:
            self._kept[name] = read()
        return self._kept[name]
