"""The series of a run as netCDF (``.nc``) for xarray, R and Panoply: dimensions arm, replicate and time."""

import io

import numpy as np
import pandas as pd
import xarray as xr

from abm.export.chosen import Chosen, refuse_large

DIMS = ["arm", "replicate", "time"]
DIGITS = 9  # of an hour: moments of wells that were stepped apart differ by rounding


def content(chosen: Chosen) -> tuple[bytes, dict[str, int]]:
    """Return the file, and how much it holds."""
    found = _dataset(chosen)
    file = io.BytesIO()
    found.to_netcdf(file, engine="h5netcdf")
    return file.getvalue(), {**{name: int(n) for name, n in found.sizes.items()}, "variables": len(found)}


def _dataset(chosen: Chosen) -> xr.Dataset:
    table = chosen.of(chosen.run.series())
    table = table.assign(time=table["time_h"].round(DIGITS)).drop(columns="time_h").set_index(DIMS)
    refuse_large(table.columns.size * int(np.prod([len(level) for level in table.index.levels])))
    order = [list(dict.fromkeys(table.index.get_level_values(name))) for name in DIMS]
    whole = pd.MultiIndex.from_product([order[0], *map(sorted, order[1:])], names=DIMS)
    found = xr.Dataset.from_dataframe(table.reindex(whole))
    return _told(found.sel(arm=order[0]), chosen)


def _told(found: xr.Dataset, chosen: Chosen) -> xr.Dataset:
    """Say what is what: units and words of each number, and of each arm."""
    measures, arms = chosen.run.measures(), chosen.run.arms().set_index("arm").loc[found["arm"].to_numpy()]
    for name in found:
        measure = measures.of(str(name))
        found[name].attrs = {"units": measure.unit, "long_name": measure.words}
    found["time"].attrs = {"units": "h", "long_name": "time since the start"}
    found["replicate"].attrs = {"units": "1", "long_name": "well, donor or patient, the same in every arm"}
    for name in ("words", "control_arm"):
        found = found.assign_coords({name: ("arm", arms[name].fillna("").astype(str).to_numpy())})
    return found.assign_attrs(chosen.about())
