"""A file to a scenario: its name, what it extends, values set, and what its arms set."""

import pytest

from abm.core.errors import InputError
from abm.scenario.from_file import load_scenario

TEXT = """
duration: 1 h
populations: {nk_cells: {per_b_cell: 2}}
processes:
  binding: {kind: binding}
  engagement: {kind: engagement}
arms:
  vv: {}
  ff:
    set: {covariates.fcgr3a: FF}
"""


@pytest.fixture
def load(tmp_path):
    """Return the function that writes a file and loads it."""

    def write(text, *sets, name="my_assay.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return load_scenario(path, sets)

    return write


def test_a_scenario_without_a_name_is_called_like_its_file(load):
    assert load(TEXT).name == "my_assay"
    assert load("name: other\n" + TEXT).name == "other"
    assert load(TEXT, "name=third").name == "third"


@pytest.mark.parametrize(
    ("file", "name"),
    [("my assay (2).yaml", "my-assay-2"), ("ü.yaml", "scenario"), (".x.yaml", "x"), ("a" * 99 + ".yaml", "a" * 64)],
)
def test_a_file_name_becomes_a_name_that_a_folder_can_have(load, file, name):
    assert load(TEXT, name=file).name == name


def test_extended_files_and_sets_come_in_their_order(load, tmp_path):
    (tmp_path / "base.yaml").write_text("seed: 3\nreplicates: 4\nduration: 1 h\n")
    found = load("extends: base.yaml\nreplicates: 5\n", "duration=2 h", "duration=3 h")
    assert (found.seed, found.replicates, found.duration) == (3, 5, 3.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("covariates.fcgr3a: XX", "covariates.fcgr3a: found 'XX'; allowed: VV, VF, FF"),
        ("processes.engagment.steepness: 2", "no 'engagment' in processes; allowed: binding, engagement; did you mean"),
        ("duration: 2 h", "an arm cannot set duration: all arms share it"),
        ("replicates: 2", "an arm cannot set replicates: all arms share it"),
        ("dt: 30 s", "an arm cannot set dt: all arms share it"),
        ("title: another", "an arm cannot set title: all arms share it"),
        ("probes.counts.every: 30 min", "an arm cannot set probes: all arms share it"),
        ("arms.vv.without: [nk_cells]", "an arm cannot set arms: all arms share it"),
        ("populations.b_cells.n: -1", "populations.b_cells.n: found -1, out of bounds"),
    ],
)
def test_what_an_arm_sets_is_checked_and_named(load, change, message):
    with pytest.raises(InputError) as refused:
        load(TEXT.replace("covariates.fcgr3a: FF", change))
    (fault,) = refused.value.faults
    assert fault.path == "arms.ff.set"
    assert (fault.line, fault.column) == (10, 5)
    assert message in str(fault)


def test_faults_of_all_arms_come_at_once(load):
    text = TEXT.replace("vv: {}", "vv: {set: {seed: 9}}").replace("FF}", "GG}")
    with pytest.raises(InputError) as refused:
        load(text)
    assert [fault.path for fault in refused.value.faults] == ["arms.vv.set", "arms.ff.set"]
