"""What was registered stays as it was, is held against later measurements, and says what makes it no prediction."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.core.user_file import UserFile
from abm.evidence.predict import REGISTRATION, hash_of, planned, read, register
from abm.evidence.predicted import check
from abm.study.execute import local
from abm.study.jobs import Monitor

TINY = Path(__file__).with_name("own_tiny.yaml")
PLAN = "arm,of,time [h],unit\nlow,bound_mean_per_cell,2,molecules/cell\nhigh,bound_mean_per_cell,2,molecules/cell\n"
HEAD = "arm,of,time [h],value,lo,hi,sd,k,n,unit\n"


def row(arm, value):
    return f"{arm},bound_mean_per_cell,2,{value},,,1000,,,molecules/cell\n"


def table(path, text):
    path.write_text(text)
    return UserFile(file=str(path)).known()


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """Return the folder of a registration of two rows, and what it says."""
    root = tmp_path_factory.mktemp("predict")
    asked = planned(TINY, (), None, 20, table(root / "plan.csv", PLAN))
    folder, found = register(asked, "first", root, local(1), Monitor())
    return folder.path, found


@pytest.fixture
def own(registered, tmp_path):
    """Return a copy of the folder of the registration."""
    return Path(shutil.copytree(registered[0], tmp_path / "first"))


def test_a_registration_has_its_date_its_hashes_and_every_row_that_was_planned(registered):
    path, found = registered
    assert path.parts[-2:] == ("predictions", "first")
    assert [(row["row"], row["of"], row["time_h"], row["unit"]) for row in found["rows"]] == [
        ("low 2 h", "bound_mean_per_cell", 2.0, "molecules per cell"),
        ("high 2 h", "bound_mean_per_cell", 2.0, "molecules per cell"),
    ]
    assert all(len(row["values"]) == 20 and row["lo"] < row["median"] < row["hi"] for row in found["rows"])
    assert found["rows"][0]["median"] < found["rows"][1]["median"]
    assert {"registered", "scenario_hash", "model_hash", "hash"} <= set(found)
    assert found["hash"] == hash_of({key: value for key, value in found.items() if key != "hash"})
    assert str(path.parent.parent) not in (path / REGISTRATION).read_text()


def test_what_is_registered_twice_keeps_its_first_date(registered, tmp_path):
    path, found = registered
    asked = planned(TINY, (), None, 20, table(tmp_path / "plan.csv", PLAN))
    folder, again = register(asked, "first", path.parents[1], local(1), Monitor())
    assert (folder.path, again) == (path, found)


def test_measurements_are_inside_or_outside_and_scored(registered, own, tmp_path):
    low, high = (row["median"] for row in registered[1]["rows"])
    rows = row("low", f"{low:.0f}") + row("high", f"{3 * high:.0f}")
    found = check(own, table(tmp_path / "own.csv", HEAD + rows))
    near, far = found["rows"]
    assert (near["is_inside"], far["is_inside"]) == (True, False)
    assert (found["n_inside"], found["n"], found["coverage"]) == (1, 2, 0.5)
    assert near["log_score"] > far["log_score"] + 10.0
    assert found["warnings"] == []
    values = np.array(registered[1]["rows"][0]["values"])
    wide = check(own, table(tmp_path / "own.csv", HEAD + rows.replace(",1000,", ",1e6,")))["rows"][0]
    log_normal = -np.log(1e6 * np.sqrt(2 * np.pi)) - 0.5 * ((values.mean() - low) / 1e6) ** 2
    assert wide["log_score"] == pytest.approx(log_normal, abs=1e-3), "so wide a measurement sees one value only"


@pytest.mark.parametrize("change", [("median", 1.0), ("lo", 0.0), ("values", [1.0, 2.0])])
def test_an_altered_registration_is_refused(own, tmp_path, change):
    file = own / REGISTRATION
    found = json.loads(file.read_text())
    found["rows"][0][change[0]] = change[1]
    file.write_text(json.dumps(found))
    with pytest.raises(InputError, match=r"registration\.json  altered since it was registered: its content has"):
        check(own, table(tmp_path / "own.csv", HEAD + row("low", 3)))


def test_data_that_were_there_before_are_named_as_such(own, tmp_path):
    data = table(tmp_path / "own.csv", HEAD + row("low", 30_000))
    os.utime(data.file, (0.0, 86_400.0))
    (told,) = check(own, data)["warnings"]
    assert told.startswith("the data are older than the registration: own.csv was last changed 1970-01-02")


@pytest.mark.parametrize(
    ("sha", "told"), [("same", "the data were part of the fit: it learnt from"), ("x", "1 rows were part of the fit")]
)
def test_data_that_the_fit_has_seen_are_named_as_such(own, tmp_path, sha, told):
    data = table(tmp_path / "own.csv", HEAD + row("low", 30_000))
    found = read(own)
    found["learnt"] = {"file": "own.csv", "sha256": data.sha256 if sha == "same" else sha}
    found["learnt"]["rows"] = [["low", "bound_mean_per_cell", 2.0, 30_000.0]]
    found["hash"] = hash_of({key: value for key, value in found.items() if key != "hash"})
    (own / REGISTRATION).write_text(json.dumps(found))
    assert any(text.startswith(told) for text in check(own, data)["warnings"])


def test_rows_that_nobody_registered_are_named_and_a_table_of_them_alone_is_refused(own, tmp_path):
    middle = row("middle", 30_000)
    (told,) = check(own, table(tmp_path / "own.csv", HEAD + middle + middle.replace("middle", "low")))["warnings"]
    assert told == "1 of 2 rows were not registered, such as middle 2 h"
    with pytest.raises(InputError, match=r"own\.csv  none of its rows was registered; allowed: low 2 h; high 2 h"):
        check(own, table(tmp_path / "own.csv", HEAD + middle))


def test_what_is_no_registration_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no registration there; allowed: what abm predict --register has written"):
        read(tmp_path / "nothing")
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InputError, match=r"a\.json  no registration, or a damaged one"):
        read(tmp_path / "a.json")
