"""When a well is stopped before its end: as soon as a count of its cells is below a limit.

The counts probe looks; a well ends with the first look at which the condition holds, and the rest goes on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from abm.core.errors import Fault, nearest
from abm.core.units import UnitError, parse_quantity
from abm.scenario.content import Content

CONDITION = re.compile(r"\s*([A-Za-z_]+)\.([A-Za-z_]+)\s*<\s*([^<>=]+?)\s*")
FORM = "b_cells.alive < 1 % (of all that ever were), or b_cells.alive < 1 (all are dead)"
PLACE = "until"


@dataclass(frozen=True)
class Until:
    """Fewer targets alive than a share of all that ever were, or than a number.

    Attributes
    ----------
    limit : float
        The share, or the number.
    is_share : bool
        Which of them.
    """

    limit: float
    is_share: bool

    def holds(self, look: Mapping[str, float]) -> bool:
        """Whether it holds of what the counts probe saw."""
        return look["n_b_alive"] < self.limit * (look["n_b_start"] if self.is_share else 1.0)


def until(scenario: Content) -> Until | None:
    """Return the condition of a scenario that was found to have no faults; None where a well runs to its end."""
    return _read(scenario.until, scenario)[0] if scenario.until else None


def until_faults(scenario: Content) -> list[Fault]:
    """Return why a condition cannot be used."""
    if not scenario.until:
        return []
    if not scenario.space.keeps_cells:
        text = f"what is in {scenario.space.where} is followed to the end"
        return [Fault(text, PLACE, allowed="null: only wells are stopped", beside=("space.kind",))]
    condition, faults = _read(scenario.until, scenario)
    n = scenario.counts()["b_cells"]
    if condition is None:
        return faults
    if condition.limit <= 0.0:
        return [Fault(f"{scenario.until!r} can never hold: no count is below 0", PLACE, allowed=FORM)]
    if dict(dict(scenario.populations)["b_cells"])["is_fixed"]:
        text, beside = f"{scenario.until!r} can never hold: fixed cells do not die", ("populations.b_cells.is_fixed",)
        return [Fault(text, PLACE, allowed="null, or cells that live", beside=beside)]
    if condition.limit > (1.0 if condition.is_share else n):
        return [Fault(f"{scenario.until!r} holds from the start", PLACE, allowed=FORM)]
    return []


def _read(text: str, scenario: Content) -> tuple[Until | None, list[Fault]]:
    match = CONDITION.fullmatch(text)
    if not match:
        return None, [Fault(f"found {text!r:.60}", PLACE, allowed=FORM)]
    name, what, limit = match.groups()
    for word, known in ((name, ["b_cells"]), (what, ["alive"])):
        if word not in known:
            message = f"{word!r} cannot be waited for"
            return None, [Fault(message, PLACE, allowed=FORM, nearest=nearest(word, known))]
    try:
        return Until(parse_quantity(limit, "1"), "%" in limit), []
    except UnitError as error:
        return None, [Fault(str(error), PLACE, allowed=error.allowed or FORM, nearest=error.nearest)]
