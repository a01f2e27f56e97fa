"""A record of evidence keeps the last row of each claim and set, and refuses a file that is none."""

import pytest

from abm.core.errors import InputError
from abm.core.version import __version__
from abm.document.shipped import CONFIGS
from abm.evidence import record as kept
from abm.evidence.claim import chosen
from abm.evidence.report import as_plain
from abm.evidence.score import Score

SECOND = CONFIGS / "parameters" / "wm_second.yaml"


def found(name="V5", simulated=5.25e5, **changed):
    numbers = {"observed": 5e5, "lo": 3.5e5, "hi": 6.5e5, "interval": (5e5, 5.5e5), "z": 0.1, "holds": True} | changed
    score = Score(id=name, role="fit", text="", unit="C3b", source="", simulated=simulated, **numbers)
    return as_plain([score], "", (1, 2), 0.25)


def recorded(path):
    return {(row["claim"], row["set"]): row for row in kept.read(path)}


def test_a_row_says_what_came_out_and_how_it_was_made(tmp_path):
    kept.record(tmp_path / "e.csv", chosen(["V5"]), None, found())
    row = recorded(tmp_path / "e.csv")["V5", "wm_bright"]
    assert [row[name] for name in ("group", "simulated", "sim_lo", "obs_hi", "inside")] == [
        *("assay", "5.25e+05", "5e+05", "6.5e+05", "yes")
    ]
    assert [row[name] for name in ("seeds", "scale", "version")] == ["2", "0.25", __version__]


def test_a_later_call_replaces_its_own_row_and_no_other(tmp_path):
    path = tmp_path / "e.csv"
    kept.record(path, chosen(["V5"]), SECOND, found(simulated=1.0))
    kept.record(path, chosen(["V5"]), None, found())
    kept.record(path, chosen(["A1"]), None, found("A1"))
    kept.record(path, chosen(["V5"]), None, found(simulated=None, interval=(None, None), holds=False))
    assert list(recorded(path)) == [("A1", "wm_bright"), ("V5", "wm_bright"), ("V5", "wm_second")]
    assert recorded(path)["V5", "wm_second"]["simulated"] == "1"
    assert [recorded(path)["V5", "wm_bright"][name] for name in ("simulated", "sim_lo", "inside")] == ["", "", "no"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"claim,value\nV5,1\n", "its columns are claim, value"),
        (b"", "its columns are none"),
        (b"\xff\xfe", "cannot be"),
    ],
)
def test_a_file_that_is_no_record_is_refused_and_stays(tmp_path, content, what):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what):
        kept.record(path, chosen(["V5"]), None, found())
    assert path.read_bytes() == content
