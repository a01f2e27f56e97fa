import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.results.tables import (
    ReadError,
    concat,
    read_csv,
    read_npz,
    read_parquet,
    stack,
    write_csv,
    write_npz,
    write_parquet,
)

FLOATS = st.lists(st.floats(allow_nan=False), min_size=1, max_size=20)


@given(FLOATS)
def test_csv_keeps_every_digit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "series.csv"
    write_csv(path, {"x": np.array(values)})
    np.testing.assert_array_equal(read_csv(path)["x"].to_numpy(), np.array(values))


def test_text_stays_text_and_gaps_stay_gaps(tmp_path):
    arms = ["NA", "007", "1e5", "true", "nan"]
    path = tmp_path / "arms.csv"
    write_csv(path, {"arm": arms, "control_arm": ["", *arms[1:]], "x": [np.nan, 1, 2, 3, 4], "n": [1, None, 3, 4, 5]})
    frame = read_csv(path).to_pandas()
    assert list(frame["arm"]) == arms
    assert frame["control_arm"][0] == ""
    assert frame["x"].isna().tolist() == [True, False, False, False, False]
    assert path.read_text().splitlines()[1:3] == ["NA,,,1", "007,007,1.0,"]


def test_quotes_commas_and_newlines_in_a_description_survive(tmp_path):
    text = 'loss, with "CD20"\nand α; =1+1'
    path = tmp_path / "parameters.csv"
    row = {"name": ["a.b"], "value": ["1"], "unit": ["1/h"], "source": ["x"], "origin": ["default"]}
    write_csv(path, row | {"description": [text]})
    assert read_csv(path)["description"].to_pylist() == [text]
    assert read_csv(path)["value"].to_pylist() == ["1"]


def test_parquet_bytes_are_the_same_for_a_frame_and_for_arrays(tmp_path):
    columns = {"arm": ["a", "b"], "uid": np.array([1, 2**64 - 1], "u8"), "x": np.array([0.5, 1], "f4")}
    write_parquet(tmp_path / "a.parquet", columns)
    write_parquet(tmp_path / "b.parquet", pd.DataFrame(columns))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert pq.read_metadata(tmp_path / "a.parquet").metadata is None


def test_parquet_keeps_types_and_opens_in_pandas(tmp_path):
    (tmp_path / "key=value").mkdir()
    path = tmp_path / "key=value" / "frame=000120.parquet"
    columns = {"uid": np.arange(3, dtype="u8"), "is_dying": np.array([True, False, True]), "cohort": np.zeros(3, "i4")}
    write_parquet(path, columns)
    frame = pd.read_parquet(path)
    assert read_parquet(path).column_names == ["uid", "is_dying", "cohort"]
    assert [str(kind) for kind in frame.dtypes[:3]] == ["uint64", "bool", "int32"]


def test_a_categorical_column_is_plain_text(tmp_path):
    write_parquet(tmp_path / "a.parquet", pd.DataFrame({"cause": pd.Categorical(["cdc", "adcc"])}))
    assert read_parquet(tmp_path / "a.parquet")["cause"].to_pylist() == ["cdc", "adcc"]


def test_a_column_that_one_table_lacks_is_null_and_types_stay():
    table = stack({"b_cells": {"uid": np.array([1], "u8"), "n": [2]}, "nk_cells": {"uid": np.array([3], "u8")}}, "kind")
    assert table.to_pylist() == [{"kind": "b_cells", "uid": 1, "n": 2}, {"kind": "nk_cells", "uid": 3, "n": None}]
    assert table.schema.field("n").type == pa.int64()


def test_empty_tables_do_not_spoil_types_but_keep_their_columns():
    assert concat([{"uid": []}, {"uid": np.array([1], "u8")}]).schema.field("uid").type == pa.uint64()
    assert concat([{"uid": []}, {"uid": []}]).column_names == ["uid"]


def test_fields_come_back_and_hold_no_pickle(tmp_path):
    path = tmp_path / "frame=000120.npz"
    arrays = {"serum/0/dheas_uM": np.arange(6.0).reshape(2, 3), "serum/0/voxel_um": 5.0}
    write_npz(path, arrays)
    first = path.read_bytes()
    write_npz(path, arrays)
    assert path.read_bytes() == first
    np.testing.assert_equal(read_npz(path), arrays)
    with pytest.raises((TypeError, ValueError)):
        write_npz(path, {"a": np.array([{}], dtype=object)})
    np.savez(path, a=np.array([{}], dtype=object))
    with pytest.raises(ReadError, match="cannot be read"):
        read_npz(path)


@pytest.mark.parametrize(("read", "name"), [(read_csv, "a.csv"), (read_parquet, "a.parquet"), (read_npz, "a.npz")])
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00PK", b"PAR1PAR1"])
def test_missing_and_damaged_tables_are_named(tmp_path, read, name, content):
    if name == "a.csv" and content == b"PAR1PAR1":
        content = b'a,b\n1,2\n"'
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=f"{name} (is missing|cannot be read)"):
        read(tmp_path / name)
