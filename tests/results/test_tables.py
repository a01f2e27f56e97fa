import csv
import os

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
    csv_text,
    read_arrow,
    read_csv,
    read_npz,
    read_parquet,
    stack,
    write_arrow,
    write_csv,
    write_excel,
    write_npz,
    write_parquet,
)

FLOATS = st.lists(st.floats(allow_nan=False), min_size=1, max_size=20)


@given(FLOATS)
def test_csv_keeps_every_digit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "series.csv"
    write_csv(path, {"x": np.array(values)})
    np.testing.assert_array_equal(read_csv(path)["x"].to_numpy(), np.array(values))


WIDE = st.one_of(st.floats(), st.integers(-(10**16), 10**16).map(float), st.floats(-1e-3, 1e-3), st.floats(-1e16, 1e16))


@given(st.lists(WIDE, min_size=1, max_size=30))
def test_csv_writes_floats_as_python_does(values):
    texts = csv_text({"x": np.array(values), "n": list(range(len(values)))}).splitlines()[1:]
    assert texts == [f"{'' if x != x else x!r},{n}" for n, x in enumerate(values)]


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


FORMULAS = ["=1+1", "+SUM(A1)", "-A1", "@x", "\tx", "\n=x", "\uff1d1", "-5 %", "-3 h", "+", "-", "--5", "-inf"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_compute_is_written_behind_an_apostrophe(tmp_path, text):
    write_csv(tmp_path / "arms.csv", {"arm": [text, f"'{text}", f"''{text}"], text: [1, 2, 3]})
    with open(tmp_path / "arms.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["arm", f"'{text}"], *([f"{quotes}{text}", str(len(quotes))] for quotes in ("'", "''", "'" * 3))]
    table = read_csv(tmp_path / "arms.csv")
    assert table.column_names == ["arm", text]
    assert table["arm"].to_pylist() == [text, f"'{text}", f"''{text}"]


@pytest.mark.parametrize("number", ["-5", "+1e-05", "-0.3", "-.5", "-1.", "0.26", "-1,5"])
def test_a_number_written_as_text_stays_a_number(tmp_path, number):
    write_csv(tmp_path / "parameters.csv", {"value": [number], "x": [-1.5], "n": [-3]})
    with open(tmp_path / "parameters.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == [number, "-1.5", "-3"]
    assert read_csv(tmp_path / "parameters.csv").to_pylist() == [{"value": number, "x": -1.5, "n": -3}]


def test_a_carriage_return_is_a_line_break_within_its_cell(tmp_path):
    write_csv(tmp_path / "arms.csv", {"arm": ["a\r=x\r\nb"], "n": [1]})
    assert (tmp_path / "arms.csv").read_bytes() == b'arm,n\n"a\n=x\nb",1\n'
    assert read_csv(tmp_path / "arms.csv").to_pylist() == [{"arm": "a\n=x\nb", "n": 1}]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r")), min_size=1, max_size=5))
def test_any_text_comes_back_from_csv(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "arms.csv"
    columns = {"arm": texts, "x": list(range(len(texts)))}
    write_csv(path, columns)
    assert read_csv(path)["arm"].to_pylist() == texts
    assert csv_text(columns).encode() == path.read_bytes()


def test_names_and_groups_that_look_like_numbers_stay_text(tmp_path):
    columns = {"arm": ["a"], "x_value": [1.5], "x_name": ["1"], "x_unit": ["2"], "group": ["007"]}
    for name, own in (("arms.csv", columns), ("end_points.csv", {"arm": ["007"], "response": ["1"], "n": [1]})):
        write_csv(tmp_path / name, own)
        assert read_csv(tmp_path / name).to_pylist() == [{key: value[0] for key, value in own.items()}]


def test_only_an_empty_cell_is_missing(tmp_path):
    write_csv(tmp_path / "patients.csv", {"genotype": ["NA", "NA"], "x": [None, None], "y": ["", "a"]})
    assert read_csv(tmp_path / "patients.csv").to_pydict() == {
        "genotype": ["NA", "NA"],
        "x": [None, None],
        "y": ["", "a"],
    }


def test_a_german_excel_gets_semicolons_decimal_commas_and_a_mark_of_utf_8(tmp_path):
    columns = {"arm": ["a;b", "Größe, µ", "=1"], "x": [0.5, np.nan, -1e-07], "n": [1, 2, 3]}
    columns |= {"value": ["0.26", "-1.5", "1.5 h"]}
    write_csv(tmp_path / "plain.csv", columns)
    write_excel(tmp_path / "german.csv", columns, "excel-de")
    lines = ["arm;x;n;value", '"a;b";0,5;1;0,26', "Größe, µ;;2;-1,5", "'=1;-1e-07;3;1.5 h"]
    assert (tmp_path / "german.csv").read_bytes() == "\r\n".join(["\ufeff" + lines[0], *lines[1:], ""]).encode()
    german = pd.read_csv(tmp_path / "german.csv", sep=";", decimal=",", encoding="utf-8-sig")
    plain = pd.read_csv(tmp_path / "plain.csv")
    pd.testing.assert_frame_equal(german[["arm", "x", "n"]], plain[["arm", "x", "n"]])


def test_another_excel_gets_commas_points_and_a_mark_of_utf_8(tmp_path):
    columns = {"words": ["10 µg/mL, twice", "=1"], "x": [0.5, np.nan]}
    write_excel(tmp_path / "own.csv", columns, "excel")
    lines = ["\ufeffwords,x", '"10 µg/mL, twice",0.5', "'=1,", ""]
    assert (tmp_path / "own.csv").read_bytes() == "\r\n".join(lines).encode()


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


def test_a_path_that_is_no_unicode_is_read_like_any_other(tmp_path):
    folder = tmp_path / os.fsdecode(b"l\xe4ufe")
    folder.mkdir()
    columns = {"x": [1, 2]}
    write_csv(folder / "a.csv", columns)
    write_parquet(folder / "a.parquet", columns)
    assert read_csv(folder / "a.csv").to_pydict() == read_parquet(folder / "a.parquet").to_pydict() == columns
    write_arrow(folder / "a.arrow", columns)
    assert read_arrow(folder / "a.arrow").to_pydict() == columns


def test_a_categorical_column_is_plain_text(tmp_path):
    write_parquet(tmp_path / "a.parquet", pd.DataFrame({"cause": pd.Categorical(["cdc", "adcc"])}))
    assert read_parquet(tmp_path / "a.parquet")["cause"].to_pylist() == ["cdc", "adcc"]


def test_a_column_that_one_table_lacks_is_null_and_types_stay():
    table = stack({"b_cells": {"uid": np.array([1], "u8"), "n": [2]}, "nk_cells": {"uid": np.array([3], "u8")}}, "kind")
    assert table.to_pylist() == [{"kind": "b_cells", "uid": 1, "n": 2}, {"kind": "nk_cells", "uid": 3, "n": None}]
    assert table.schema.field("n").type == pa.int64()
    assert table.column_names == ["kind", "uid", "n"]


def test_empty_tables_do_not_spoil_types_but_keep_their_columns():
    assert concat([{"uid": []}, {"uid": np.array([1], "u8")}]).schema.field("uid").type == pa.uint64()
    assert concat([{"uid": []}, {"uid": []}]).column_names == ["uid"]


def test_fields_come_back_and_hold_no_pickle(tmp_path):
    path = tmp_path / "frame=000120.npz"
    arrays = {"serum/0/dheas_uM": np.arange(6.0).reshape(2, 3) / 7.0, "serum/0/voxel_um": 5.0}
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


@pytest.mark.parametrize(
    ("read", "name"), [(read_csv, "a.csv"), (read_parquet, "a.parquet"), (read_arrow, "a.arrow"), (read_npz, "a.npz")]
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00PK", b"PAR1PAR1"])
def test_missing_and_damaged_tables_are_named(tmp_path, read, name, content):
    if name == "a.csv" and content == b"PAR1PAR1":
        content = b'a,b\n1,2\n"'
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=f"{name} (is missing|cannot be read)"):
        read(tmp_path / name)
