"""Observations of one's own as claims: every row of a table with its likelihood, simulated by the scenario's own arms.

*Model*: ``k`` of ``n`` is binomial; a value with ``sd`` is normal; ``lo`` and ``hi`` are the ends of a 95 % interval,
of a normal law or, where the value lies nearer to the middle of their logarithms, of a log-normal one.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from abm.core.errors import Fault, InputError, nearest
from abm.core.measure import readable
from abm.core.user_file import UserFile
from abm.evidence.claim import Case, Claim, Values
from abm.evidence.score import group_of
from abm.inference.counted import Counts
from abm.inference.likelihood import Likelihood
from abm.inference.measured import LogNormal, Normal
from abm.scenario.controls import controls
from abm.scenario.draws import table_of
from abm.scenario.observations import Observations, Row
from abm.scenario.published import Shown, shown
from abm.scenario.schema import Scenario
from abm.statistics.intervals import Interval, Z
from abm.study.measures import at_moment
from abm.study.rows import LOOKS, REPLICATE

SPREADS = "sd above 0, lo below hi, or k of n"
PERCENT = 100.0


@dataclass(frozen=True)
class Own(Case):
    """A scenario simulated as it is, all its arms together; of a patient of a table, this one alone."""

    def at(self, scale: float) -> dict[str, Any]:
        """Return what is looked at; nothing is scaled."""
        return dict(self.point) if isinstance(self.point, Mapping) else {}


@dataclass(frozen=True, kw_only=True)
class OwnClaim(Claim):
    """A row of a table, with its arm, its measure in name and words, and its moment in hours where it has one."""

    arm: str
    of: str
    words: str
    time_h: float | None
    beside: str


def own_claims(scenario: Scenario, data: UserFile) -> list[OwnClaim]:
    """Return the claims that the rows of a table are, of the arms of a scenario.

    Raises
    ------
    InputError
        All that is wrong with the table, with file, line and column: a row without a likelihood, or a second time.
    """
    table = Observations(scenario, data)
    faults = [*_doubles(table), *_unlike(table, scenario)]
    if faults:
        raise InputError(*sorted(faults, key=lambda one: one.line or 0))
    return _Rows(scenario, table).claims()


def _doubles(table: Observations) -> Iterable[Fault]:
    first: dict[Any, int] = {}
    for row in table.found:
        said = (row.arm, *(getattr(row.one, name) for name in type(row.one).model_fields))
        if first.setdefault(said, row.line) != row.line:
            text = f"says the same as line {first[said]}, and would count twice"
            yield table.sheet.fault(text, row.line, allowed="each observation once; a group for each donor or well")


def _unlike(table: Observations, scenario: Scenario) -> Iterable[Fault]:
    """Yield why rows have no likelihood, or nothing simulated beside them."""
    known, control_of = shown(scenario), controls(scenario)
    relative = {name for own in scenario.readouts for name in own.relative}
    patients = _patients(scenario)
    for row in table.found:
        if told := _without_likelihood(row):
            yield table.sheet.fault(*told)
        if row.one.cd20 is not None:
            text = "of cells of one CD20, which a figure shows and no fit learns from"
            yield table.sheet.fault(text, row.line, "cd20", "an empty cell, and what is of all cells")
        if known[row.one.of].measure.name in relative and not control_of.get(row.arm):
            text = f"{row.one.of!r} is relative to a control, and {row.arm!r} has none"
            yield table.sheet.fault(text, row.line, "of", "survival_raw, or an arm with a control")
        if patients and row.one.group and row.one.group not in patients:
            text, close = f"no patient {row.one.group!r:.40} in the table of the cohort", row.one.group
            yield table.sheet.fault(text, row.line, "group", ", ".join(list(patients)[:9]), nearest(close, patients))


def _without_likelihood(row: Row) -> tuple[str, int, str, str] | None:
    one = row.one
    if one.k is not None:
        return None
    if one.value is None:
        return f"words alone, {one.words!r:.40}, have no likelihood", row.line, "value", f"a value with {SPREADS}"
    if one.sd is not None:
        return None if one.sd > 0.0 else ("an sd of 0 allows nothing but the value itself", row.line, "sd", SPREADS)
    if one.lo is None or one.hi is None:
        return f"{one.value:g} has no spread, so it has no likelihood", row.line, "value", SPREADS
    return None if one.lo < one.hi else (f"lo and hi are both {one.lo:g}", row.line, "lo", SPREADS)


def _patients(scenario: Scenario) -> dict[str, int]:
    """Return which of its patients are who in the table of a cohort."""
    table = table_of(scenario)
    return {one.id: k for k, one in enumerate(table.patients)} if table and not scenario.cohort.anonymise else {}


class _Rows:
    """Makes claims of the rows of a table."""

    def __init__(self, scenario: Scenario, table: Observations):
        self.scenario, self.rows, self.known = scenario, table.found, shown(scenario)
        self.patients, self.group = _patients(scenario), group_of(scenario)
        self.names = names_of(self.rows)

    def claims(self) -> list[OwnClaim]:
        """Return a claim for each row."""
        return [self._claim(row, name) for row, name in zip(self.rows, self.names, strict=True)]

    def _claim(self, row: Row, name: str) -> OwnClaim:
        one, own = row.one, self.known[row.one.of]
        factor = factor_of(own)
        value = one.interval(own.measure).times(factor)
        likelihood = _likelihood(row, value)
        half = Z * likelihood.width if isinstance(likelihood, Normal) else math.nan
        lo, hi = (value.mean - half, value.mean + half) if one.sd is not None else (value.lo, value.hi)
        return OwnClaim(
            arm=row.arm,
            of=own.name,
            words=own.measure.words,
            time_h=one.time,
            beside=one.beside,
            id=name,
            role="fit",
            text=f"{own.measure.words} of {row.arm}",
            unit=unit_of(own),
            observed=float(value.mean),
            lo=float(lo),
            hi=float(hi),
            source=one.source,
            cases=self._cases(one.group),
            measure=partial(_measured, keys=keys_of(row, own), factor=factor),
            group=self.group,
            likelihood=likelihood,
            subject=one.group or name,
        )

    def _cases(self, group: str) -> Any:
        """Return what runs the scenario as it is, looked at whenever anything was observed of the same subjects."""
        who = self.patients.get(group)
        own = [r.one for r in self.rows if self.patients.get(r.one.group) == who]
        looks = sorted({one.time for one in own if one.time is not None})
        case = Own("own", 0, ({LOOKS: looks} if looks else {}) | ({} if who is None else {REPLICATE: who}))
        return partial(_one_case, case=case)


def factor_of(own: Shown) -> float:
    """Return what makes percent of shares, and leaves everything else as it is."""
    return PERCENT if own.measure.unit == "1" and (own.at_end or own.measure.kind == "share") else 1.0


def unit_of(own: Shown) -> str:
    """Return the unit in which a measure is told."""
    return "%" if factor_of(own) == PERCENT else readable(own.measure.unit)


def keys_of(row: Row, own: Shown) -> tuple[str, str]:
    """Return under which names a row of a study tells what was observed, and what it is relative to, if anything."""
    names = [f"{arm}.{own.measure.name}" if arm else "" for arm in (row.arm, row.one.beside)]
    first, beside = (at_moment(name, row.one.time) if name and row.one.time is not None else name for name in names)
    return first, beside


def _one_case(seed: int, case: Case) -> list[Case]:
    return [case]


def _measured(found: Mapping[str, Values], keys: tuple[str, str], factor: float) -> float:
    return factor * value_of(found["own"], keys)


def value_of(values: Values, keys: tuple[str, str]) -> float:
    """Return what a row of a study tells of an observation, by :func:`keys_of`; NaN of what it does not know."""
    value, other = (values.get(key, math.nan) if key else 1.0 for key in keys)
    return value / other if other > 0.0 else math.nan


def names_of(rows: Sequence[Row]) -> list[str]:
    """Return a name for each row: its arm and moment, and as far as others have the same its measure and line."""
    found: list[str] = []
    for own in (
        _where,
        lambda row: f"{_where(row)}, {row.one.of.replace('_', ' ')}",
        lambda row: f"{_where(row)}, line {row.line}",
    ):
        names = [own(row) for row in rows]
        found = [old if found.count(old) == 1 else new for old, new in zip(found or names, names, strict=True)]
    return found


def _where(row: Row) -> str:
    when = "" if row.one.time is None else f" {row.one.time:.4g} h"
    return f"{row.one.group}{': ' * bool(row.one.group)}{row.arm}{when}"


def _likelihood(row: Row, value: Interval) -> Likelihood:
    """Return how a row was measured; `value` is what it says in the unit of the claim."""
    one, (mean, lo, hi) = row.one, map(float, value)
    if one.k is not None and one.n is not None:
        return Counts(one.k, one.n, PERCENT)
    if one.sd is not None:
        return Normal(mean, hi - mean)
    return (LogNormal if _is_even_in_logs(mean, lo, hi) else Normal).of_range(mean, lo, hi)


def _is_even_in_logs(mean: float, lo: float, hi: float) -> bool:
    """Return whether a value lies nearer to the middle of the logarithms of its range than to that of the range."""
    if lo <= 0.0:
        return False
    return abs(math.log(mean**2 / (lo * hi))) / math.log(hi / lo) < abs(2.0 * mean - lo - hi) / (hi - lo)
