"""Which bytes of two run folders differ, and from which moment on their series do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.plot.tables import Tables
from abm.results.merge import is_simulated
from abm.results.seal import sealed

KEYS = ["arm", "replicate", "time_h"]
NOT_RESULTS = ("provenance.json", "scenario.yaml", "parameters.csv", "wells.json", "summary.json")


@dataclass(frozen=True)
class Bytes:
    """How the results of two folders differ.

    Attributes
    ----------
    same, differ, only_a, only_b : list of str
        Files of results: with the same bytes, with others, and in one folder alone.
    n_values, n_differ : int
        Numbers in both series, and those of them that differ.
    first : str
        Where the series part first: arm, replicate, time and columns; empty where they do not.
    largest : float
        The largest relative difference of two of these numbers.
    """

    same: list[str]
    differ: list[str]
    only_a: list[str]
    only_b: list[str]
    n_values: int = 0
    n_differ: int = 0
    first: str = ""
    largest: float = 0.0

    @property
    def words(self) -> str:
        """Return it in one sentence."""
        if not (self.differ or self.only_a or self.only_b):
            return f"All {len(self.same)} files of results have the same bytes."
        n = len(self.same) + len(self.differ)
        parts = [f"{len(self.differ)} of {n} files of results have other bytes ({_listed(self.differ)})"]
        parts += [f"only in {which}: {_listed(own)}" for which, own in (("A", self.only_a), ("B", self.only_b)) if own]
        if self.n_differ:
            parts.append(
                f"in the series {self.n_differ:,} of {self.n_values:,} numbers differ, by at most "
                f"{self.largest:.2g} of their size, first {self.first}"
            )
        return "; ".join(parts) + "."


def bytes_of(a: Tables, b: Tables) -> Bytes:
    """Return how the results of two folders differ."""
    own, other = (_results(sealed(run.path)) for run in (a, b))
    both = [name for name in own if name in other]
    files = ([name for name in both if own[name] == other[name]], [name for name in both if own[name] != other[name]],
             [name for name in own if name not in other], [name for name in other if name not in own])  # fmt: skip
    return Bytes(*files, *_series(a.series(), b.series()))


def _results(files: Mapping[str, str]) -> dict[str, str]:
    """Return those files of a folder that hold results, the simulated ones first."""
    names = [name for name in files if name not in NOT_RESULTS]
    return {name: files[name] for name in sorted(names, key=lambda name: (not is_simulated(name), name))}


def _series(a: pd.DataFrame, b: pd.DataFrame) -> tuple[int, int, str, float]:
    columns = [name for name in a if name in b and name not in KEYS and pd.api.types.is_numeric_dtype(a[name])]
    both = a.merge(b, on=KEYS, suffixes=("", "~other"))
    first, second = (both[[f"{name}{end}" for name in columns]].to_numpy(dtype=float) for end in ("", "~other"))
    is_other = (first != second) & ~(np.isnan(first) & np.isnan(second))
    if not is_other.any():
        return first.size, 0, "", 0.0
    size = np.maximum(np.abs(first), np.abs(second))
    relative = np.abs(first - second)[is_other] / size[is_other]
    rows = both.loc[is_other.any(axis=1)]
    at = rows["time_h"].idxmin()
    named = [name for name, flag in zip(columns, is_other[both.index.get_loc(at)], strict=True) if flag]
    place = f"at {rows.loc[at, 'time_h']:g} h in {rows.loc[at, 'arm']}, replicate {rows.loc[at, 'replicate']}"
    known = relative[np.isfinite(relative)]
    return first.size, int(is_other.sum()), f"{place} ({_listed(named)})", float(known.max(initial=0.0))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
