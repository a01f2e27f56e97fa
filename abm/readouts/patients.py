"""What a trial reports of its patients: a row of end points for each, shares and medians for each protocol."""

import math
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from abm.core.errors import Fault
from abm.core.measure import Measure
from abm.readouts.over_subjects import central, counted, event_times
from abm.readouts.readout import Found, Readout, Seen, Told
from abm.statistics.intervals import known
from abm.statistics.survival import log_rank

if TYPE_CHECKING:
    import pandas as pd

    from abm.results.run import Run


class OfPatients(Readout):
    """What is concluded of patients.

    Attributes
    ----------
    main_event : str
        The time to the event that protocols are compared by; none where they are not.
    lacks : tuple of str
        What a scenario is told that has not what is needed, and what is allowed instead.
    """

    scale: ClassVar = "body"
    main_event: ClassVar[str] = ""
    lacks: ClassVar[tuple[str, str]] = ("", "")

    def words_of(self, found: Found) -> dict[str, str]:
        """Return what the table says of a patient in words, by column."""
        return {}

    def row(self, seen: Seen) -> dict[str, float | str]:
        """Return what the table of end points says of a patient."""
        found, told = self.of_subject(seen), {one.name for one in self.declares() if one.where != "study"}
        return self.words_of(found) | {name: value for name, value in found.items() if name in told}

    def summary(self, run: "Run", table: "pd.DataFrame") -> dict[str, Any]:
        """Return shares and medians of each protocol, and the log-rank test of the main event between protocols."""
        arms = {str(arm): self.of_protocol(rows) for arm, rows in table.groupby("arm", sort=False)}
        tests = {"log_rank": self._tests(table)} if self.main_event else {}
        return {"kind": "trial", "patients": int(table["replicate"].nunique()), "arms": arms} | tests

    def of_protocol(self, rows: "pd.DataFrame") -> dict[str, Any]:
        """Return the number of patients of a protocol, shares and medians with 95 % intervals."""
        told = [one for one in self.declares() if one.where == "summary"]
        shares = {one.told_as: counted(one, rows) for one in told if one.kind == "share"}
        medians = {one.told_as: counted(one, rows) for one in told if one.kind != "share"}
        return {"n": len(rows), "shares": shares, "medians": medians}

    def of_draws(self, run: "Run", table: "pd.DataFrame") -> Told:
        """Return each share and median of a protocol under each draw, of patients that are all of one draw."""
        told = [one for one in self.declares() if one.where == "summary" and one.estimate != "follow_up"]
        found: Told = {}
        for arm, rows in table.groupby("arm", sort=False):
            draws = [own for _, own in rows.groupby("replicate", sort=True)]
            found[str(arm)] = {one.told_as: np.array([central(one, own) for own in draws]) for one in told}
        return found

    def by_chance(self, run: "Run", summary: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return half of each interval over patients."""
        return {
            arm: {name: _half(one) for part in ("shares", "medians") for name, one in own[part].items()}
            for arm, own in summary["arms"].items()
        }

    def _tests(self, table: "pd.DataFrame") -> dict[str, float | None]:
        event: Measure = next(one for one in self.declared if one.name == self.main_event)
        groups = {str(arm): event_times(rows, event) for arm, rows in table.groupby("arm", sort=False)}
        names = list(groups)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return {f"{a} vs {b}": known(log_rank(*groups[a], *groups[b])) for a, b in pairs}

    def faults(self, written: Collection[str], duration_h: float) -> list[Fault]:
        """Return what is needed and missing."""
        text, allowed = self.lacks
        is_lacking = not set(self.needs) <= set(written)
        return [Fault(text, "end_points", allowed=allowed)] if is_lacking else []


def _half(found: Mapping[str, Any]) -> float:
    """Return half of an interval; NaN where it has no two ends, as that of a single patient."""
    lo, hi = found["lo"], found["hi"]
    return math.nan if lo is None or hi is None or found["n"] == 1 else (hi - lo) / 2.0
