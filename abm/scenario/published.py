"""What was observed of the arms of a scenario: whether a run tells the same, and the table of it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from abm.core.errors import Fault, nearest
from abm.core.measure import Measure
from abm.core.units import UnitError, unit_of
from abm.scenario.content import Content
from abm.scenario.measures import measures
from abm.scenario.observed import Observed

ABOVE_ALL = 1.2  # design: specific lysis of an assay whose maximum, like all that is measured, has an error
TWICE = 2.0  # design: more of a control's share is a percentage without its unit


@dataclass(frozen=True)
class Shown:
    """A measure that observations may stand beside.

    Attributes
    ----------
    measure : Measure
        What it is.
    name : str
        In the tables of a run.
    at_end, at_any_time, by_cd20 : bool
        Whether a run tells it at its end, at every moment of its series, and of cells by their CD20.
    """

    measure: Measure
    name: str
    at_end: bool
    at_any_time: bool
    by_cd20: bool = False


def shown(scenario: Content) -> dict[str, Shown]:
    """Return what observations may stand beside, by name: shares in the summary of a run, and columns of its series."""
    found: dict[str, Shown] = {}
    for readout in scenario.readouts:
        own = readout.measures
        events = {one.event for one in own if one.is_told and one.estimate == "kaplan_meier"}
        for one in own:
            if one.is_told and one.unit == "1" and "*" not in one.name:
                is_timed = one.name in events or one.name in readout.at_any_time
                is_by_cd20 = one.name in readout.by_cd20
                found[one.name] = found[one.told_as] = Shown(one, one.told_as, True, is_timed, is_by_cd20)
    return {one.name: Shown(one, one.name, False, True) for one in _columns(scenario)} | found


def _columns(scenario: Content) -> list[Measure]:
    """Return the columns of a series: of a patient those of the look at him, each antibody with its level."""
    look = dict(scenario.probes)[scenario.space.look]
    is_body = scenario.space.scale == "body"
    declared = (look.measures if look else ()) if is_body else measures(scenario)
    each = [one.of(one.name.replace("*", drug)) for one in declared if "*" in one.name for drug in scenario.drugs()]
    return [one for one in declared if "*" not in one.name and one.name != "time_h"] + each * is_body


def fault_of(one: Observed, arm: str, scenario: Content, known: Mapping[str, Shown]) -> Fault | None:
    """Return why an observation cannot stand beside anything simulated; its path is what of it is wrong."""
    if one.of not in known:
        shares = [name for name, own in known.items() if name in (own.measure.name, one.of) and own.at_end]
        text, allowed = f"a run does not tell {one.of!r}", ", ".join(shares)
        more = f"{allowed} or, at a time, columns of its series"
        return Fault(text, "of", allowed=more, nearest=nearest(one.of, known))
    own = known[one.of]
    if one.beside and (one.beside == arm or one.beside not in scenario.arms):
        others = [name for name in scenario.arms if name != arm]
        text, close = f"no other arm {one.beside!r}", nearest(one.beside, others)
        return Fault(text, "beside", allowed=", ".join(others), nearest=close)
    when = _cells(one, known, scenario.duration) or _moment(one, own, scenario.duration)
    return when or _unit(one, own.measure) or _size(one, own.measure)


def observed_faults(scenario: Content) -> Iterator[Fault]:
    """Yield why what the arms say was observed cannot stand beside anything simulated."""
    told = [(name, *found) for name, own in scenario.arms.items() for found in enumerate(own.observed)]
    known = shown(scenario) if told else {}
    for arm, index, one in told:
        if fault := fault_of(one, arm, scenario, known):
            yield replace(fault, path=f"arms.{arm}.observed.{index}.{fault.path}")


def observed_table(scenario: Content, more: Iterable[tuple[str, Observed]] = ()) -> dict[str, list]:
    """Return the columns of ``observed.csv``: what the arms say, then more; in names and units of a run's tables."""
    known = shown(scenario)
    rows = [(name, one) for name, arm in scenario.arms.items() for one in arm.observed] + list(more)
    numbers = [one.interval(known[one.of].measure).as_numbers() for _, one in rows]
    columns: dict[str, list] = {
        "arm": [name for name, _ in rows],
        "of": [known[one.of].name for _, one in rows],
        "time_h": [one.time for _, one in rows],
        "value": [own["mean"] for own in numbers],
        "lo": [own["lo"] for own in numbers],
        "hi": [own["hi"] for own in numbers],
        "unit": [known[one.of].measure.unit for _, one in rows],
    }
    columns |= {key: [getattr(one, key) for _, one in rows] for key in ("words", "beside", "group", "source")}
    cd20 = [one.cd20 for _, one in rows]
    return columns | ({} if all(one is None for one in cd20) else {"cd20_per_cell": cd20})


def _cells(one: Observed, known: Mapping[str, Shown], duration_h: float) -> Fault | None:
    """Return why no curve over CD20 shows what was observed of cells with so much of it."""
    if one.cd20 is None:
        return None
    if not known[one.of].by_cd20:
        shares = dict.fromkeys(own.name for own in known.values() if own.by_cd20)
        text = f"{one.of!r} of cells of one CD20"
        return Fault(text, "cd20", allowed=", ".join(shares) or "none: patients are not seen cell by cell")
    if one.beside or (one.time is not None and one.time < duration_h * (1.0 - 1e-9)):
        text = f"{one.of!r} of cells of one CD20, which a run tells at its end alone"
        return Fault(text, "beside" if one.beside else "time", allowed="none")
    return None


def _moment(one: Observed, own: Shown, duration_h: float) -> Fault | None:
    if one.time is None:
        return None if own.at_end else Fault(f"{one.of!r} without a time", "time", allowed=f"0 to {duration_h:g} h")
    if not own.at_any_time or one.beside:
        return Fault(f"a time of {one.of!r}, which a run tells at its end", "time", allowed="none")
    if one.time > duration_h * (1.0 + 1e-9):
        text = f"{one.time:g} h is beyond the run"
        return Fault(text, "time", allowed=f"0 to {duration_h:g} h", beside=("duration",))
    return None


def _unit(one: Observed, measure: Measure) -> Fault | None:
    if one.k is not None:
        is_share = measure.kind == "share"
        return None if is_share else Fault(f"{one.of!r} is no share, which is counted", "k", allowed="a value")
    if not one.unit:
        is_plain = one.value is None or unit_of(measure.unit).is_number
        units = dict.fromkeys([measure.unit, *([measure.shown] if measure.factor != 1.0 else [])])
        allowed = f"such as {' or '.join(units)}"
        return None if is_plain else Fault(f"{one.value:g} has no unit", "unit", allowed=allowed)
    try:
        measure.times_of(one.unit)
    except UnitError as error:
        return Fault(str(error), "unit", allowed=error.allowed, nearest=error.nearest)
    return None


def _size(one: Observed, measure: Measure) -> Fault | None:
    value, (least, most) = float(one.interval(measure).mean), _bounds(measure)
    if math.isnan(value) or least <= value <= most:
        return None
    unit = "" if measure.unit == "1" else f" {measure.unit}"
    allowed = f"{least:g} to {most:g}, or a percentage with its unit, %" if most < math.inf else f">= {least:g}{unit}"
    return Fault(f"{value:g}{unit} cannot be of {one.of!r}", "value", allowed=allowed)


def _bounds(measure: Measure) -> tuple[float, float]:
    """Return between which values a measure can be, in its unit."""
    if measure.kind == "share":
        return 0.0, 1.0
    if measure.kind == "ratio":
        return 0.0, TWICE
    is_fraction = measure.unit == "1" and measure.shown.startswith("fraction")
    return (-1.0, ABOVE_ALL) if is_fraction else (-math.inf if measure.unit == "1" else 0.0, math.inf)
