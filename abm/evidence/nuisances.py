"""What one paper's laboratory may see otherwise than all others: free in a fit, for the claims of that paper alone.

A nuisance is one class below, under its name in `NUISANCES`; its default changes nothing.

*References*: Ginaldi1998 (CD20 per cell, in which laboratories disagree up to 7-fold).
"""

import json
from abc import abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from abm.core.par import Model, par
from abm.scenario.schema import Scenario

CD20 = "populations.b_cells.cd20.median"


class Nuisance(Model):
    """One number of one laboratory; ``needs`` says which experiments can tell one value from another."""

    value: float
    needs: ClassVar[str]

    @abstractmethod
    def changed(self, base: str, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an experiment changes in a parameter set, as this laboratory did it.

        Parameters
        ----------
        base : str
            Parameter set as the text of :func:`abm.study.rows.as_base`.
        point : mapping
            What the experiment changes in it by dotted path.
        """

    @staticmethod
    @abstractmethod
    def is_seen(scenario: Scenario) -> bool:
        """Return whether an experiment is one of those."""


class CD20Scale(Nuisance):
    """Factor on the median CD20 of the cells, in arms too; the CD20-low subset has no median."""

    value: float = par(
        1.0, "1", "design: far beyond 7-fold (Ginaldi1998)", "CD20 per cell, relative to all others", ge=0.01, le=100
    )
    needs = "a paper that gives antibodies, to cells whose CD20 no cohort draws from a range"

    def changed(self, base: str, point: Mapping[str, Any]) -> dict[str, Any]:
        """Multiply the median that the experiment sets, or else that of the parameter set."""
        if self.value == 1.0:
            return dict(point)
        found = dict(point) | {CD20: self.value * (point[CD20] if CD20 in point else _median(base))}
        if "arms" in point:
            found["arms"] = {name: self._of_arm(arm) for name, arm in point["arms"].items()}
        return found

    def _of_arm(self, arm: Mapping[str, Any]) -> dict[str, Any]:
        own = arm.get("set", {})
        return dict(arm) | ({"set": dict(own) | {CD20: self.value * own[CD20]}} if CD20 in own else {})

    @staticmethod
    def is_seen(scenario: Scenario) -> bool:
        """Return whether an antibody is given, and no range of a cohort replaces the median."""
        spread = scenario.cohort.vary.get(CD20) if scenario.cohort else None
        is_drawn = spread is not None and spread.range is not None
        return not is_drawn and any(arm.antibodies for arm in scenario.arms.values())


@lru_cache(maxsize=4)
def _median(base: str) -> float:
    return float(json.loads(base)["populations"]["b_cells"]["cd20"]["median"])


NUISANCES: dict[str, type[Nuisance]] = {"cd20_scale": CD20Scale}
