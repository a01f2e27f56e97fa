"""How a study's table shows what its points change: a column for each path, its unit in the header.

Three things are told apart. ``off`` is what is null or has been taken out; what a point leaves unchanged has the base's
own value; nothing stands where the point's scenario has no such value, as of a process that is off.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from abm.core.errors import InputError
from abm.core.par import plain
from abm.core.units import UnitError, suffix
from abm.document.load import Document, apply_overrides, validate
from abm.document.reading import keys_in, value_at
from abm.scenario.known import parameter_at
from abm.scenario.schema import Scenario
from abm.study.rows import ARM, REPLICATE

OFF, ALL = "off", "all"
WELLS = (ARM, REPLICATE)  # where they are unchanged, all subjects run


class Columns:
    """The columns of some paths over a base scenario.

    Parameters
    ----------
    base : mapping
        Plain data of the base.
    paths : sequence of str
        What any point changes.
    """

    def __init__(self, base: Mapping[str, Any], paths: Sequence[str]):
        self.base = base
        self.known = {path: {} if path in WELLS else parameter_at(base, path) for path in paths}
        self.names = {path: self._name(path) for path in paths}

    def of(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a point shows in each column: a number, a text, or None for nothing."""
        unchanged = [path for path in self.names if path not in point]
        changes = {path: value for path, value in point.items() if path not in WELLS}
        data = apply_overrides(self.base, changes, Scenario) if unchanged else {}
        return {
            name: self._unchanged(data, path) if path in unchanged else self._shown(path, point[path])
            for path, name in self.names.items()
        }

    def _name(self, path: str) -> str:
        known = self.known[path]
        return path if not known or known["takes_bare"] else f"{path}_{suffix(known['unit'])}"

    def _unchanged(self, data: Mapping[str, Any], path: str) -> Any:
        if path in WELLS:
            return ALL
        *above, last = keys_in(data, path)
        owner = value_at(data, tuple(above))
        return self._shown(path, value_at(owner, (last,))) if isinstance(owner, Mapping | list) else None

    def _number(self, path: str, text: str) -> float | str:
        """Return the number that the scenario reads from a text; words and refused values stay as they are."""
        read = self.known[path]["read"]
        try:
            return read.in_unit(text)
        except UnitError:
            pass
        try:  # such as a dose in nM, which takes the molar mass
            data = plain(validate(Scenario, Document("row", apply_overrides(self.base, {path: text}, Scenario))))
            return read.in_unit(value_at(data, keys_in(data, path)))
        except (InputError, UnitError):
            return text

    def _shown(self, path: str, value: Any) -> Any:
        if value is None:
            return OFF
        if isinstance(value, str) and self.known[path]:
            return self._number(path, value)
        return json.dumps(value) if isinstance(value, dict | list | tuple | bool) else value
