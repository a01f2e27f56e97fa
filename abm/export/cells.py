"""All cells of all frames as AnnData (``.h5ad``), which scanpy, squidpy and R read: a row for each cell and moment.

``X`` holds what is a number, or yes and no (1 and 0), missing where a kind of cell has no such column; ``obs`` tells
whose cell it is, when, and how it ends; ``obsm['spatial']`` where on the floor, in µm.
"""

import io

import anndata
import h5py
import numpy as np
import pandas as pd

from abm.export.chosen import Chosen, refuse_large
from abm.export.floor import has_places

LABELS = ("arm", "replicate", "time_h", "population", "uid", "cohort")
PLACE = ["x_um", "y_um"]
SURVIVES = "survives"


def content(chosen: Chosen) -> tuple[bytes, dict[str, int]]:
    """Return the file, and how much it holds."""
    cells = _all_cells(chosen)
    found = _annotated(chosen, cells)
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        anndata.io.write_elem(root, "/", found)
    return file.getvalue(), {"rows": found.n_obs, "columns": found.n_vars}


def _all_cells(chosen: Chosen) -> pd.DataFrame:
    frames, n = [], 0
    for step, cells in chosen.frames():
        n += cells.size
        refuse_large(n)
        frames.append(cells.assign(step=step))
    return pd.concat(frames, ignore_index=True)


def _annotated(chosen: Chosen, cells: pd.DataFrame) -> anndata.AnnData:
    plain = [name for name in cells.columns if name not in (*LABELS, *PLACE, "step")]
    is_text = {name: cells[name].map(type).eq(str).any() for name in plain if cells[name].dtype == object}
    numbers = [name for name in plain if not is_text.get(name, False)]
    texts = [name for name in plain if name not in numbers]
    obs = cells[[*(name for name in LABELS if name in cells), *texts]].assign(fate=_fates(chosen, cells))
    obs = obs.astype(dict.fromkeys(("arm", "population", "fate", *texts), "category"))
    obs.index = pd.Index(_names(cells))
    units = [chosen.run.measures("cells").of(name).unit for name in numbers]
    places = {"spatial": cells[PLACE].to_numpy(dtype=float)} if has_places(chosen.run) else {}
    values = np.column_stack([cells[name].astype(float) for name in numbers]) if numbers else None
    var = pd.DataFrame({"unit": units}, index=pd.Index(numbers, dtype=object))
    return anndata.AnnData(values, obs=obs, var=var, obsm=places, uns=chosen.about())


def _fates(chosen: Chosen, cells: pd.DataFrame) -> pd.Series:
    """Return the cause of death that a cell comes to by the end of the run; missing of those that no drug is for."""
    targets = {name for name, told in chosen.run.populations().items() if told.get("role") == "target"}
    if not chosen.run.has("deaths.parquet"):
        return pd.Series(np.nan, cells.index, dtype=object)
    keys = ["arm", "replicate", "uid"]
    deaths = chosen.run.deaths().drop_duplicates(keys)[[*keys, "cause"]]
    causes = cells[keys].merge(deaths, on=keys, how="left")["cause"].fillna(SURVIVES)
    causes.index = cells.index
    return causes.where(cells["population"].isin(targets))


def _names(cells: pd.DataFrame) -> list[str]:
    parts = (cells[name].astype(str) for name in ("arm", "replicate", "population", "uid", "step"))
    return ["|".join(row) for row in zip(*parts, strict=True)]
