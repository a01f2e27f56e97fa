"""Which files a file may name, and that what is no scenario is never quoted."""

import os
from pathlib import Path

import pytest

from abm.core.errors import InputError
from abm.document.reach import allow
from abm.document.shipped import CONFIGS
from abm.evidence.compare import load_comparison
from abm.evidence.fit import load_calibration
from abm.scenario.from_file import load_scenario
from abm.study.spec import load_study

SECRET = "hunter2"
OUT_OF_REACH = "is out of reach; allowed: files of this folder, its project or the package's configs"


@pytest.fixture
def write(tmp_path):
    """Return the function that writes a file below a folder that is no project."""

    def write(name, text="seed: 7"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    yield write
    allow(())


def message(path, read=load_scenario):
    with pytest.raises(InputError) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize("name", ["../base.yaml", "{tmp}/base.yaml", "link.yaml", "down/base.yaml"])
def test_a_file_names_none_outside_its_folder(write, tmp_path, name):
    write("base.yaml")
    file = write("own/well.yaml", f"seed: 1\nextends: {name.format(tmp=tmp_path)}")
    write("own/x/y.yaml")
    os.symlink("../base.yaml", tmp_path / "own" / "link.yaml")
    os.symlink("..", tmp_path / "own" / "down")
    found = message(file)
    assert found.startswith(f"{file}:2:1  extends  '{name.format(tmp=tmp_path)}' {OUT_OF_REACH}")
    allow([tmp_path])
    assert load_scenario(file).seed == 1


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git/HEAD"])
@pytest.mark.parametrize("name", ["../../base.yaml", "{tmp}/base.yaml"])
def test_a_file_names_any_of_its_project(write, tmp_path, mark, name):
    write(mark, "")
    write("base.yaml")
    assert load_scenario(write("a/b/well.yaml", f"extends: {name.format(tmp=tmp_path)}")).seed == 7
    outside = write("../outside.yaml")
    assert OUT_OF_REACH in message(write("a/b/other.yaml", f"extends: {outside}"))
    outside.unlink()


def test_the_configurations_of_the_package_are_always_there(write):
    file = write("well.yaml", f"extends: {CONFIGS / 'scenarios' / 'quick.yaml'}")
    assert list(load_scenario(file).arms) == ["serum", "effectors", "both"]


def test_a_missing_file_out_of_reach_tells_nothing_of_its_neighbours(write, tmp_path):
    write("neighbour.yaml")
    assert "did you mean" not in message(write("own/well.yaml", "extends: ../neighbor.yaml"))


def test_what_a_named_file_names_stays_in_reach_of_the_first(write, tmp_path):
    write("base.yaml")
    write("own/sub/middle.yaml", "extends: ../side.yaml")
    write("own/side.yaml", "seed: 9")
    file = write("own/well.yaml", "extends: sub/middle.yaml")
    assert load_scenario(file).seed == 9
    write("own/side.yaml", "extends: ../base.yaml")
    middle = tmp_path / "own" / "side.yaml"
    assert message(file).startswith(f"{middle}:1:1  extends  '../base.yaml' {OUT_OF_REACH}")


def test_the_base_of_a_study_is_held_to_the_same(write, tmp_path):
    write("base.yaml", f"extends: {CONFIGS / 'scenarios' / 'quick.yaml'}")
    study = "base: {}\ndesign: {{kind: list, points: [{{}}]}}\nseeds: [1]\nsummaries: [serum.survival]"
    file = write("own/study.yaml", study.format("../base.yaml"))
    assert message(file, load_study).startswith(f"{file}:1:1  base  '../base.yaml' {OUT_OF_REACH}")
    write("own/sub/base.yaml", f"extends: ../top.yaml\n{SECRET}: 1")
    file = write("own/study.yaml", study.format("sub/base.yaml"))
    found = message(file, load_study)
    assert SECRET not in found
    assert found.startswith(f"{tmp_path / 'own' / 'sub' / 'base.yaml'}:2:1  a key that is unknown here")
    write("own/sub/base.yaml", "extends: ../top.yaml")
    write("own/top.yaml", f"extends: {CONFIGS / 'scenarios' / 'quick.yaml'}")
    assert list(load_study(file).base.arms) == ["serum", "effectors", "both"]


def test_only_folders_can_be_allowed(tmp_path):
    with pytest.raises(InputError, match="no-such  no such folder"):
        allow([tmp_path / "no-such"])


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{SECRET}: {SECRET}", 1),
        (f"seed: 1\nDB_PASSWORD: {SECRET}", 2),
        (f"seed: 1\nsede: {SECRET}", 2),
        (f"{SECRET}: 1\n{SECRET}: 2", 2),
        (f"a: &x 1\nb: *{SECRET}", 2),
        (f"- {SECRET}", 1),
        (f"root:{SECRET}:0:0", 1),
        (f"key {SECRET}: 1", 1),
        (f"a: !{SECRET} 1", 1),
        (f"a: '{SECRET}", 1),
        (f"a: [{SECRET}", 1),
        (f"%{SECRET}\na: 1", 2),
        (f'a: "\\{SECRET}"', 1),
        (f"\t{SECRET}", 1),
        (f"<<: {SECRET}", 1),
        (f"{SECRET} = 3\n[x]", 1),
    ],
)
def test_a_file_that_is_no_scenario_is_never_quoted(write, content, line):
    write("other.txt", content)
    found = message(write("well.yaml", "seed: 1\nextends: other.txt"))
    assert SECRET not in found
    assert f"other.txt:{line}:" in found


def test_a_file_of_something_else_is_not_quoted_either_where_the_user_names_it(write):
    found = message(write("well.yaml", f"DB_PASSWORD: {SECRET}\nDB_HOST: {SECRET}"))
    assert SECRET not in found
    assert "well.yaml:1:1  a key that is unknown here" in found


def test_a_slip_in_a_file_that_is_named_is_put_right_without_quoting_it(write):
    write("base.yaml", "sede: 1")
    assert message(write("well.yaml", "extends: base.yaml")).endswith("did you mean 'seed'?")


def test_paths_are_shown_as_they_were_given(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("real/base.yaml", "seed: -1")
    os.symlink("real", tmp_path / "alias")
    write("well.yaml", "extends: alias/base.yaml")
    assert message(Path("well.yaml")).startswith("alias/base.yaml:1:1  seed  found -1")
    write("well.yaml", f"extends: {tmp_path}/alias/base.yaml")
    assert message(Path("well.yaml")).startswith(f"{tmp_path}/alias/base.yaml:1:1  seed  found -1")


def test_a_tilde_is_the_home_folder(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write("base.yaml")
    file = write("own/well.yaml", "extends: ~/base.yaml")
    assert message(file).startswith(f"{file}:1:1  extends  '~/base.yaml' {OUT_OF_REACH}")
    allow(["~"])
    assert load_scenario(file).seed == 7
    monkeypatch.setenv("HOME", "")
    assert message(file).startswith(f"{file}:1:1  extends  ~/base.yaml: no home folder is known")


@pytest.mark.parametrize("key", ["calibration", "panel"])
def test_what_a_comparison_names_is_held_to_the_same(write, tmp_path, key):
    shipped = {"calibration": "studies/calibration.yaml", "panel": "scenarios/quick.yaml"}
    write("other.yaml", f"extends: {CONFIGS / shipped[key]}")
    names = {name: CONFIGS / path for name, path in shipped.items()} | {key: "../other.yaml"}
    file = write("own/comparison.yaml", "\n".join(f"{name}: {path}" for name, path in names.items()))
    assert f"  {key}  '../other.yaml' {OUT_OF_REACH}" in message(file, load_comparison)


def test_the_calibration_of_a_comparison_reaches_no_further_than_that(write, tmp_path):
    write("set.yaml", f"extends: {CONFIGS / 'parameters' / 'wm_bright.yaml'}")
    text = (CONFIGS / "studies" / "calibration.yaml").read_text()
    write("own/calibration.yaml", text.replace("../parameters/wm_bright.yaml", "../set.yaml"))
    panel = CONFIGS / "scenarios" / "quick.yaml"
    file = write("own/comparison.yaml", f"calibration: calibration.yaml\npanel: {panel}")
    assert f"  parameters  '../set.yaml' {OUT_OF_REACH}" in message(file, load_comparison)


def test_the_parameters_of_a_calibration_are_held_to_the_same(write, tmp_path):
    write("set.yaml", f"extends: {CONFIGS / 'parameters' / 'wm_bright.yaml'}")
    write("own/other.yaml", f"{SECRET}: {SECRET}")
    for name, told in (("../set.yaml", OUT_OF_REACH), ("other.yaml", "a key that is unknown here")):
        text = f"parameters: {name}\nfree: {{processes.shield.max_frac: {{lo: 0.5, hi: 1}}}}\nclaims: [A3]"
        found = message(write("own/calibration.yaml", text), load_calibration)
        assert told in found
        assert SECRET not in found
