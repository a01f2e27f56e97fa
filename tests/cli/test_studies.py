"""The verbs of studies and of the evidence: what they print, what they write, what they refuse."""

from pathlib import Path

import pytest

SWEEP = Path(__file__).parents[1] / "study" / "sweep.yaml"
STUDIES = Path(__file__).parents[2] / "configs" / "studies"
COMPARISON = Path(__file__).parents[1] / "evidence" / "interaction_tiny.yaml"
ONE = ("--set", "seeds=[1]", "--set", "design.axes.arm=[both]", "--threads", "1")


def test_a_study_is_planned_run_counted_and_reported(call, tmp_path):
    out = ("--out", str(tmp_path))
    planned = call("study", "plan", SWEEP, *ONE, *out, "--json")
    assert planned.json["rows"] == 3
    assert (Path(planned.json["folder"]) / "plan.parquet").exists()
    assert call("study", "status", SWEEP, *ONE[:4], *out, "--json").json["missing"] == 3
    ran = call("study", "run", SWEEP, *ONE, *out, "--json")
    assert (ran.code, ran.json["done"], ran.json["missing"]) == (0, 3, 0)
    html = Path(ran.json["report"]).read_text()
    assert "A tiny sweep" in html
    assert html.count("<img ") == 1
    assert "CD20 per cell: median" in html
    again = call("study", "report", SWEEP, *ONE[:4], *out, "--json")
    assert Path(again.json["report"]).read_text() == html


def test_a_study_of_other_content_says_that_it_lies_beside_the_first(call, tmp_path):
    out = ("--out", str(tmp_path))
    first = call("study", "plan", SWEEP, *ONE, *out, "--json")
    assert first.err == ""
    for verb in ("plan", "status"):
        ended = call("study", verb, SWEEP, *ONE[:4], "--set", "seeds=[2]", *out, "--json")
        assert f"{first.json['folder']} holds work with other seeds under this name; this one is kept in" in ended.err
    assert {path.name.partition("-")[0] for path in (tmp_path / "studies").iterdir()} == {"sweep"}


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(call, tmp_path):
    ended = call("study", "run", SWEEP, "--dry-run", "--out", str(tmp_path), "--json")
    assert set(ended.json) == {"rows", "hours", "memory_GB", "disk_GB"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["study", "run", "nowhere.yaml"], "nowhere.yaml"),
        (["study", "run", SWEEP, "--engine", "spark"], "engine 'spark'; allowed: local, dask"),
        (["study", "run", SWEEP, "--scheduler", "tcp://127.0.0.1:1"], "allowed: local, dask"),
        (["study", "run", SWEEP, "--set", "design.axes={processes.shild.max_frac: [1]}"], "did you mean 'shield'"),
        (["study", "report", SWEEP], "holds no study; abm study run"),
        (["evidence", "--claim", "V77"], "no claim 'V77'"),
        (["evidence", "--group", "assy"], "did you mean 'assay'"),
        (["evidence", "--parameters", "none.yaml", "--claim", "V5"], "no such parameter set: none.yaml"),
        (["compare", STUDIES / "interaction.yaml", "--set", "decide=[A4-serum]"], "A4-serum is a goal"),
        (["evidence", "--claim", "V5", "--leave-one-out", "none.yaml"], "none.yaml"),
        (
            ["evidence", "--group", "cll", "--leave-one-out", STUDIES / "calibration_quick.yaml"],
            "claims of the group assay: none was asked for; allowed: a calibration of the group cll",
        ),
        (["fit", STUDIES / "calibration.yaml", "--set", "claims=[A3]"], "A3 decides between hypotheses"),
        (["fit", STUDIES / "calibration.yaml", "--set", "points=9"], "9 points are too few for 14 free parameters"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(call, tmp_path, words, told):
    ended = call(*words, "--out", str(tmp_path))
    assert ended.code == 2
    assert told in ended.err


def test_a_study_over_its_budget_is_refused_with_its_own_code(call, tmp_path):
    ended = call("study", "run", SWEEP, "--set", "budget=0.000001 h", "--out", str(tmp_path))
    assert ended.code == 4
    assert "Ways out" in ended.err


def test_the_evidence_is_one_object_of_the_promised_shape(call, tmp_path):
    words = (
        "--parameters",
        STUDIES / "../parameters/wm_bright.yaml",
        "--scale",
        "0.1",
        "--seeds",
        "2",
        "--threads",
        "1",
    )
    ended = call("evidence", "--claim", "V5", "--claim", "V13", *words, "--out", str(tmp_path), "--json")
    assert [claim["id"] for claim in ended.json["claims"]] == ["V5", "V13"]
    assert ended.json["seeds"] == [1, 2]
    wanted = {"id", "role", "observed", "simulated", "interval", "z", "holds"}
    assert all(wanted <= claim.keys() for claim in ended.json["claims"])
    html = Path(ended.json["report"]).read_text()
    assert html.count("<img ") == 1
    assert "about 5e5 C3b" in html


def test_comparison_and_calibration_end_in_reports(call, tmp_path):
    assert set(call("compare", COMPARISON, "--dry-run", "--out", str(tmp_path), "--json").json) == {
        "points",
        "rows",
        "hours",
    }
    assert list(tmp_path.iterdir()) == []
    ended = call("compare", COMPARISON, "--threads", "1", "--out", str(tmp_path))
    for words in ("hypotheses on", "igg + subset", "Bayes factor", "bits, n = 3"):
        assert words in ended.out
    html = next(tmp_path.glob("compare/*/report.html")).read_text()
    assert "posterior probability" in html.lower()
    assert html.count("<img ") == 3
    tiny = (
        *("claims=[V5, V8-primary]", "points=16", "live=20", "kept=30", "checked=20", "waves=0", "scale=0.05"),
        "free={processes.docking.rho50_per_cell: {lo: 50000, hi: 90000}, processes.killing.rate_per_h: {lo: 2, hi: 4}}",
    )
    sets = [word for one in tiny for word in ("--set", one)]
    ended = call("fit", STUDIES / "calibration.yaml", *sets, "--threads", "1", "--out", str(tmp_path), "--json")
    assert Path(ended.json["parameters"]).read_text().startswith("# fitted: on V5, V8-primary")
    html = Path(ended.json["report"]).read_text()
    for figure in (
        "Posterior",
        "What was learnt",
        "Emulators on runs",
        "Every paper predicted",
        "How bold predictions",
    ):
        assert f'alt="{figure}' in html


def test_a_comparison_of_before_there_were_evidences_is_told_to_be_weighed_anew(call, tmp_path):
    (tmp_path / "comparison.json").write_text('{"name": "x", "combinations": []}')
    ended = call("report", tmp_path)
    assert ended.code == 2
    assert "holds a comparison by acceptance; abm compare weighs it anew" in ended.err
