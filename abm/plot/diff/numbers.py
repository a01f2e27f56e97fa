"""What came out of two runs, measure by measure and arm by arm, with the difference and what luck makes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from abm.plot import arms
from abm.plot.page.wording import MISSING
from abm.plot.tables import Tables
from abm.results.declared import Measure
from abm.statistics.differences import Difference, beyond_luck, of_medians, paired, unpaired
from abm.statistics.survival import kaplan_meier

FIRST = ("survival", "survival_raw", "control", "lysis")
FOLLOW_UP = "follow_up_d"
NOT_MEASURED = {"arm", "replicate", "time_h", "n_b_start", "n_b_alive", "n_b_dead"}  # of the series of wells


@dataclass(frozen=True)
class Number:
    """One measure of one arm in both runs.

    Attributes
    ----------
    arm : str
        Of both.
    measure : Measure
        What it is.
    a, b : float
        Mean over the replicates, or of a time its median, in the measure's own unit; NaN where it is not known.
    difference : Difference
        B less A.
    is_same : bool
        Whether every replicate has the very same.
    is_beyond_luck : bool
        Whether luck does not explain the difference, all numbers of both runs taken together.
    """

    arm: str
    measure: Measure
    a: float
    b: float
    difference: Difference
    is_same: bool
    is_beyond_luck: bool = False

    @property
    def is_first(self) -> bool:
        """Whether it is told even where it does not differ."""
        return self.measure.name in FIRST

    @property
    def unknown(self) -> str:
        """Return what stands for a number that is not known."""
        return "not reached" if self.measure.kind == "time" else MISSING

    @property
    def shown(self) -> tuple[float, str]:
        """Return the factor to, and the unit of, the number as a reader sees it."""
        is_fraction = self.measure.shown.startswith("fraction")
        return (100.0, self.measure.shown.replace("fraction", "%")) if is_fraction else (
            self.measure.factor, self.measure.shown)  # fmt: skip


@dataclass(frozen=True)
class Replicates:
    """Which replicates of two runs are held against one another.

    Attributes
    ----------
    is_paired : bool
        Whether both have the seed of the other, so that replicates of one number are pairs.
    n_a, n_b : int
        How many are looked at; of pairs as many.
    """

    is_paired: bool
    n_a: int
    n_b: int

    @property
    def tells_luck(self) -> bool:
        """Whether there are enough to tell what is luck."""
        return min(self.n_a, self.n_b) > 1


def replicates(a: Tables, b: Tables) -> Replicates:
    """Return how the replicates of two runs are compared: with one seed, those that both have, in pairs."""
    n_a, n_b = arms.n_replicates(a), arms.n_replicates(b)
    is_paired = a.provenance().get("seed") == b.provenance().get("seed")
    return Replicates(is_paired, *([min(n_a, n_b)] * 2 if is_paired else (n_a, n_b)))


def shared_arms(a: Tables, b: Tables) -> list[str]:
    """Return the arms, controls apart, that both runs have."""
    return [name for name in arms.treated(a) if name in arms.treated(b)]


def numbers(a: Tables, b: Tables) -> list[Number]:
    """Return every measure of every arm that both runs have."""
    how = replicates(a, b)
    found = [one for arm in shared_arms(a, b) for one in _of_arm(a, b, arm, how)]
    flags = beyond_luck([one.difference.p for one in found])
    return [replace(one, is_beyond_luck=flag) for one, flag in zip(found, flags, strict=True)]


def _of_arm(a: Tables, b: Tables, arm: str, how: Replicates) -> Iterator[Number]:
    own, other = _values(a, arm), _values(b, arm)
    for name in own:
        if name in other:
            pair = own[name], other[name]
            if how.is_paired:
                pair = tuple(table.loc[table.index < how.n_a] for table in pair)
            if all(table["value"].notna().any() for table in pair):
                yield _number(arm, _measure(b, name), *pair, how.is_paired)


def _number(arm: str, measure: Measure, a: pd.DataFrame, b: pd.DataFrame, is_paired: bool) -> Number:
    first, second = a["value"].to_numpy(dtype=float), b["value"].to_numpy(dtype=float)
    is_same = is_paired and np.array_equal(first, second, equal_nan=True)
    if "came" in a and "came" in b:
        times = [(own["value"].to_numpy(dtype=float), own["came"].to_numpy(dtype=bool)) for own in (a, b)]
        medians = [found if math.isfinite(found := kaplan_meier(*own).median) else math.nan for own in times]
        return Number(arm, measure, *medians, of_medians(*times, is_paired), is_same)
    difference = paired(first, second) if is_paired else unpaired(first, second)
    if is_paired:  # of what is not seen in one of a pair there is no difference
        unseen = np.isnan(first) | np.isnan(second)
        first, second = np.where(unseen, np.nan, first), np.where(unseen, np.nan, second)
    means = [float(np.nanmean(own)) if np.isfinite(own).any() else math.nan for own in (first, second)]
    return Number(arm, measure, *means, difference, is_same)


def _measure(run: Tables, name: str) -> Measure:
    return run.measures("readouts").find(name) or run.measures().of(name)


def _values(run: Tables, arm: str) -> dict[str, pd.DataFrame]:
    """Return each measure of an arm: a row per replicate with its ``value``, of a time also whether it ``came``."""
    return _of_patients(run, arm) if run.has("end_points.csv") else _of_wells(run, arm)


def _of_wells(run: Tables, arm: str) -> dict[str, pd.DataFrame]:
    control = arms.control_of(run).get(arm)
    found: dict[str, pd.Series] = {"survival": arms.survival(run, arm)} if control else {}
    found["survival_raw"] = arms.survival_raw(run, arm)
    if control:
        found["control"] = arms.survival_raw(run, control)
    found |= {f"deaths_{cause}_frac": own for cause, own in arms.death_shares(run, arm).items()}
    series = run.series()
    last = series.loc[series["arm"] == arm].groupby("replicate").last()
    columns = [name for name in last if name not in NOT_MEASURED and not str(name).startswith("deaths_")]
    found |= {name: last[name] for name in columns if pd.api.types.is_numeric_dtype(last[name])}
    return {name: own.to_frame("value") for name, own in found.items() if own.notna().any()}


def _of_patients(run: Tables, arm: str) -> dict[str, pd.DataFrame]:
    table = run.end_points()
    own, found = table.loc[table["arm"] == arm].set_index("replicate").sort_index(), {}
    for name in own.columns:
        measure = _measure(run, name)
        if name == "arm" or measure.kind == "word" or not pd.api.types.is_numeric_dtype(own[name]):
            continue
        if measure.kind != "time":
            found[name] = own[[name]].set_axis(["value"], axis=1)
        elif measure.estimate == "kaplan_meier" and measure.event in own and FOLLOW_UP in own:
            found[name] = _times(own, measure)
    return found


def _times(own: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Return times to an event, those without it until follow-up ended."""
    came = own[measure.event].fillna(0.0) > 0
    return pd.DataFrame({"value": own[measure.name].where(came, own[FOLLOW_UP]), "came": came}).dropna()


def verdict(found: list[Number], how: Replicates, word: str) -> str:
    """Say in one sentence whether anything differs beyond luck; `word` is what one replicate is."""
    if not found:
        return "The runs share no number: they have no arm, or no measure, in common."
    if all(one.is_same for one in found):
        return f"All {len(found)} numbers are the same in every {word}."
    if not how.tells_luck:
        return f"One {word} does not tell what is luck: run more (--replicates 5), then compare again."
    beyond = [one for one in found if one.is_beyond_luck]
    n, n_told = (sum(flags) for flags in zip(*((not math.isnan(one.difference.p), one.difference.is_told_from_0)
                                               for one in found), strict=True))  # fmt: skip
    of_all = f"of {n} intervals {n_told} leave out 0, where luck alone makes it about {0.05 * n:.1g}"
    if not beyond:
        return f"Nothing differs beyond luck: {of_all}, and none is far enough from it."
    names = list(dict.fromkeys(f"{one.measure.words} in {arms.quoted(one.arm)}" for one in beyond))
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"Beyond luck: {', '.join(names[:4])}{more} ({of_all})."
