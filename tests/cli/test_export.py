"""``abm export``: what leaves a run opens in AnnData, xarray and as a Simularium film, and is what was simulated."""

import json
import sys

import anndata
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from abm.export import chosen, trajectories
from abm.export.forms import FORMS
from abm.results.run import Run
from tests.cli.conftest import SMALL

WHOSE = ["arm", "replicate", "population", "uid", "time_h"]
PATIENT = """
extends: cll_patient
name: patient
duration: 14 d
replicates: 2
populations: {b_cells: {cells_per_agent: 1e10}}
cohort: {table: who.csv}
probes: {patient: {every: 7 d}, cells: {at: [0 h, 14 d]}}
"""


@pytest.fixture
def exported(call, tmp_path):
    """Return the function that exports a folder to a file, and what the call said."""

    def export(folder, name, *words):
        told = call("export", folder, "--to", tmp_path / name, *words, "--json").json
        assert told["export"] == str(tmp_path / name)
        return tmp_path / name, told

    return export


def all_cells(folder):
    """Return the cells of all frames as pandas reads them."""
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / "cells").iterdir())], ignore_index=True)


def test_cells_of_all_frames_open_in_anndata_as_the_run_keeps_them(finished, exported):
    path, told = exported(finished, "cells.h5ad")
    found, own = anndata.read_h5ad(path), all_cells(finished)
    assert told["rows"] == found.n_obs == len(own)
    for name in WHOSE:
        assert found.obs[name].tolist() == own[name].tolist()
    for name in found.var_names:
        np.testing.assert_array_equal(found.obs_vector(name), own[name].astype(float))
    assert {"cd20_per_cell", "is_dying", "granules"} <= set(found.var_names)
    assert found.var["unit"]["bound_per_cell"] == "molecules/cell"
    np.testing.assert_array_equal(found.obsm["spatial"], own[["x_um", "y_um"]])
    assert found.obs_names.is_unique
    assert found.uns["scenario_hash"] == Run(finished).scenario_hash


def test_how_a_cell_ends_is_the_cause_of_its_death(finished, exported):
    obs = anndata.read_h5ad(exported(finished, "cells.h5ad")[0]).obs
    died = {(row.arm, row.replicate, row.uid): row.cause for row in Run(finished).deaths().itertuples()}
    targets = obs.loc[obs["population"] == "b_cells"]
    fates = [died.get((row.arm, row.replicate, row.uid), "survives") for row in targets.itertuples()]
    assert targets["fate"].tolist() == fates
    assert {"cdc", "survives"} <= set(fates)
    assert obs.loc[obs["population"] == "nk_cells", "fate"].isna().all()


def test_a_file_has_the_same_bytes_again_and_some_arms_where_asked_for(finished, exported):
    for name in ("cells.h5ad", "series.nc", "film.simularium"):
        assert exported(finished, name)[0].read_bytes() == exported(finished, name)[0].read_bytes()
    obs = anndata.read_h5ad(exported(finished, "cells.h5ad", "--arm", "both", "--replicate", 1)[0]).obs
    assert set(zip(obs["arm"], obs["replicate"], strict=True)) == {("both", 1)}


def test_the_series_opens_in_xarray_with_dimensions_units_and_words(finished, exported):
    with xr.open_dataset(exported(finished, "series.nc")[0]) as found:
        own = pd.read_csv(finished / "series.csv")
        assert dict(found.sizes) == {"arm": 4, "replicate": 2, "time": own["time_h"].round(9).nunique()}
        assert list(found["arm"].to_numpy()) == list(dict.fromkeys(own["arm"]))
        for row in own.iloc[::5].to_dict("records"):
            one = found.sel(arm=row["arm"], replicate=row["replicate"]).sel(time=row["time_h"], method="nearest")
            for name in ("n_b_alive", "rituximab_nM", "potency_mean"):
                np.testing.assert_equal(float(one[name]), row[name])
        assert found["rituximab_nM"].attrs["units"] == "nM"
        assert found["time"].attrs["units"] == "h"
        assert found["n_b_alive"].attrs["long_name"]
        assert found["words"].sel(arm="serum").item().startswith("rituximab 10 µg/mL")
        assert found["control_arm"].sel(arm="both").item() == "both~control"


def test_a_film_holds_every_cell_of_a_well_where_it_was(finished, exported):
    path, told = exported(finished, "film.simularium", "--arm", "both", "--replicate", 1)
    film = json.loads(path.read_text())
    info, own = film["trajectoryInfo"], all_cells(finished).query("arm == 'both' and replicate == 1")
    names = {int(key): own_type["name"] for key, own_type in info["typeMapping"].items()}
    assert told == {"export": str(path), "arm": "both", "replicate": 1, "frames": own["time_h"].nunique()}
    assert (info["timeUnits"]["name"], info["spatialUnits"]["name"]) == ("h", "µm")
    assert {"B cell#alive", "NK cell#free", "B cell#lysed by CDC"} <= set(names.values())
    for frame, (t_h, cells) in zip(film["spatialData"]["bundleData"], own.groupby("time_h"), strict=True):
        spheres = np.array(frame["data"]).reshape(-1, 11)
        assert len(set(spheres[:, 1])) == len(spheres)
        there = np.array(["lysed" not in names[int(kind)] for kind in spheres[:, 2]])
        um = spheres[there][:, [3, 4, 9]] * info["spatialUnits"]["magnitude"]
        assert frame["time"] == t_h
        found = {tuple(row) for row in np.round(um + np.array([225.0, 225.0, 0.0]), 6)}
        radius = cells["population"].map({"b_cells": 5.0, "nk_cells": 3.5})
        assert found == {tuple(row) for row in np.round(cells[["x_um", "y_um"]].assign(r=radius).to_numpy(), 6)}
        gone = Run(finished).deaths().query(f"arm == 'both' and replicate == 1 and t_lysis_h <= {t_h}")
        assert (~there).sum() == len(gone)


def test_the_uid_of_a_cell_is_its_own_in_every_frame(finished, exported):
    film = json.loads(exported(finished, "film.simularium", "--arm", "serum")[0].read_text())
    own = all_cells(finished).query("arm == 'serum' and replicate == 0")
    first, last = (np.array(film["spatialData"]["bundleData"][i]["data"]).reshape(-1, 11) for i in (0, -1))
    kept = set(own.loc[own["time_h"] == 0.0, "uid"]) | set(own.loc[own["time_h"] == own["time_h"].max(), "uid"])
    assert len(set(first[:, 1]) | set(last[:, 1])) == len(kept)


def test_patients_leave_without_places_and_under_numbers(call, exported, write, tmp_path):
    (tmp_path / "who.csv").write_text("ID,covariates.weight_kg\nDoe-Jane,70\nRoe-Richard,80\n")
    told = call("run", write(PATIENT, "patient.yaml"), "--anonymise", "--no-figures", "--threads", 1, "--json").json
    folder = tmp_path / told["folder"]
    path, _ = exported(folder, "cells.h5ad")
    found = anndata.read_h5ad(path)
    assert (set(found.obs["replicate"]), dict(found.obsm)) == ({0, 1}, {})
    series, _ = exported(folder, "series.nc")
    with xr.open_dataset(series) as own:
        assert own["lymphocytes_per_nL"].attrs["units"] == "1/nL"
        assert list(own["time"].to_numpy()) == [0.0, 168.0, 336.0]
    assert not any(name in file.read_bytes() for file in (path, series) for name in (b"Doe", b"Roe", b"who.csv"))
    ended = call("export", folder, "--to", "film.simularium")
    assert (ended.code, ended.err.split("  ")[1].split(";")[0]) == (2, "its cells have no places")


REFUSED = {
    "cells.h5a": "--to cells.h5a: ends in '.h5a'; allowed: .h5ad, .nc, .simularium; did you mean '.h5ad'?",
    "cells": "--to cells: ends in 'nothing'; allowed: .h5ad, .nc, .simularium",
    "out.csv": "holds it as it is: series.csv",
    "out.parquet": "holds it as it is: cells/frame=*.parquet",
    "gone/out.nc": "cannot write gone/out.nc: its folder is gone",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_of_no_form_is_refused_with_those_there_are(call, finished, name):
    ended = call("export", finished, "--to", name)
    assert (ended.code, ended.out) == (3 if name.startswith("gone") else 2, "")
    assert REFUSED[name] in ended.err


def test_an_arm_and_a_replicate_that_the_run_lacks_are_refused_together(call, finished):
    ended = call("export", finished, "--to", "a.nc", "--arm", "serun", "--replicate", 9)
    assert ended.code == 2
    assert (
        "--arm  no arm 'serun'; allowed: serum, both, serum~control, both~control; did you mean 'serum'?" in ended.err
    )
    assert "--replicate  no replicate 9; allowed: 0 to 1" in ended.err


def test_a_run_without_frames_says_what_would_keep_them(call, small, tmp_path):
    told = call("run", small, "--no-figures", "--threads", 1, "--json").json
    for name in ("cells.h5ad", "film.simularium"):
        ended = call("export", tmp_path / told["folder"], "--to", name)
        assert ended.code == 2
        assert (
            "the run kept no cells; allowed: one of a scenario with 'probes: {cells: {at: [0 h, 24 h]}}'" in ended.err
        )


def test_a_mixed_well_has_cells_and_no_places(call, exported, write, tmp_path):
    text = SMALL.replace("kind: floor", "kind: mixed").replace("counts:", "cells: {at: [0 h]}\n  counts:")
    told = call("run", write(text), "--no-figures", "--threads", 1, "--json").json
    assert dict(anndata.read_h5ad(exported(tmp_path / told["folder"], "cells.h5ad")[0]).obsm) == {}
    ended = call("export", tmp_path / told["folder"], "--to", "film.simularium")
    assert "its cells have no places; allowed: a run of wells in 'space: {kind: floor}'" in ended.err


@pytest.mark.parametrize(
    ("name", "missing"), [("a.h5ad", "anndata"), ("a.nc", "xarray"), ("a.simularium", "simulariumio")]
)
def test_without_the_extra_it_is_said_what_to_install(call, finished, monkeypatch, name, missing):
    for module in FORMS.values():
        monkeypatch.delitem(sys.modules, f"abm.export.{module}", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    ended = call("export", finished, "--to", name)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"{name[1:]} needs {missing}: pip install 'antibody-abm[export]'\n"


def test_what_is_too_large_is_refused_with_the_numbers(call, finished, monkeypatch):
    monkeypatch.setattr(chosen, "free_memory", lambda: 1000)
    ended = call("export", finished, "--to", "a.h5ad")
    assert ended.code == 4
    assert "GB that are free; choose some by --arm and --replicate" in ended.err


def test_colours_of_spheres_are_those_of_the_map(finished, exported):
    from abm.plot import kinds

    film = json.loads(exported(finished, "film.simularium", "--arm", "both")[0].read_text())
    looks = {own["name"]: own["geometry"]["color"] for own in film["trajectoryInfo"]["typeMapping"].values()}
    assert looks["B cell#alive"] == kinds.targets(Run(finished))[0].colours[0]
    assert film["trajectoryInfo"]["size"]["x"] == trajectories.WIDTH
