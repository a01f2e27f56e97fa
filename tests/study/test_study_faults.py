"""What a study file cannot ask for is refused at its line, before anything is run."""

import pytest

from abm.core.errors import InputError
from abm.document.load import dump
from abm.scenario.from_file import load_scenario
from abm.study.spec import load_study

STUDY = """\
name: asked
base: base.yaml
set:
  replicates: 2
  processes.potency.lag: 2 h
design:
  kind: factorial
  axes:
    processes.potency.lag: [1 h, 2 h]
seeds: [1, 2]
summaries:
  - serum.survival
  - both.survival
"""
AXES = "  kind: factorial\n  axes:\n    processes.potency.lag: [1 h, 2 h]\n"
LAG, SHIELD = "processes.potency.lag", "processes.shield.max_frac"
DRAWN = ("one_at_a_time", "latin_hypercube", "sobol", "saltelli", "morris")
HEAD = dict.fromkeys(DRAWN[1:], "  n: 4\n")
NO_AXES = [("seed", "'seeds:'"), ("name", "a parameter"), ("title", "a parameter")]
NO_AXES += [(name, name) for name in ("id", "hash", "status", "reason", "point")]


@pytest.fixture(scope="module")
def load(tiny, tmp_path_factory):
    """Return the function that loads a text as a study of the tiny scenario, or of a patient."""
    folder = tmp_path_factory.mktemp("studies")
    (folder / "base.yaml").write_text(dump(tiny()))

    def read(text, *sets):
        (folder / "study.yaml").write_text(text)
        return load_study(folder / "study.yaml", sets)

    return read


def refused(load, text, *sets):
    with pytest.raises(InputError) as error:
        load(text, *sets)
    return [(fault.line, fault.path, str(fault)) for fault in error.value.faults]


def axes(kind, path, axis):
    return STUDY.replace(AXES, f"  kind: {kind}\n{HEAD.get(kind, '')}  axes:\n    {path}: {axis}\n")


def test_the_study_that_the_others_change_is_right(load):
    assert load(STUDY).n_rows == 4
    for kind in DRAWN:
        assert load(axes(kind, LAG, "{lo: 1 h, hi: 120 min}")).n_rows > 0


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize(
    ("path", "axis", "end", "told"),
    [
        (LAG, "{lo: 1, hi: 2 h}", "lo", "unit missing: found the number 1"),
        (LAG, "{lo: 1 h, hi: 2}", "hi", "unit missing: found the number 2"),
        (LAG, "{lo: 1 h, hi: 2 um}", "hi", "is of dimension length"),
        (LAG, "{lo: processes.shield.max_frac, hi: 2 h}", "lo", "is no finite number"),
        (SHIELD, "{lo: low, hi: 1}", "lo", "'low'"),
        (SHIELD, "{lo: '0.5', hi: 1}", "lo", "found the text '0.5'"),
        (SHIELD, "{lo: -1, hi: 1}", "lo", "out of bounds"),
        (SHIELD, "{lo: 0.5, hi: 7}", "hi", "out of bounds"),
        ("populations.b_cells.n", "{lo: 1.5, hi: 7}", "lo", "a whole number"),
    ],
)
def test_an_end_of_a_range_is_refused_at_its_line(load, kind, path, axis, end, told):
    line = 9 + (kind in HEAD)
    ((found, place, text),) = refused(load, axes(kind, path, axis))
    assert (found, place) == (line, f"design.axes.{path}.{end}")
    assert told in text


@pytest.mark.parametrize("kind", [*DRAWN, "factorial", "list"])
@pytest.mark.parametrize(("path", "told"), NO_AXES)
def test_what_is_no_parameter_is_no_axis(load, kind, path, told):
    value = "[1, 2]" if kind in ("factorial", "one_at_a_time") else "{lo: 1, hi: 2}"
    text = axes(kind, path, value)
    if kind == "list":
        text = STUDY.replace(AXES, f"  kind: list\n  points:\n    - {{{path}: 1}}\n")
    found = refused(load, text)
    assert all(line in (9, 10) for line, _, _ in found), found
    assert told in found[0][2]


@pytest.mark.parametrize("value", ["[1 h, 2]", "{values: [1 h, 2]}", "[1 h, 2 um]", "[1 h, -2 h]"])
@pytest.mark.parametrize("kind", ["factorial", "one_at_a_time"])
def test_a_listed_value_without_its_unit_is_refused(load, kind, value):
    ((line, place, _),) = refused(load, axes(kind, LAG, value))
    assert (line, place) == (9, f"design.axes.{LAG}{'.values' if 'values' in value else ''}.1")


def test_a_listed_point_without_its_unit_is_refused(load):
    text = STUDY.replace(AXES, f"  kind: list\n  points:\n    - {{}}\n    - {{{LAG}: 2}}\n")
    ((line, place, told),) = refused(load, text)
    assert (line, place) == (10, f"design.points.1.{LAG}")
    assert "unit missing" in told
    text = STUDY.replace(AXES, f"  kind: list\n  points:\n    - {SHIELD}: 0.5\n      {LAG}: 2\n")
    assert [line for line, _, _ in refused(load, text)] == [10]


@pytest.mark.parametrize(
    "change",
    ["design.axes.processes=1", "design.axes={processes.potency.lag: [1]}", "set={processes.potency.lag: 3}",
     "design={kind: morris, n: 4, axes: {processes.potency.lag: {lo: 1, hi: 2}}}", "set={duration: 3}",
     "design={kind: list, points: [{duration: 3}]}"],
)  # fmt: skip
def test_the_command_line_needs_units_too(load, change):
    found = refused(load, STUDY, change)
    assert any("unit missing" in text for _, _, text in found) or "processes=1" in change
    assert all("--set" in text for _, _, text in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "told"),
    [
        ("seeds: [1, 2]", "seeds: [1, 2, 1]", 10, "seeds.2", "1 twice"),
        ("seeds: [1, 2]", "seeds: []", 10, "seeds", "no seeds"),
        ("seeds: [1, 2]", "seeds: [1, -2]", 10, "seeds.1", "out of bounds"),
        ("seeds: [1, 2]", "seeds: 3", 10, "seeds", "found 3"),
        ("  - both.survival", "  - serum.survival", 13, "summaries.1", "serum.survival twice"),
        ("  - both.survival", "  - both.survivl", 13, "summaries.1", "did you mean 'survival'"),
        ("  - both.survival", "  - bth.survival", 13, "summaries.1", "did you mean 'both'"),
        ("  - both.survival", "  - both.partial", 13, "summaries.1", "no measure 'partial'"),
        ("  replicates: 2", "  arms.both.control: none", 13, "summaries.1", "no control that 'survival' is relative"),
        ("  - both.survival", "  - both", 13, "summaries.1", "no measure ''"),
        ("  replicates: 2", "  replicates: 0", 4, "set.replicates", "out of bounds"),
        ("  replicates: 2", "  replicats: 2", 4, "set.replicats", "did you mean 'replicates'"),
        ("  replicates: 2", "  seed: 2", 4, "set.seed", "'seeds:' of the study"),
        ("lag: 2 h", "lag: 2", 5, "set.processes.potency.lag", "unit missing"),
        ("lag: 2 h", "lg: 2 h", 5, "set.processes.potency.lg", "did you mean 'lag'"),
        ("  processes.potency.lag: 2 h", "  arms.serum.set: {duration: 2 h}", 5, "set.arms.serum.set", "duration"),
        ("  processes.potency.lag: 2 h", "  processes: {a: {kind: bindin}}", 5, "set.processes", "mean 'binding'"),
        (
            "  replicates: 2\n",
            "  processes.potency.max_effect: 0.1\n  processes.potency: {kind: dheas_potency}\n",
            4,
            "set.processes.potency.max_effect",
            "replaced by 'processes.potency' after it",
        ),
        ("base: base.yaml", "base: bas.yaml", 2, "base", "no such file"),
        ("[1 h, 2 h]", "{lo: 1 h, hi: 2 h}", 9, f"design.axes.{LAG}", "needs values"),
    ],
)
def test_every_refusal_has_its_line(load, old, new, line, place, told):
    assert STUDY.count(old) == 1
    found = refused(load, STUDY.replace(old, new))
    assert [(at, where) for at, where, _ in found] == [(line, place)], found
    assert told in found[0][2]


@pytest.mark.parametrize(("kind", "n"), [("morris", 1), ("saltelli", 1), ("saltelli", 2)])
def test_too_few_points_for_an_index_are_refused(load, kind, n):
    ((line, place, told),) = refused(load, axes(kind, SHIELD, "{}").replace("n: 4", f"n: {n}"))
    assert (line, place) == (8, "design.n")
    assert "too few" in told


@pytest.mark.parametrize("kind", ["latin_hypercube", "morris"])
def test_values_where_points_are_drawn_are_refused(load, kind):
    ((line, place, told),) = refused(load, axes(kind, LAG, "[1 h, 2 h]"))
    assert (line, place) == (10, f"design.axes.{LAG}")
    assert "lo and hi" in told


@pytest.mark.parametrize("axis", ["[1 h, 2 h, 1 h]", "{values: [1 h, 2 h, 1 h]}"])
@pytest.mark.parametrize("kind", ["factorial", "one_at_a_time"])
def test_the_same_value_twice_is_no_second_point(load, kind, axis):
    ((line, place, told),) = refused(load, axes(kind, LAG, axis))
    assert (line, place) == (9, f"design.axes.{LAG}{'.values' if 'values' in axis else ''}.2")
    assert "the same as one before it" in told


def test_the_same_point_twice_is_refused(load):
    points = f"[{{{LAG}: 1 h, {SHIELD}: 1}}, {{}}, {{{SHIELD}: 1.0, {LAG}: 1 h}}, {{}}]"
    text = STUDY.replace(AXES, f"  kind: list\n  points: {points}\n")
    assert [place for _, place, _ in refused(load, text)] == ["design.points.2", "design.points.3"]


def test_what_a_later_path_replaces_as_a_whole_is_refused(load):
    whole = "processes.potency: [{kind: dheas_potency}]"
    text = STUDY.replace(f"    {LAG}: [1 h, 2 h]\n", f"    {LAG}: [1 h, 2 h]\n    {whole}\n")
    assert [(line, place) for line, place, _ in refused(load, text)] == [(9, f"design.axes.{LAG}")]
    assert load(STUDY.replace(f"    {LAG}: [1 h, 2 h]\n", f"    {whole}\n    {LAG}: [1 h, 2 h]\n")).n_rows == 4
    text = STUDY.replace(AXES, f"  kind: list\n  points:\n    - {LAG}: 1 h\n      processes.potency: null\n")
    assert [(line, place) for line, place, _ in refused(load, text)] == [(9, f"design.points.0.{LAG}")]


def test_morris_steps_on_an_even_number_of_levels(load):
    text = axes("morris", SHIELD, "{}").replace("  n: 4", "  n: 4\n  levels: 3")
    assert [(line, place) for line, place, _ in refused(load, text)] == [(9, "design.levels")]


def test_a_replicate_is_a_number(load):
    assert [place for _, place, _ in refused(load, axes("factorial", "replicate", "[0, true]"))] == [
        "design.axes.replicate.1"
    ]


def test_a_list_of_points_has_no_axes(load):
    text = STUDY.replace(AXES, f"  kind: list\n  points: [{{}}]\n  axes:\n    {LAG}: [1 h]\n")
    assert [(line, place) for line, place, _ in refused(load, text)] == [(9, "design.axes")]


def test_all_faults_are_told_at_once(load):
    text = STUDY.replace("2 h]", "2]").replace("both.survival", "both.survivl")
    assert len(refused(load, text)) == 2
    text = axes("morris", LAG, "{lo: 1, hi: 2}").replace("seeds:", f"    {SHIELD}: {{lo: -1}}\nseeds:")
    assert [place for _, place, _ in refused(load, text)] == [f"design.axes.{LAG}.lo", f"design.axes.{SHIELD}.lo"]


@pytest.mark.parametrize(
    ("spread", "is_refused"),
    [("{range: [0.05 /d, 1.5 /d]}", True), ("{cv: 0.5}", False), ("{sd: 0.1 /d}", False)],
)
def test_what_every_patient_draws_from_a_range_is_no_axis(tmp_path, spread, is_refused):
    scenario = load_scenario("configs/scenarios/wm_patient.yaml")
    (tmp_path / "base.yaml").write_text(dump(scenario))
    (tmp_path / "study.yaml").write_text(
        f"base: base.yaml\nset: {{cohort: {{vary: {{processes.killing.rate: {spread}}}}}}}\n"
        "design:\n  kind: one_at_a_time\n  axes:\n    processes.killing.rate: {lo: 0.1 /d, hi: 1 /d}\n"
        f"summaries: [{next(iter(scenario.arms))}.partial]\n"
    )
    if not is_refused:
        assert load_study(tmp_path / "study.yaml").n_rows == 9
        return
    with pytest.raises(InputError, match="a value of its own") as error:
        load_study(tmp_path / "study.yaml")
    assert {fault.line for fault in error.value.faults} == {6}


def test_measures_of_wells_are_none_of_patients(tmp_path):
    scenario = load_scenario("configs/scenarios/wm_patient.yaml")
    (tmp_path / "base.yaml").write_text(dump(scenario))
    arm = next(iter(scenario.arms))
    text = f"base: base.yaml\ndesign: {{kind: list, points: [{{}}]}}\nsummaries: [{arm}.MEASURE]\n"
    (tmp_path / "study.yaml").write_text(text.replace("MEASURE", "partial"))
    load_study(tmp_path / "study.yaml")
    (tmp_path / "study.yaml").write_text(text.replace("MEASURE", "survival"))
    with pytest.raises(InputError, match=r"study\.yaml:3:.*no measure 'survival'"):
        load_study(tmp_path / "study.yaml")
