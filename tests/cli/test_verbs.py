"""The other verbs, exit codes, and what is said of misspelt words."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from abm import cli
from abm.core.errors import Interrupted, ResourceRefused, RunFailed
from abm.core.files import WriteError
from abm.scenario.kinds import PROCESSES
from abm.scenario.references import references

ROOT = Path(__file__).parents[2]
HEAVY = {"numba", "mesa", "matplotlib", "solara"}
IMPORTED = """
import sys
sys.argv = ["abm", *sys.argv[1:]]
from abm.cli import main
try: main()
except SystemExit: pass
finally: print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "--help"], ["list"], ["list", "scenarios", "--json"], ["list", "references"]]
)
def test_help_and_lists_import_nothing_heavy(words):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout
    assert "typer" in done.stderr
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize("verb", ["run", "init", "resume", "check", "list", "params", "report"])
def test_every_verb_explains_itself_and_takes_json(call, verb):
    ended = call(verb, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert "--json" in ended.out


def test_check_says_that_a_file_is_right(call, tiny):
    assert call("check", tiny).out == f"{tiny}: ok, 2 arms, 4 wells\n"
    found = {"scenario": "tiny", "arms": ["serum", "both"], "wells": 4, "ok": True, "warnings": []}
    assert call("check", tiny, "--json").json == found


def test_list_scenarios_names_those_that_ship(call):
    found = call("list", "scenarios", "--json").json
    assert {"three_arms", "quick"} <= found.keys()
    assert all((ROOT / "configs/scenarios" / f"{name}.yaml").is_file() and title for name, title in found.items())


def test_list_processes_names_every_kind_with_its_claim(call):
    found = call("list", "processes", "--json").json
    assert list(found) == list(PROCESSES)
    assert all(claim.endswith(".") and "\n" not in claim for claim in found.values())
    assert call("list", "--json").json == found


def test_list_references_and_schema(call):
    assert call("list", "references", "--json").json == references()
    schema = call("list", "schema")
    assert schema.out == call("list", "schema", "--json").out
    found = json.loads(schema.out)
    assert {"arms", "processes", "seed"} <= found["properties"].keys()
    assert found["additionalProperties"] is False


def test_lists_are_tables_that_keep_brackets(call):
    assert "Beum2011" in call("list", "references").out
    assert call("list", "scenarios").out.splitlines()[0].split() == ["scenarios", "what", "it", "is"]


def test_params_shows_unit_and_source_of_every_parameter(call, tiny):
    rows = call("params", tiny, "--json", "--set", "processes.binding.kind=binding").json["parameters"]
    by_name = {row["name"]: row for row in rows}
    assert by_name["populations.b_cells.n"] == by_name["populations.b_cells.n"] | {
        "value": "60",
        "origin": "overridden",
    }
    assert by_name["duration"]["unit"] == "h"
    assert all(row["source"] and row["description"] for row in rows)
    assert "processes.internalisation.rate_per_h" in call("params", tiny).out


def test_report_and_resume_refuse_what_is_no_run(call, tmp_path):
    for verb in ("report", "resume"):
        for folder in (tmp_path, tmp_path / "nothing", __file__):
            ended = call(verb, folder, "--json")
            assert ended.code == ended.json["exit_code"] == 2
            assert str(folder) in ended.err
            assert ("no such folder" in ended.err) == (folder == tmp_path / "nothing")


def test_report_of_an_unfinished_run_says_what_is_missing(call, tiny, undrawn, monkeypatch):
    folder = Path(call("run", tiny, "--json").json["folder"])
    monkeypatch.undo()
    for name in ("summary.json", "files.json"):  # written last
        (folder / name).unlink()
    ended = call("report", folder)
    assert ended.code == 2
    assert "summary.json is missing; the run has not come that far" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rn"], "No such command 'rn'. Did you mean 'run'?"),
        (["run"], "Missing argument"),
        (["run", "x.yaml", "--sede", "1"], "No such option: --sede"),
        (["run", "x.yaml", "--seed", "one"], "Invalid value for '--seed'"),
        (["run", "x.yaml", "--threads", "0"], "--threads"),
        (["run", "x.yaml", "--threads", "1.5"], "--threads"),
        (["run", "x.yaml", "y.yaml"], "unexpected extra argument"),
        (["run", "x.yaml", "--set"], "requires an argument"),
        (["run", "x.yaml"], "x.yaml  no such file"),
        (["check", ""], "is a directory; allowed: a YAML file"),
        (
            ["list", "proceses"],
            "there is no list of 'proceses'; allowed: scenarios, studies, processes, schema, references; did you mean "
            "'processes'?",
        ),
        ([], "Usage: "),
    ],
)
def test_misspelt_words_end_with_code_2(call, words, message):
    ended = call(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    ended = call(*words[:1], "--json", *words[1:])
    assert ended.code == 2
    if words:
        assert message in ended.json["error"] + ended.err
        assert ended.json["exit_code"] == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunFailed("it broke"), 3),
        (WriteError(28, "the disk is full", "x"), 3),
        (MemoryError(), 3),
        (ResourceRefused("too large"), 4),
        (Interrupted(2, "stopped"), 130),
        (Interrupted(15, "stopped"), 143),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_way_to_fail_has_its_exit_code(call, small, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cli.runs, "_run", fail)
    if isinstance(error, OSError):
        monkeypatch.setattr("os.dup2", lambda *_: None)  # stdout of the tests stays
    ended = call("run", small, "--json")
    assert ended.code == code
    if not isinstance(error, KeyboardInterrupt):
        assert ended.json["exit_code"] == code
        assert ended.json["error"] == ended.err.strip()


def test_a_defect_of_ours_is_not_hidden(call, small, monkeypatch):
    monkeypatch.setattr(cli.runs, "_run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call("run", small)


@pytest.mark.parametrize(("words", "code"), [(["check"], 3), (["params"], 3)])
def test_a_full_or_closed_stdout_ends_without_a_traceback(words, code, small):
    command = [sys.executable, "-m", "abm", *words, small]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=ROOT, text=True, timeout=60)
    assert done.returncode == code
    assert done.stderr == "[Errno 28] No space left on device\n"
