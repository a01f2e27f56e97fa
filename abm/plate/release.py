"""Specific lysis of each well by what it released: (sample - spontaneous) / (maximum - spontaneous), blanks subtracted.

A control or blank that names an arm is of that arm alone; those that name none are of all others. Spontaneous, maximum
and blank are means over their wells. One blank of a whole plate cancels out; that of an arm, with its serum, does not.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from abm.core.errors import Fault, InputError
from abm.core.user_file import UserFile
from abm.document.sheet import Sheet
from abm.plate.grid import Grid, read_grid
from abm.plate.layout import Well, read_layout, sample_of

FORMULA = "specific lysis = (sample - spontaneous) / (maximum - spontaneous), each less its blank"
MOST_NAMED = 5
OF = "lysis"


@dataclass(frozen=True)
class Plate:
    """A plate with its lysis.

    Attributes
    ----------
    name : str
        Of the export.
    wells : DataFrame
        A row for each well of the layout that is not empty: what it is, its reading, its blank, the reading less the
        blank, and the specific lysis of samples as a fraction.
    controls : DataFrame
        A row for each arm: its blank, and spontaneous and maximum, each less its own blank.
    dose_unit : str
        As the layout says it.
    """

    name: str
    wells: pd.DataFrame
    controls: pd.DataFrame
    dose_unit: str

    def of_arms(self) -> pd.DataFrame:
        """Return mean and SD of lysis over the wells of each arm at each time, in %, and how many wells they are."""
        samples = self.wells.loc[self.wells["kind"] == "sample"]
        found = samples.groupby(["arm", "time_h"], sort=False, dropna=False)["lysis"].agg(["mean", "std", "count"])
        return (100.0 * found[["mean", "std"]]).assign(n=found["count"]).reset_index()

    def observations(self) -> dict[str, list]:
        """Return the columns of a table of observations as ``abm run --data`` reads it."""
        table = self.of_arms()
        sources = [f"measured: {self.name}, {n} well{'s' * (n > 1)}" for n in table["n"]]
        numbers = {name: [None if np.isnan(x) else float(x) for x in table[own]] for name, own in
                   (("time [h]", "time_h"), ("value [%]", "mean"), ("sd", "std"))}  # fmt: skip
        return {"arm": table["arm"].tolist(), "of": [OF] * len(table), **numbers, "source": sources}


def read_plate(export: UserFile, layout: UserFile) -> Plate:
    """Return the plate of an export, of which a layout says what is in its wells.

    Raises
    ------
    InputError
        All that is wrong with either, or between them.
    """
    grid, (sheet, wells) = read_grid(export.known()), read_layout(layout.known())
    sample_of(wells, sheet)
    _check(grid, sheet, wells)
    used = [one for one in wells if one.kind != "empty"]
    table = pd.DataFrame([{"well": o.name, "kind": o.kind, "arm": o.arm, "dose": o.dose, "replicate": o.replicate,
                           "time_h": o.time_h, "reading": grid.values[o.name]} for o in used])  # fmt: skip
    table = _less_blank(sheet, table)
    controls = _controls(grid, table)
    own, net = controls.reindex(table["arm"]).reset_index(drop=True), table["net"]
    lysis = (net - own["spontaneous"]) / (own["maximum"] - own["spontaneous"])
    found = table.assign(lysis=lysis.where(table["kind"] == "sample"))
    unit = next((unit for name, unit in sheet.header if name.lower() == "dose"), "")
    return Plate(export.name, found, controls, unit)


def _check(grid: Grid, sheet: Sheet, wells: list[Well]) -> None:
    """Refuse readings that the layout does not know, and wells of the layout without a reading."""
    faults, known = [], {one.name for one in wells}
    missing = [well for well in grid.values if well not in known]
    for well in missing[:MOST_NAMED]:
        allowed = "a row for each well that was read, of kind 'empty' if it is not used"
        faults.append(grid.fault(f"is not in {sheet.file.name}", well, allowed))
    if len(missing) > MOST_NAMED:
        faults.append(grid.fault(f"{len(missing) - MOST_NAMED} more wells are not in {sheet.file.name}"))
    without = [one for one in wells if one.kind != "empty" and one.name not in grid.values]
    for one in without[:MOST_NAMED]:
        text, allowed = f"{one.name} has no reading in {grid.file.name}", "a reading, or kind 'empty'"
        faults.append(sheet.fault(text, one.line, "well", allowed))
    if not any(one.kind == "sample" for one in wells):
        faults.append(sheet.fault("holds no sample", allowed="wells of kind 'sample' with their arm"))
    if faults:
        raise InputError(*faults)


def _less_blank(sheet: Sheet, table: pd.DataFrame) -> pd.DataFrame:
    """Return wells with the mean blank of their arm, or of the plate, and the reading less it."""
    blanks = table.loc[table["kind"] == "blank"].groupby("arm")["reading"].mean()
    if len(blanks) and "" not in blanks.index:
        others = table.loc[~table["arm"].isin(blanks.index) & (table["kind"] != "blank"), "well"]
        if len(others):
            text = f"blanks of some arms alone, and none for {others.iloc[0]}"
            raise InputError(sheet.fault(text, None, "kind", "a blank that names no arm beside them"))
    own = table["arm"].map(blanks).fillna(blanks.get("", 0.0))
    return table.assign(blank=own, net=table["reading"] - own)


def _controls(grid: Grid, table: pd.DataFrame) -> pd.DataFrame:
    """Return the blank of each arm, and spontaneous and maximum, each less its own blank: the arm's, or the plate's."""
    samples = set(table.loc[table["kind"] == "sample", "arm"])
    means, blanks = table.groupby(["kind", "arm"])["net"].mean(), table.groupby("arm")["blank"].first()
    found, faults = {}, []
    for arm in dict.fromkeys(table["arm"]):
        own = {kind: means.get((kind, arm), means.get((kind, ""), np.nan)) for kind in ("spontaneous", "maximum")}
        found[arm] = {"blank": blanks[arm], **own}
        faults += _control_faults(grid, arm, own) if arm in samples else []
    if faults:
        raise InputError(*faults)
    return pd.DataFrame.from_dict(found, orient="index")


def _control_faults(grid: Grid, arm: str, own: dict[str, float]) -> list[Fault]:
    missing = [kind for kind, value in own.items() if np.isnan(value)]
    if missing:
        allowed = f"wells of kind '{missing[0]}', for all arms or for this one"
        return [grid.fault(f"no {' and no '.join(missing)} release for arm {arm!r}", allowed=allowed)]
    if own["maximum"] <= own["spontaneous"]:
        ends = f"maximum release, {own['maximum']:.4g}, is not above spontaneous, {own['spontaneous']:.4g}"
        text = f"{ends}, less blanks, of arm {arm!r}"
        return [grid.fault(text, allowed="maximum > spontaneous: are the two exchanged in the layout?")]
    return []
