"""``abm predict``: registered by one call, held against a table by another, and refused where it says neither."""

import pytest

from abm.document.reach import allow
from tests.cli.conftest import SMALL

WELL = SMALL.replace("drug:", "drug: {control: none, add: [{rituximab: 1 ug/mL}]}\n  more:")
SEEN = "arm,of,time [min],value [molecules/cell],sd\ndrug,bound_mean_per_cell,20,{},3000\n"


@pytest.fixture(autouse=True)
def nobody_is_allowed_more():
    """Take back what a call was allowed to read."""
    yield
    allow(())


def test_what_was_registered_is_held_against_what_was_measured(call, write, tmp_path):
    (tmp_path / "plan.csv").write_text("arm,of,time [min]\ndrug,bound_mean_per_cell,20\n")
    asked = ("predict", write(WELL), "--register", "first", "--data", "plan.csv", "--draws", 4, "--threads", 1)
    told = call(*asked, "--json").json
    (row,) = told["rows"]
    assert told["registration"].endswith("runs/predictions/first/registration.json")
    assert 0.0 < row["lo"] <= row["median"] <= row["hi"]
    (tmp_path / "own.csv").write_text(SEEN.format(round(row["median"])))
    ended = call("predict", "--check", told["registration"], "--data", "own.csv")
    assert ended.code == 0
    assert "1 of 1 inside the predicted 95 %, mean log score" in ended.out
    assert ended.err == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["predict"],
            "neither a prediction to register nor one to check; allowed: abm predict FILE --register NAME, or",
        ),
        (["predict", "--check", "x"], "neither a prediction to register nor one to check"),
        (["predict", "FILE"], "neither a prediction to register nor one to check"),
        (["predict", "FILE", "--register", "../x"], "--register  found '../x'; allowed: 1 to 64 letters, digits"),
        (["predict", "FILE", "--register", "x", "--data", "none.csv"], "'none.csv' is not there"),
    ],
)
def test_what_says_neither_or_cannot_be_is_refused(call, write, words, told):
    file = write(WELL)
    ended = call(*(file if word == "FILE" else word for word in words))
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
