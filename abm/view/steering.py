"""What may be changed while a scenario runs: every parameter of every mechanism, by its own bounds and unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from abm.core.clock import H_PER_D, SAME_MOMENT_H
from abm.core.par import Model, describe, key_of, plain
from abm.core.process import Process
from abm.core.units import quantity_text
from abm.scenario.draws import patient_of
from abm.scenario.kinds import GIVEN
from abm.scenario.schema import Scenario
from abm.scenario.start import scenario_of
from abm.view.session import Session

N_STOPS = 40
WIDE = 30.0  # beyond this ratio a slider is logarithmic
REACH = 100.0  # a slider goes this far from the default where the bounds lie further away


@dataclass(frozen=True)
class Knob:
    """One thing to turn: a slider over stops, or a choice.

    Attributes
    ----------
    path : str
        Dotted path in the scenario.
    value : float or str or bool
        As it is now, in ``unit``.
    stops : tuple
        What it can be set to, the present value among them.
    """

    path: str
    text: str
    value: Any
    unit: str
    source: str
    stops: tuple[Any, ...]

    @property
    def label(self) -> str:
        """Description with unit."""
        return self.text if self.unit in ("", "1") else f"{self.text}, {self.unit}"

    @property
    def is_number(self) -> bool:
        """Whether it is a slider."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    def as_text(self, value: Any) -> Any:
        """Return a value as it stands in a scenario file."""
        return quantity_text(value, self.unit) if self.is_number and self.unit not in ("", "1") else value


@dataclass(frozen=True)
class Mechanism:
    """A process of the scenario: whether it is on, and its knobs."""

    name: str
    title: str
    is_on: bool
    knobs: tuple[Knob, ...]
    as_file: dict[str, Any]

    @property
    def path(self) -> str:
        """Dotted path in the scenario."""
        return f"processes.{self.name}"


def now(session: Session, arm: str) -> Scenario:
    """Return the scenario as an arm has it at this moment."""
    own = patient_of(session.scenario, session.replicate)
    return scenario_of(own, session.scenario.arms[arm], session.t_h + SAME_MOMENT_H)


def mechanisms(session: Session, arm: str) -> list[Mechanism]:
    """Return every process the scenario has or had at its start, in the order of the step."""
    own, found = now(session, arm), []
    known: dict[str, Process] = dict(session.scenario.processes) | dict(own.processes)
    for name, process in sorted(known.items(), key=lambda item: item[1].phase):
        title = (type(process).__doc__ or "").splitlines()[0]
        knobs = _knobs(f"processes.{name}", process, process.kept, in_days=_reads_days(session))
        found.append(Mechanism(name, title, name in own.processes, knobs, plain(process)))
    return found


def subject(session: Session, arm: str) -> tuple[Knob, ...]:
    """Return the knobs of who is simulated."""
    return _knobs("covariates", now(session, arm).covariates, in_days=_reads_days(session))


def _reads_days(session: Session) -> bool:
    return session.scenario.space.time_unit == "d"


def addable(session: Session) -> dict[str, str]:
    """Return what can be added now and a usual amount of each: first what the arms are given."""
    scenario = session.scenario
    first = dict.fromkeys(one.kind for name in session.arms for one in scenario.arms[name].add)
    scale = scenario.space.scale
    written = {target for process in scenario.processes.values() for target in process.writes}
    written |= {name for name, cells in scenario.populations if cells is not None}
    return {
        kind: cls.usual[scale]
        for kind, cls in ({kind: GIVEN[kind] for kind in first} | GIVEN).items()
        if scale in cls.usual and written >= {*cls.needs, *filter(None, [cls.population])}
    }


def amount(text: str) -> object:
    """Return an amount as it stands in a scenario file: what is counted has no unit."""
    return int(text) if text.strip().lstrip("-").isdecimal() else text.strip()


def _knobs(place: str, model: Model, kept: Sequence[str] = (), *, in_days: bool) -> tuple[Knob, ...]:
    found = []
    fields = type(model).model_fields
    for row in describe(type(model)):
        value, field = getattr(model, row["name"]), fields[row["name"]]
        path = f"{place}.{key_of(row['name'], field)}"
        if isinstance(value, bool) or not isinstance(value, int | float) or row["name"] in kept:
            continue
        unit, factor = _shown(row["unit"]) if in_days else (row["unit"], 1.0)
        inner = _stops(value, row)
        stops = inner if factor == 1.0 else tuple(_rounded(x, factor, row) for x in inner)
        found.append(Knob(path, row["description"], stops[inner.index(value)], unit, row["source"], stops))
    for key, field in fields.items():
        choices, value = get_args(field.annotation), getattr(model, key)
        if key == "kind" or not isinstance(value, str | bool):
            continue
        if field.annotation is bool:
            choices = (False, True)
        elif get_origin(field.annotation) is not Literal:
            continue
        found.append(Knob(f"{place}.{key}", key.replace("_", " "), value, "", "", tuple(choices)))
    return tuple(found)


def _shown(unit: str) -> tuple[str, float]:
    """Return the unit in which a patient's parameter is read, days instead of hours, and its factor."""
    if unit == "h":
        return "d", 1.0 / H_PER_D
    return (f"{unit[:-2]}/d", H_PER_D) if unit.endswith("/h") else (unit, 1.0)


def _stops(value: float, row: dict[str, Any]) -> tuple[float, ...]:
    """Return what a slider stops at: inside the bounds, at most a hundredfold from default and value."""
    centre = [abs(x) for x in (row["default"], value) if isinstance(x, int | float) and x]
    low = next((row[bound] for bound in ("ge", "gt") if row[bound] is not None), -math.inf)
    high = next((row[bound] for bound in ("le", "lt") if row[bound] is not None), math.inf)
    reach = REACH * max(centre, default=1.0)
    high = min(high, reach)
    if low >= 0.0:
        least = max(low, min(centre, default=high) / REACH)
        is_log = high / least > WIDE
        inner = _geometric(least, high) if is_log else _even(low, high)
        inner = ([low] if row["ge"] is not None else []) + inner
    else:
        inner = _even(max(low, -reach), high)
    stops = {float(f"{x:.3g}") for x in inner} | {value}
    if isinstance(value, int):
        stops = {round(x) for x in stops}
    allowed = [x for x in stops if _is_inside(x, row)]
    return tuple(sorted(allowed))


def _rounded(x: float, factor: float, row: dict[str, Any]) -> float:
    """Return a stop in another unit with four digits, rounded so that it stays inside the bounds."""
    digit = 10.0 ** (math.floor(math.log10(abs(x * factor))) - 3) if x else 1.0
    near = [float(f"{x * factor + way * digit:.4g}") for way in (0, -1, 1)]
    return next((shown for shown in near if _is_inside(shown / factor, row)), x * factor)


def _is_inside(x: float, row: dict[str, Any]) -> bool:
    lower = (row["ge"] is None or x >= row["ge"]) and (row["gt"] is None or x > row["gt"])
    return lower and (row["le"] is None or x <= row["le"]) and (row["lt"] is None or x < row["lt"])


def _even(low: float, high: float) -> list[float]:
    return [low + (high - low) * k / N_STOPS for k in range(N_STOPS + 1)]


def _geometric(low: float, high: float) -> list[float]:
    return [low * (high / low) ** (k / N_STOPS) for k in range(N_STOPS + 1)]


def arms_of(session: Session, choice: str) -> Sequence[str]:
    """Return the arms that a choice means: one, or all."""
    return session.arms if choice == ALL else (choice,)


ALL = "all arms"
