"""``abm diff`` on runs really simulated: by folder, by name, and what it refuses."""

import json

import pytest

from abm.results.run import Run


@pytest.fixture
def two(call, small, undrawn):
    """Run the small scenario, then with more antibody; return both folders."""
    first = call("run", small, "--no-figures", "--replicates", 3, "--json").json
    second = call("run", small, "--no-figures", "--replicates", 3, "--set", "arms.drug.add.0.rituximab=1 ug/mL",
                  "--json").json  # fmt: skip
    return first["folder"], second["folder"]


def test_a_dose_that_differs_is_found_in_scenario_and_numbers(call, two):
    told = call("diff", *two)
    assert "1 value of the scenario differs; the model's source is the same." in told.out
    assert "arms.drug.add.0.rituximab" in told.out
    assert "free rituximab in “drug”" in told.out
    found = call("diff", *two, "--json").json
    assert found["replicates"] == {"is_paired": True, "n_a": 3, "n_b": 3}
    drug = next(one for one in found["numbers"] if one["measure"] == "rituximab_nM")
    assert drug["is_beyond_luck"]
    assert drug["b"] < drug["a"] / 9


def test_a_name_is_the_latest_run_of_a_scenario(call, two):
    found = call("diff", two[0], "small", "--json").json
    assert found["b"] == str(Run(two[1]).path.relative_to(Run(two[1]).path.parents[2]))


def test_the_page_is_written_where_asked(call, two, tmp_path):
    told = call("diff", *two, "-o", tmp_path / "page.html")
    assert told.out.splitlines()[-1] == str(tmp_path / "page.html")
    assert "What differs beyond luck" in (tmp_path / "page.html").read_text()


def test_another_seed_is_one_value_and_no_pair(call, small, two):
    other = call("run", small, "--no-figures", "--replicates", 2, "--seed", 2, "--json").json["folder"]
    told = call("diff", two[0], other).out
    assert "seed" in told
    assert "3 and 2 replicates of other seeds, not in pairs" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("smal", "small"), "no finished run 'smal'; allowed: small; did you mean 'small'?"),
        (("small", "small"), "A and B are the same folder"),
        (("small.yaml", "small"), "is a file; allowed: a run folder"),
        (("small", "small", "-o", "page.pdf"), "-o page.pdf: allowed: FILE.html"),
    ],
)
def test_what_cannot_be_compared_is_told(call, two, words, message):
    told = call("diff", *words)
    assert told.code == 2
    assert message in told.err


def test_a_folder_of_many_runs_says_where_its_numbers_stand(call, two, tmp_path):
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "study.json").write_text("{}")
    told = call("diff", "many", "small")
    assert told.code == 2
    assert "many is a study, no single run: its rows stand in results.parquet; allowed: two run folders" in told.err


def test_another_version_of_one_content_says_which_bytes_differ(call, two, tmp_path):
    copy = tmp_path / "runs" / "small" / "copy"
    copy.mkdir()
    for file in Run(two[0]).path.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    told = json.loads((copy / "provenance.json").read_text())
    (copy / "provenance.json").write_text(json.dumps(told | {"software": "0.3.0", "model": "other"}))
    found = call("diff", two[0], copy).out
    assert "The scenarios are the same; the model's source is another one." in found
    assert "files of results have the same bytes" in found
    assert "0.3.0" in found
