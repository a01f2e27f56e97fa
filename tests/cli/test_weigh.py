"""``abm weigh``: a table, weights beside the run, and a report that shows them."""

import pytest

from tests.cli.test_kinds import ROOT

OUTCOME = ROOT / "configs" / "studies" / "gertz2004_outcome.yaml"
SMALL = ("replicates=30", "duration=60 weeks", "populations.b_cells.cells_per_agent=1e11", "dt=12 h")
TARGETS = """
name: young
source: "assumed: a test"
targets:
  - {of: covariates.age_years, median: 60}
  - {of: baseline_igm_g_per_L, mean: 40 g/L}
at_least: 5
"""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Return the folder of a finished cohort."""
    from abm.scenario.from_file import load_scenario
    from abm.study.run import run_scenario

    scenario = load_scenario(ROOT / "configs" / "scenarios" / "gertz2004.yaml", SMALL)
    return run_scenario(scenario, tmp_path_factory.mktemp("runs"), 1).path


def test_weights_are_told_in_a_table(call, write, cohort, undrawn):
    ended = call("weigh", cohort, write(TARGETS, "young.yaml"))
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0].split() == ["target", "published", "before", "after"]
    assert lines[2].split()[:5] == ["IgM", "at", "the", "start:", "mean"]
    assert lines[3].startswith("effective patients: ")
    assert lines[4:] == [str(cohort / "weights" / "young"), str(cohort / "report.html")]
    assert (cohort / "weights" / "young" / "weights.parquet").exists()


def test_as_json_everything_is_told(call, write, cohort, undrawn):
    found = call("weigh", cohort, write(TARGETS, "young.yaml"), "--set", "name=other", "--json").json
    assert found["folder"] == str(cohort / "weights" / "other")
    assert [row["after"] for row in found["targets"]] == pytest.approx([60.0, 40.0], rel=0.03)
    assert found["n_effective"] > 5


def test_a_run_of_wells_is_refused_before_anything_is_written(call, write, finished, undrawn):
    ended = call("weigh", finished, write(TARGETS, "young.yaml"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"{finished}  the run has no patients but wells; allowed: a run of patients\n"
    assert not (finished / "weights").exists()


def test_the_shipped_file_is_read_and_names_its_sources():
    from abm.evidence.targets import load_population

    population, _ = load_population(OUTCOME)
    assert population.name == OUTCOME.stem
    assert {population.source, *(target.source for target in population.targets)} == {
        "", "Gertz2004", "Gertz2009", "Dimopoulos2002"
    }  # fmt: skip
