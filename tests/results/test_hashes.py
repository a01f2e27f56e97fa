import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from abm.results.hashes import result_hash
from abm.results.page import PageFolder
from abm.results.tables import read_csv, read_npz, read_parquet, write_csv, write_npz, write_parquet


def test_the_hash_is_in_summary_and_provenance(finished, finished_hash):
    assert finished.summary()["result_hash"] == finished.provenance()["result_hash"] == finished_hash
    assert result_hash(finished.path) == finished_hash


def test_encoding_of_the_files_does_not_matter(finished, finished_hash):
    path = finished.path / "cells" / "frame=000060.parquet"
    pq.write_table(read_parquet(path), path, compression="none", use_dictionary=False, row_group_size=2)
    finished.deaths().to_parquet(finished.path / "deaths.parquet")
    write_csv(finished.path / "series.csv", finished.series())
    assert result_hash(finished.path) == finished_hash


def test_what_is_no_result_does_not_matter(finished, finished_hash):
    finished.log("anything", {"at": "any time"})
    PageFolder(finished.path).write_report("<p>")
    finished.write_scenario("seed: 7")
    assert result_hash(finished.path) == finished_hash


def edited(read, write):
    def change(path, edit):
        write(path, edit(read(path).to_pandas()))

    return change


CHANGES = {
    "series.csv": edited(read_csv, write_csv),
    "deaths.parquet": edited(read_parquet, write_parquet),
    "start.parquet": edited(read_parquet, write_parquet),
    "cells/frame=000060.parquet": edited(read_parquet, write_parquet),
}
EDITS = {
    "a value": lambda frame: frame.assign(replicate=frame["replicate"] + (frame.index == 2)),
    "a text": lambda frame: frame.assign(arm=frame["arm"].mask(frame.index == 2, "other")),
    "a column name": lambda frame: frame.rename(columns={"replicate": "repeat"}),
    "row order": lambda frame: frame.iloc[::-1],
    "a missing row": lambda frame: frame.iloc[:-1],
    "a gap": lambda frame: frame.assign(replicate=frame["replicate"].astype(pd.Int64Dtype()).mask(frame.index == 0)),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("edit", EDITS)
def test_every_change_of_a_table_changes_the_hash(finished, finished_hash, name, edit):
    CHANGES[name](finished.path / name, EDITS[edit])
    assert result_hash(finished.path) != finished_hash


def test_a_missing_frame_changes_the_hash(finished, finished_hash):
    (finished.path / "cells" / "frame=000060.parquet").unlink()
    assert result_hash(finished.path) != finished_hash


@pytest.mark.parametrize("edit", [lambda values: values + 1e-15, lambda values: values.reshape(1, 4)])
def test_every_change_of_a_field_changes_the_hash(finished, finished_hash, edit):
    path = finished.path / "fields" / "frame=000060.npz"
    arrays = read_npz(path)
    arrays["serum/0/dheas_uM"] = edit(arrays["serum/0/dheas_uM"])
    write_npz(path, arrays)
    assert result_hash(finished.path) != finished_hash


def test_all_gaps_in_floats_are_one(finished):
    path, hashes = finished.path / "start.parquet", set()
    for column in (pa.array([None, 1.0]), pa.array([float("nan"), 1.0]), pa.array([-float("nan"), 1.0], pa.float32())):
        write_parquet(path, {"x": column})
        hashes.add(result_hash(finished.path))
    assert len(hashes) == 1
