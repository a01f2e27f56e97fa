"""Events from CSV and Parquet are read, and refused with the row at fault."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import InputError
from abm.core.user_file import UserFile
from abm.cytometry.read import read_events


def events_of(path):
    return read_events(UserFile(file=str(path)).known())


@pytest.mark.parametrize(
    ("content", "between"),
    [
        ({"CD20": [-1.5, 2.5, 4.0], "Time": [1, 2, 3]}, ","),
        ({"CD20": ["-1,5", "2,5", "4"], "Time": [1, 2, 3]}, ";"),
        ({"\ufeffCD20": [-1.5, 2.5, 4.0], "Time": [1, 2, 3]}, "\t"),
    ],
)
def test_a_table_is_read_whatever_parts_its_columns(write_csv, content, between):
    events = events_of(write_csv(content, between=between))
    assert np.array_equal(events.values("CD20"), [-1.5, 2.5, 4.0])
    assert [channel.kind for channel in events.channels] == ["linear", "time"]


def test_parquet_is_read_too(tmp_path):
    pd.DataFrame({"CD20": [1.0, -2.0], "n": [3, 4]}).to_parquet(tmp_path / "a.parquet")
    assert np.array_equal(events_of(tmp_path / "a.parquet").values("CD20"), [1.0, -2.0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"CD20,CD55\n", "holds 0 events"),
        (b"CD20;CD55,CD59\n1;2,3\n", "row 1 has mixed separators: comma and semicolon"),
        (b"CD20,CD55\n1,2\n1;2\n", "row 3 has 1 columns, the first row 2; allowed: the comma alone"),
        (b"CD20,CD55\n1,2\n1,200,3\n", "row 3 has 3 columns"),
        (b"CD20\n1\n\xe9\n", "row 3: byte 0xe9 is not UTF-8"),
        (
            b"CD20\n[sites]\n3\n",
            "channel 'CD20', row 2: '[sites]' is a second row of names or of units",
        ),
        (b"CD20;x\n1.234,5;2\n", "row 2: '1.234,5' is no number; allowed: a number, nothing between thousands"),
        (b"CD20\n1\n=cmd()\n", "channel 'CD20', row 3: '=cmd()' is no number"),
        (b"CD20,CD20\n1,2\n", "'CD20' is the name of several channels"),
        (b"CD20,x\n1,1\n,1\n", "no finite number in 1 events, first in event 2"),
        (b"CD2,x\n1,1\n", "no channel 'CD20'; allowed: CD2, x"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(write_csv, content, words):
    with pytest.raises(InputError) as refused:
        events_of(write_csv(content)).values("CD20")
    assert "events.csv" in str(refused.value)
    assert words in str(refused.value)


def test_an_ending_that_is_not_known_is_refused(write_csv):
    with pytest.raises(InputError, match=r"events\.fsc: not known by its ending.*'\.fcs'"):
        events_of(write_csv(b"x", "events.fsc"))


def test_a_file_that_changed_after_it_was_named_is_refused_by_name(write_csv):
    named = UserFile(file=str(write_csv(b"CD20\n1\n"))).known()
    write_csv(b"CD20\n2\n")
    with pytest.raises(InputError, match=r"'events\.csv' has changed"):
        read_events(named)
