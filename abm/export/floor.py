"""Where the cells of a run are: on a floor with a side, or nowhere."""

from collections.abc import Mapping
from typing import Any

from abm.core.errors import InputError
from abm.core.units import UnitError, parse_quantity
from abm.document.reading import read_document
from abm.results.run import Run

FLOOR = "floor"


def has_places(run: Run) -> bool:
    """Whether places mean anything: not in mixed wells, and not in patients."""
    return _space(run).get("kind") == FLOOR


def side_um(run: Run) -> float:
    """Return the side of the floor, 0 where the scenario does not say it."""
    try:
        return parse_quantity(str(_space(run)["side"]), "um")
    except (KeyError, UnitError):
        return 0.0


def _space(run: Run) -> Mapping[str, Any]:
    try:
        return read_document(run.path / "scenario.yaml").data.get("space") or {}
    except InputError:
        return {}
