"""``abm run --data``: a table of one's own, wherever it lies, over the figures of a run that it does not change."""

import json

import pytest

from abm.document.reach import allow
from abm.results.run import Run
from tests.cli.conftest import SMALL


@pytest.fixture(autouse=True)
def nobody_is_allowed_more():
    """Take back what a call was allowed to read."""
    yield
    allow(())


def test_a_table_beside_the_command_is_drawn_and_known_by_its_content(call, tmp_path):
    scenario, data = tmp_path / "here" / "small.yaml", tmp_path / "there" / "own.csv"
    for path, text in ((scenario, SMALL), (data, "arm,of,time [min],value [%]\n" + "drug,survival_raw,20,90\n" * 3)):
        path.parent.mkdir()
        path.write_text(text)
    plain = call("run", scenario, "--no-figures", "--threads", 1, "--json").json
    told = call("run", scenario, "--data", data, "--threads", 1, "--json").json
    run = Run(tmp_path / told["folder"])
    assert told["result_hash"] == plain["result_hash"]
    assert told["files"][0]["name"] == "own.csv"
    assert list(run.observed()["time_h"]) == pytest.approx([1 / 3] * 3)
    assert {"alive.png", "agreement.png"} <= {path.name for path in (run.path / "figures").iterdir()}
    data.write_text("arm,of,value [%]\ndrug,lysis,10\n")
    ended = call("--allow-path", data.parent, "resume", run.path, "--no-figures")
    assert ended.code == 2
    assert "'own.csv' has changed since the scenario was read" in ended.err
    assert json.loads((run.path / "summary.json").read_text())["result_hash"] == plain["result_hash"]
