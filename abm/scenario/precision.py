"""How precisely a scenario wants its measures known: the half width of the 95 % interval of each, in its own unit."""

from dataclasses import dataclass

from abm.core.errors import Fault, nearest
from abm.core.units import UnitError, like, parse_quantity, unit_of
from abm.readouts.readout import EndPoint
from abm.scenario.content import Content

FIELD = "replicates.precise_to"
WIDEST_SHARE = 0.5  # no interval of a share is wider to either side


@dataclass(frozen=True)
class Wanted:
    """How precisely a measure shall be known.

    Attributes
    ----------
    name : str
        In the summary.
    half : float
        Half the width of the 95 % interval, in the measure's unit.
    words : str
        What it is.
    factor : float
        From the measure's unit to the one that a reader sees.
    unit : str
        That one: of shares percentage points.
    """

    name: str
    half: float
    words: str
    factor: float
    unit: str


def wanted(scenario: Content) -> list[Wanted]:
    """Return what a scenario wants known, and how precisely."""
    known = told(scenario)
    return [_wanted(name, _read(value, known[name]), known[name]) for name, value in scenario.precise_to.items()]


def _wanted(name: str, half: float, measure: EndPoint) -> Wanted:
    is_share = measure.kind in ("share", "ratio") or measure.shown.startswith("fraction")
    shown = (100.0, "points") if is_share else (measure.factor, measure.shown)
    return Wanted(name, half, measure.words, *shown)


def told(scenario: Content) -> dict[str, EndPoint]:
    """Return the measures of which the summary of a scenario tells intervals, by their names there."""
    found = [one for readout in scenario.readouts for one in readout.measures if one.is_told and one.kind != "word"]
    return {one.told_as: one for one in found if "*" not in one.told_as}


def precision_faults(scenario: Content) -> list[Fault]:
    """Return every fault in how precisely measures are wanted."""
    known, faults = told(scenario) if scenario.precise_to else {}, []
    for name, value in scenario.precise_to.items():
        place = f"{FIELD}.{name}"
        if name not in known:
            text = f"no measure {name!r} of which there are intervals"
            faults.append(Fault(text, place, allowed=", ".join(known), nearest=nearest(name, known)))
            continue
        try:
            half = _read(value, known[name])
        except UnitError as error:
            faults.append(Fault(str(error), place, allowed=error.allowed, nearest=error.nearest))
            continue
        is_share = known[name].kind in ("share", "ratio")
        if half <= 0.0 or (is_share and half >= WIDEST_SHARE):
            allowed = "more than 0 and less than 50 %, such as 2 %" if is_share else "more than 0"
            faults.append(Fault(f"found {value}, no half width of an interval", place, allowed=allowed))
    return faults


def _read(value: float | str, measure: EndPoint) -> float:
    """Return a half width in the unit of its measure."""
    if isinstance(value, str):
        return parse_quantity(value, measure.unit)
    if not unit_of(measure.unit).is_number:
        raise UnitError(f"unit missing: found the number {value:g}", like(measure.unit))
    return float(value)
