"""Keys that have other names now."""

import pytest

from abm.core.errors import InputError
from abm.document.load import resolve
from abm.document.reading import Document
from abm.document.renamed import Renamed, Renamings

WHY = "it is no rate"
NAMES = Renamings(
    renamed=(Renamed("processes.*.rate", "processes.*.gain", WHY), Renamed("drug.*.surface", "subject.surface", WHY)),
    holding=("arms.*.set", "vary", "pairs.*.of"),
)


def read(folder, text, sets=()):
    file = folder / "x.yaml"
    file.write_text(text)
    return resolve(file, sets, names=NAMES)


def test_a_key_is_read_under_its_new_name_and_the_warning_names_line_and_both_names(tmp_path):
    document = read(tmp_path, "processes:\n  loss: {kind: a, rate: 2}\n")
    assert document.data == {"processes": {"loss": {"kind": "a", "gain": 2}}}
    (told,) = document.warnings
    assert told.startswith("x.yaml:2:")
    assert f"'processes.loss.rate' is now called 'processes.loss.gain': {WHY}" in told


def test_a_value_that_moved_elsewhere_is_found_there_with_the_line_it_stands_in(tmp_path):
    document = read(tmp_path, "drug:\n  own:\n    surface: 2 m2\n")
    assert document.data == {"drug": {"own": {}}, "subject": {"surface": "2 m2"}}
    assert document.position(("subject", "surface")).line == 3


def test_new_names_are_not_warned_of(tmp_path):
    assert read(tmp_path, "processes: {loss: {gain: 2}}\nvary: {subject.surface: 1}\n").warnings == ()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("vary: {a.b: 1, processes.x.rate: 2, c.d: 3}", {"vary": {"a.b": 1, "processes.x.gain": 2, "c.d": 3}}),
        ("pairs: [{of: [a.b, drug.own.surface]}]", {"pairs": [{"of": ["a.b", "subject.surface"]}]}),
        ("arms: {a: {set: {processes.x.rate: null}}}", {"arms": {"a": {"set": {"processes.x.gain": None}}}}),
        (
            "arms: {a: {set: {processes.x: {kind: a, rate: 2}}}}",
            {"arms": {"a": {"set": {"processes.x": {"kind": "a", "gain": 2}}}}},
        ),
        (
            "arms: {a: {set: {drug.own: {kind: a, surface: 2}}}}",
            {"arms": {"a": {"set": {"drug.own": {"kind": "a"}, "subject.surface": 2}}}},
        ),
    ],
)
def test_dotted_paths_and_what_lies_below_them_are_renamed_in_their_place(tmp_path, text, data):
    document = read(tmp_path, text)
    assert document.data == data
    assert [list(part) for part in document.data.values()] == [list(part) for part in data.values()], "in their order"
    assert len(document.warnings) == 1


def test_what_a_file_extends_may_use_the_other_name(tmp_path):
    (tmp_path / "base.yaml").write_text("processes: {loss: {kind: a, rate: 2}}\n")
    assert read(tmp_path, "extends: base.yaml\nprocesses: {loss: {gain: 3}}").data["processes"]["loss"]["gain"] == 3
    (tmp_path / "base.yaml").write_text("processes: {loss: {kind: a, gain: 2}}\n")
    assert read(tmp_path, "extends: base.yaml\nprocesses: {loss: {rate: 3}}").data["processes"]["loss"]["gain"] == 3
    (tmp_path / "base.yaml").write_text("vary: {processes.loss.gain: 1, b: 2}\n")
    assert read(tmp_path, "extends: base.yaml\nvary: {processes.loss.rate: null}").data["vary"] == {"b": 2}


def test_the_command_line_may_use_the_old_name(tmp_path):
    document = read(tmp_path, "processes: {loss: {kind: a}}", ["processes.loss.rate=4"])
    assert document.data["processes"]["loss"]["gain"] == 4
    assert document.warnings[0].startswith("--set processes.loss.rate=4  'processes.loss.rate' is now called")


@pytest.mark.parametrize(
    "text", ["processes:\n  x: {gain: 1, rate: 2}", "vary:\n  processes.x.rate: 1\n  processes.x.gain: 2"]
)
def test_a_value_under_both_names_is_refused_with_its_line_unless_it_is_the_same(tmp_path, text):
    with pytest.raises(InputError, match=r"x\.yaml:2.*processes\.x\.gain' too"):
        read(tmp_path, text)
    read(tmp_path, text.replace("1", "2"))


def test_the_first_name_of_a_path_tells_the_entry_that_the_new_one_does_not():
    names = Renamings((Renamed("drug.*.surface", "subject.surface", WHY, kinds=("b", "c")),))
    data = {"drug": {"other": {"kind": "a"}, "own": {"kind": "b"}}}
    assert names.first("subject.surface", data) == "drug.own.surface"
    assert names.first("drug.own.surface", data) == "drug.own.surface"
    assert names.first("subject.weight", data) == "subject.weight"


MIXED = Renamings((Renamed("steps.dose", "steps.gift", WHY, kinds=("a",), where=("space", "body")),), ("set",))


@pytest.mark.parametrize(
    ("data", "below", "is_renamed"),
    [
        ({"space": "body", "steps": {"x": 1, "dose": {"kind": "a"}, "y": 2}}, {}, True),
        ({"steps": {"x": 1, "dose": {"n": 2}, "y": 2}}, {"space": "body"}, True),
        ({"steps": {"x": 1, "dose": None, "y": 2}}, {"space": "body"}, True),
        ({"space": "body", "steps": {"x": 1, "dose": {"kind": "b"}, "y": 2}}, {}, False),
        ({"steps": {"x": 1, "dose": {"n": 2}, "y": 2}}, {"space": "well"}, False),
        ({"space": "well", "steps": {"x": 1, "dose": {"n": 2}, "y": 2}}, {"space": "body"}, False),
    ],
)
def test_an_entry_is_renamed_in_its_place_where_its_condition_holds_and_its_kind_fits(data, below, is_renamed):
    steps = MIXED.read(Document("x.yaml", data), below).data["steps"]
    assert list(steps) == ["x", "gift" if is_renamed else "dose", "y"]
    assert list(steps.values()) == list(data["steps"].values())
    assert MIXED.first("steps.gift.n", {"space": "body"}) == "steps.dose.n"
    assert MIXED.first("steps.gift.n", {"space": "well"}) == "steps.gift.n"


def test_what_is_renamed_inside_an_entry_that_is_renamed_is_found_too():
    names = Renamings((Renamed("old", "new", WHY), Renamed("new.rate", "new.gain", WHY)))
    assert names.read(Document("x.yaml", {"old": {"rate": 1, "n": 2}})).data == {"new": {"gain": 1, "n": 2}}
