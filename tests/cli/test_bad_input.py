"""What cannot be used is refused with file, line, path, what is allowed and the nearest right spelling."""

import re
from pathlib import Path

import pytest

from abm.biology.populations import CELL_TYPES, EFFECTORS
from abm.scenario.from_file import load_scenario
from abm.study.resume import scenario_hash

BASE = """\
name: bad
seed: 1
replicates: 1
duration: 2 h
dt: 1 min
space: {kind: floor, side: 400 um, volume: 1 uL}
populations:
  b_cells: {n: 40, low_fraction: 0.1}
  nk_cells: {per_b_cell: 1, state: il2}
processes:
  binding: {kind: binding}
  decay: {kind: antibody_decay, half_life: 21 d}
  engagement: {kind: engagement}
arms:
  both: {add: [{rituximab: 10 ug/mL}, {serum: 25 %, at: 30 min}]}
probes:
  counts: {every: 10 min}
"""
SEEDS = "0 and <= 18446744073709551615"
TOO_LARGE = "infinity, or a number too large"
NAMES = "a text of the form"
BAD_LINES = [  # line, what it says instead, path, what is said of it, nearest spelling
    (2, "sede: 1", "sede", "unknown key 'sede'; allowed: name, title, question, seed,", "seed"),
    (2, "seed: -1", "seed", f"found -1, out of bounds; allowed: >= {SEEDS}", ""),
    (2, f"seed: {2**64}", "seed", f"found {2**64}, out of bounds; allowed: >= {SEEDS}", ""),
    (2, "seed: " + "9" * 5000, "seed", f"found {TOO_LARGE}; allowed: a whole number >= {SEEDS}", ""),
    (2, "seed: 1e400", "seed", f"found {TOO_LARGE}; allowed: a whole number", ""),
    (2, "seed: 1.5", "seed", "found 1.5; allowed: a whole number", ""),
    (2, "seed: true", "seed", "found true; allowed: a whole number", ""),
    (2, "seed: yes", "seed", "'yes' is no finite number; allowed: a number", ""),
    (2, "seed: null", "seed", "found null; allowed: a whole number", ""),
    (3, "replicates: 0", "replicates", "found 0, out of bounds; allowed: >= 1 and <= 10000", ""),
    (
        4,
        "duration: 24",
        "duration",
        "unit missing: found the number 24; allowed: a number with a unit, such as '1 h'",
        "",
    ),
    (4, "duration: 24 um", "duration", "'24 um' is of dimension length, not time", ""),
    (4, "duration: 24 huors", "duration", "unknown unit 'huors'", "hours"),
    (4, "duration: 0 h", "duration", "found 0, out of bounds; allowed: > 0 and <= 876000 h", ""),
    (4, "duration: 1e400 h", "duration", "'1e400 h' is too large; allowed: a finite number", ""),
    (4, "duration: .nan", "duration", "found NaN; allowed: a finite number", ""),
    (4, "duration: .inf", "duration", f"found {TOO_LARGE}; allowed: a finite number", ""),
    (5, "dt: 3 h", "dt", "dt 3 h is longer than the duration 2 h", ""),
    (5, "dt: 1 h", "dt", "a step of 1 h is too long for 'engagement'; allowed: at most 0.25 h", ""),
    (5, "dt: 2 d", "dt", "found 48, out of bounds; allowed: > 1e-06 and <= 24 h", ""),
    (5, "dt: 0 s", "dt", "found 0, out of bounds; allowed: > 1e-06", ""),
    (5, "dt: 1e-9 h", "dt", "found 1e-09, out of bounds; allowed: > 1e-06", ""),
    (6, "space: {kind: floor, side: 5 um}", "space.side", "a floor of 5 um is smaller than a cell's contact", ""),
    (6, "space: {kind: floor, side: 0 um}", "space.side", "found 0, out of bounds; allowed: > 0 and <= 200000 um", ""),
    (6, "space: {kind: floor, side: 1e9 m}", "space.side", "found 1e+15, out of bounds; allowed: > 0 and <= 2", ""),
    (6, "space: {kind: floor, volume: 1e-30 uL}", "space.volume", "found 1e-30, out of bounds; allowed: >= 0.0001", ""),
    (6, "space: {kind: mixed, volume: 2 L}", "space.volume", "out of bounds; allowed: >= 0.0001 and <= 1000000 uL", ""),
    (6, "space: {kind: floor, side: 400}", "space.side", "unit missing: found the number 400", ""),
    (6, "space: {kind: floor, side: 400 uL}", "space.side", "'400 uL' is of dimension length^3, not length", ""),
    (6, "space: {kind: flor}", "space.kind", "unknown kind 'flor'; allowed: floor, mixed", "floor"),
    (
        6,
        "space: {kind: floor, walls: reflectng}",
        "space.walls",
        "found 'reflectng'; allowed: reflecting",
        "reflecting",
    ),
    (6, "space: floor", "space", "found 'floor'; allowed: a mapping", ""),
    (6, "space: {side: 400 um}", "space.kind", "missing key 'kind'; allowed: floor, mixed", ""),
    (
        8,
        "  b_cell: {n: 40}",
        "populations.b_cell",
        f"unknown key 'b_cell'; allowed: {', '.join(CELL_TYPES)}",
        "b_cells",
    ),
    (8, "  b_cells: {n: 1.5}", "populations.b_cells.n", "found 1.5; allowed: a whole number >= 0 and <= 100000000", ""),
    (8, "  b_cells: {n: -1}", "populations.b_cells.n", "found -1, out of bounds; allowed: >= 0", ""),
    (8, "  b_cells: {n: true}", "populations.b_cells.n", "found true; allowed: a whole number", ""),
    (8, "  b_cells: {n: 1000000000000}", "populations.b_cells.n", "found 1000000000000, out of bounds", ""),
    (8, "  b_cells: {n: '40'}", "populations.b_cells.n", "found the text '40'; allowed: a number without quotes", ""),
    (8, "  b_cells: {low_fraction: 1.1}", "populations.b_cells.low_fraction", "found 1.1, out of bounds", ""),
    (8, "  b_cells: {low_fraction: 110 %}", "populations.b_cells.low_fraction", "found 1.1, out of bounds", ""),
    (8, "  b_cells: {low_fraction: .nan}", "populations.b_cells.low_fraction", "found NaN", ""),
    (8, "  b_cells: {cd20: {median: .inf}}", "populations.b_cells.cd20.median", f"found {TOO_LARGE}; allowed", ""),
    (8, "  b_cells: {cd59: {median: 0}}", "populations.b_cells.cd59.median", "found 0, out of bounds; allowed: >", ""),
    (8, "  b_cells: {cd20: 5}", "populations.b_cells.cd20", "found 5; allowed: a mapping", ""),
    (8, "  b_cells: null", "populations.b_cells", "found null; allowed: a mapping", ""),
    (9, "  nk_cells: {per_b_cell: -1}", "populations.nk_cells.per_b_cell", "found -1, out of bounds", ""),
    (9, "  nk_cells: {state: il-2}", "populations.nk_cells.state", "found 'il-2'; allowed: il2, resting, pbmc", "il2"),
    (11, "  bindng: {kind: bindng}", "processes.bindng.kind", "unknown kind 'bindng'", "binding"),
    (11, "  binding: {}", "processes.binding.kind", "missing key 'kind'", ""),
    (11, "  fate: {kind: binding}", "processes.fate", "the engine has a process 'fate' of its own", ""),
    (
        12,
        "  other: {kind: binding}",
        "processes.other",
        "'other' is of the same kind as 'binding' and sets b_cells.bound_per_cell too; allowed: one of a kind there",
        "",
    ),
    (11, "  ../x: {kind: binding}", "processes", "key '../x'; allowed: 1 to 64 letters", ""),
    (
        12,
        "  d: {kind: antibody_decay, half_life: 0 d}",
        "processes.d.half_life",
        "found 0, out of bounds; allowed: > 0",
        "",
    ),
    (12, "  d: {kind: antibody_decay, half_live: 1 d}", "processes.d.half_live", "unknown key", "half_life"),
    (13, "  e: {kind: engagement, fcgr3a: vv}", "covariates.fcgr3a", "found 'vv'; allowed: VV, VF, FF", "VV"),
    (13, "  e: {kind: engagement, cd16_shed_frac: 1.5}", "processes.e.cd16_shed_frac", "found 1.5, out of bounds", ""),
    (
        13,
        "  e: {kind: engagement, max_per_target: 2.5}",
        "processes.e.max_per_target",
        "found 2.5; allowed: a whole",
        "",
    ),
    (15, "  a: {add: [{rituximab: 1 ug/mL, at: 3 h}]}", "arms.a.add.0.at", "an addition at 3 h is outside the run", ""),
    (15, "  a: {add: [{serum: 9 %, at: 1 h}, {dheas: 1 uM}]}", "arms.a.add", "additions are not in order of time", ""),
    (15, "  a: {add: [{rituximab: 10}]}", "arms.a.add.0.rituximab", "unit missing: found the number 10", ""),
    (15, "  a: {add: [{rituximab: 10 um}]}", "arms.a.add.0.rituximab", "is of dimension length, not mass/length^3", ""),
    (15, "  a: {add: [{rituximb: 1 ug/mL}]}", "arms.a.add.0.rituximb", "unknown key 'rituximb'", "rituximab"),
    (15, "  a: {add: [{serum: 125 %}]}", "arms.a.add.0.serum", "found 1.25, out of bounds; allowed: >= 0 and <= 1", ""),
    (15, "  a: {add: [{at: 1 h}]}", "arms.a.add.0", "an addition names one thing, found nothing", ""),
    (15, "  a: {add: [{dheas: 1 uM, serum: 9 %}]}", "arms.a.add.0", "names one thing, found dheas and serum", ""),
    (
        15,
        "  a: {add: [{serum: 9 %, lacking: [c9]}]}",
        "arms.a.add.0.lacking.0",
        "serum has no 'c9'; allowed: comple",
        "",
    ),
    (15, "  a: {add: [{b_cells: -5}]}", "arms.a.add.0.b_cells", "found -5, out of bounds", ""),
    (15, "  a: {add: {serum: 9 %}}", "arms.a.add", "found a mapping; allowed: a list", ""),
    (
        15,
        "  a: {without: [b_cells]}",
        "arms.a.without.0",
        f"an arm cannot do without 'b_cells'; allowed: {', '.join(EFFECTORS)}",
        "",
    ),
    (
        15,
        "  a: {set: {processes.bindng.kd_nM: 1}}",
        "arms.a.set",
        "no 'bindng' in processes; allowed: binding,",
        "binding",
    ),
    (
        15,
        "  a: {set: {processes.decay.half_life: 0 d}}",
        "arms.a.set",
        "processes.decay.half_life: found 0, out of",
        "",
    ),
    (15, "  a: {set: {seed: 2}}", "arms.a.set", "an arm cannot set seed: all arms share it", ""),
    (15, "  a~control: {}", "arms.a~control", f"found 'a~control'; allowed: {NAMES}", ""),
    (15, "  ../a: {}", "arms", "key '../a'; allowed: 1 to 64 letters", ""),
    (17, "  counts: {every: 45 s}", "probes.counts.every", "0.0125 h is no multiple of dt 0.0166667 h", ""),
    (17, "  counts: {every: 0 s}", "probes.counts.every", "found 0, out of bounds; allowed: > 0 h", ""),
    (17, "  cells: {at: [3 h]}", "probes.cells.at", "3 h is outside the run; allowed: 0 to 2 h", ""),
    (17, "  patient: {every: 1 h}", "probes.patient", "'patient' sees nothing in a culture well; allowed: null", ""),
    (17, "  counts: null", "probes.counts", "nobody looks at a culture well; allowed: {every: 15 min}", ""),
    (17, "  cell: {at: [1 h]}", "probes.cell", "unknown key 'cell'", "cells"),
    (1, "end_points: {kind: igm}", "end_points", "a culture well has no end points; allowed: in a patient", ""),
    (1, "serum: {igg_uM: 1e9 uM}", "serum.igg_uM", "out of bounds; allowed: >= 0 and <= 10000", ""),
    (1, "serum: {c3_nM: 1 M}", "serum.c3_nM", "out of bounds; allowed: >= 0 and <= 1000000", ""),
    (1, "antibodies: {rituximab: {mw_kDa: 1e30 kDa}}", "antibodies.rituximab.mw_kDa", "out of bounds", ""),
    (1, "antibodies: {ofatumumab_like: {kd_nM: 1 M}}", "antibodies.ofatumumab_like.kd_nM", "out of bounds", ""),
    (1, "name: ../x", "name", f"found '../x'; allowed: {NAMES}", ""),
    (1, "name: /x", "name", f"found '/x'; allowed: {NAMES}", ""),
    (1, 'name: "a\\nb"', "name", "found 'a\\nb'; allowed: a text", ""),
    (1, "name: ..", "name", f"found '..'; allowed: {NAMES}", ""),
    (1, "name: " + "x" * 65, "name", f"allowed: {NAMES}", ""),
    (1, "name: 5", "name", "found 5; allowed: a text", ""),
]


def with_line(number, text):
    lines = BASE.splitlines()
    lines[number - 1] = text
    return "\n".join(lines) + "\n"


def test_what_the_bad_lines_replace_is_right(call, write):
    assert call("check", write(BASE)).code == 0


@pytest.mark.parametrize(("line", "text", "path", "message", "near"), BAD_LINES)
def test_a_bad_line_is_refused_at_its_place(call, write, line, text, path, message, near):
    file = write(with_line(line, text))
    ended = call("check", file)
    assert (ended.code, ended.out) == (2, "")
    found = [fault for fault in ended.err.splitlines() if re.match(rf"{file}:{line}:\d+  {re.escape(path)}  ", fault)]
    assert found, ended.err
    assert message in found[0]
    assert found[0].partition("; did you mean ")[2] == (f"'{near}'?" if near else "")


def test_cells_that_nothing_uses_are_refused_at_their_place(call, write):
    file = write(with_line(13, "  loss: {kind: internalisation}"))
    ended = call("check", file)
    assert ended.code == 2
    assert ended.err.startswith(f"{file}:9:3  populations.nk_cells  no process uses these cells; allowed: null, or")
    uses = "  loss: {kind: internalisation}\n  background: {kind: death, population: nk_cells}"
    assert call("check", write(with_line(13, uses))).code == 0
    by_an_arm = "  both: {add: [{serum: 25 %}], set: {processes.meeting: {kind: engagement}}}"
    lines = with_line(13, "  loss: {kind: internalisation}").splitlines()
    assert call("check", write("\n".join([*lines[:14], by_an_arm, *lines[15:]]))).code == 0


def test_all_faults_come_at_once_in_the_order_of_the_file(call, write):
    lines = {2: "seed: -1", 4: "duration: 24", 8: "  b_cells: {n: 1.5}", 13: "  engagement: {kind: engagemnt}"}
    text = BASE
    for number, line in lines.items():
        text = text.replace(BASE.splitlines()[number - 1], line)
    ended = call("run", write(text), "--json")
    assert ended.code == ended.json["exit_code"] == 2
    assert [int(fault.split(":")[1]) for fault in ended.err.splitlines()] == [2, 4, 8, 13]
    assert ended.json["error"].splitlines() == ended.err.splitlines()
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("text", "path", "message", "near"),
    [
        ("sede=1", "sede", "unknown key 'sede'", "seed"),
        ("seed=-1", "seed", "found -1, out of bounds", ""),
        (f"seed={2**64}", "seed", f"found {2**64}, out of bounds", ""),
        ("seed=" + "9" * 5000, "seed", f"found {TOO_LARGE}", ""),
        ("seed=1.5", "seed", "found 1.5; allowed: a whole number", ""),
        ("seed=yes", "seed", "'yes' is no finite number", ""),
        ("duration=24", "duration", "unit missing: found the number 24", ""),
        ("duration=24 um", "duration", "is of dimension length, not time", ""),
        ("duration=.nan", "duration", "found NaN", ""),
        ("dt=3 h", "dt", "dt 3 h is longer than the duration 2 h", ""),
        (
            "dt_later=[{at: 1 h, dt: 1 h}]",
            "dt_later.0.dt",
            "a step of 1 h is too long for 'engagement' (",
            "",
        ),
        (
            "dt_later=[{at: 1 h, dt: 5 min}, {at: 1 h, dt: 5 min}]",
            "dt_later.1.at",
            "1 h is not after 1 h; allowed: in order",
            "",
        ),
        ("populations.b_cells.n=1e400", "populations.b_cells.n", f"found {TOO_LARGE}", ""),
        ("populations.b_cells.n=1000000000000", "populations.b_cells.n", "out of bounds", ""),
        ("populations.b_cells.low_fraction=1.1", "populations.b_cells.low_fraction", "found 1.1, out of bounds", ""),
        ("populations.b_cels.n=3", "populations.b_cels.n", "no 'b_cels' in populations", "b_cells"),
        ("processes.decay.half_life=0 d", "processes.decay.half_life", "found 0, out of bounds", ""),
        ("space.side=5 um", "space.side", "is smaller than a cell's contact", ""),
        ("arms.both.add.1.at=3 h", "arms.both.add.1.at", "is outside the run", ""),
        ("arms.both.add.7.at=1 h", "arms.both.add.7.at", "no item '7' in arms.both.add; allowed: 0 to 1", ""),
        ("probes.counts.every=45 s", "probes.counts.every", "is no multiple of dt", ""),
        ("name=../x", "name", "found '../x'", ""),
        ("name=/etc/x", "name", "found '/etc/x'", ""),
        ("seed", "", "malformed; allowed: KEY.KEY=VALUE", ""),
        ("=1", "", "is no dotted path", ""),
        ("seed=", "", "malformed; allowed: KEY.KEY=VALUE", ""),
        ("seed==1", "seed", "'=1' is no finite number", ""),
        ("seed=[1", "seed", "not YAML", ""),
        ("name=a\nb", "", "malformed; allowed: KEY.KEY=VALUE", ""),
        ("../seed=1", "../seed", "is no dotted path", ""),
        ("seed.deeper=1", "seed.deeper", "'seed' is 1; allowed: a mapping or a list", ""),
    ],
)
def test_the_same_through_set_is_refused_and_named(call, write, text, path, message, near):
    ended = call("check", write(BASE), "--set", text)
    assert (ended.code, ended.out) == (2, "")
    place = f"--set {text if len(text) <= 60 else text[:57] + '...'}  {path and path + '  '}"
    found = ended.err[ended.err.index(place) :]
    assert message in found
    assert near in found.partition("; did you mean ")[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "--set seed=-1  seed  found -1, out of bounds"),
        (["--seed", str(2**64)], f"found {2**64}, out of bounds"),
        (["--replicates", "0"], "--set replicates=0  replicates  found 0, out of bounds"),
    ],
)
def test_the_same_through_an_option_is_refused(call, write, words, message):
    ended = call("run", write(BASE), *words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err


@pytest.mark.parametrize("verb", ["run", "check", "params"])
def test_every_verb_refuses_a_file_that_is_none(call, tmp_path, verb):
    (tmp_path / "tab.yaml").write_text("space:\n\tkind: floor\n")
    for path, message in [
        (tmp_path / "tab.yaml", "tab.yaml:2:1  tab used as indentation; allowed: spaces"),
        (tmp_path, "is a directory; allowed: a YAML file"),
        ("/dev/zero", "is no regular file"),
    ]:
        ended = call(verb, path)
        assert (ended.code, ended.out) == (2, "")
        assert message in ended.err


def test_a_mistyped_file_name_is_put_right(call, write, tmp_path):
    write(BASE, "three_arms.yaml")
    ended = call("run", "tree_arms.yaml")
    assert (ended.code, ended.err) == (2, "tree_arms.yaml  no such file; did you mean 'three_arms.yaml'?\n")


def test_the_folder_of_another_run_is_left_alone(call, small, tmp_path):
    scenario = load_scenario(small)
    folder = tmp_path / "runs" / "small" / f"{scenario_hash(scenario)[:8]}-s1"
    folder.mkdir(parents=True)
    (folder / "thesis.txt").write_text("mine")
    ended = call("run", small)
    assert ended.code == 2
    assert f"{folder} is not empty and holds no run: thesis.txt" in ended.err
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_link_out_of_the_root_is_not_followed(call, small, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "small").symlink_to(tmp_path / "elsewhere")
    ended = call("run", small)
    assert ended.code == 2
    assert "is a link that leads out of" in ended.err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_command_line_lets_files_name_others_elsewhere(call, write, tmp_path):
    for name in ("elsewhere", "own"):
        (tmp_path / name).mkdir()
    base = write(BASE, "elsewhere/base.yaml")
    file = write(f"extends: {base}", "own/well.yaml")
    ended = call("check", file)
    assert ended.code == 2
    assert f"own/well.yaml:1:1  extends  '{base}' is out of reach; allowed: files of this folder" in ended.err
    assert call("--allow-path", tmp_path / "elsewhere", "check", file).code == 0
    assert call("check", file).code == 2
    assert call("--allow-path", tmp_path / "nowhere", "check", file).err == f"{tmp_path / 'nowhere'}  no such folder\n"
