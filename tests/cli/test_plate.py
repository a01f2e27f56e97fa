"""``abm plate`` writes observations, wells and a picture of a plate, and says by which formula."""

import pandas as pd

from abm.plate.release import FORMULA


def test_a_plate_becomes_observations_wells_and_a_picture(call, tmp_path):
    told = call("plate", "plate_export", "--layout", "plate_layout", "-o", "own.csv", "--json").json
    assert told["formula"] == FORMULA
    assert [told[name] for name in ("observations", "wells", "figure")] == ["own.csv", "own-wells.csv", "own-plate.png"]
    own, wells = pd.read_csv(tmp_path / "own.csv"), pd.read_csv(tmp_path / "own-wells.csv")
    assert own["value [%]"].tolist() == [row["mean"] for row in told["arms"]]
    assert wells.query("kind == 'sample'").groupby("arm")["lysis"].mean()["rtx_1"] == own["value [%]"][2] / 100
    assert (tmp_path / "own-plate.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_printed_has_the_formula_and_a_row_for_each_arm(call, tmp_path):
    ended = call("plate", "plate_export", "--layout", "plate_layout", "--no-figures")
    assert FORMULA in ended.out
    assert "rtx_0.3  3      30.9" in ended.out
    assert {path.name for path in tmp_path.iterdir()} == {
        "plate_export-observations.csv",
        "plate_export-observations-wells.csv",
    }


def test_a_wrong_name_is_refused_before_anything_is_written(call, tmp_path):
    assert "--out own.txt: allowed: FILE.csv" in call("plate", "a.csv", "--layout", "b.csv", "-o", "own.txt").err
    ended = call("plate", "gone.csv", "--layout", "plate_layout")
    assert (ended.code, "'gone.csv' is not there" in ended.err) == (2, True)
    assert not list(tmp_path.iterdir())
