import contextlib
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator

from abm.core.errors import Fault, InputError
from abm.core.par import Model, par, refusal
from abm.document.load import apply_overrides, dump, read_document, resolve, validate
from abm.document.opening import MAX_BYTES
from abm.document.reading import Document, Position, read_text
from abm.scenario.from_file import load_scenario

BAD = Path(__file__).parents[1] / "bad"
WHY = "design: an example"


class Loss(Model):
    kind: Literal["loss"] = "loss"
    rate_per_h: float = par(0.26, "1/h", "Beum2011", "Loss", ge=0, le=2)


class Gain(Model):
    kind: Literal["gain"] = "gain"
    kd_nM: float = par(0.8, "nM", "Bondza2017", "Dissociation constant", gt=0)
    half_life: float = par(..., "h", WHY, "Half-life", gt=0)


class Floor(Model):
    walls: Literal["reflecting", "periodic"] = "reflecting"
    side: float = par("5657 um", "um", WHY, "Side of the floor", gt=0)


class Cells(Model):
    n: int = par(10_000, "cells", WHY, "Cells", ge=0, le=10**8)
    low_fraction: float = par(0.07, "1", WHY, "CD20-low fraction", ge=0, le=1)


class Populations(Model):
    b_cells: Cells | None = Cells()
    nk_cells: Cells | None = None


class Arm(Model):
    start: float = Field(0.0, alias="from")
    changes: dict[str, Any] = Field(default_factory=dict, alias="set")


class Well(Model):
    name: str = ""
    seed: int = par(1, "1", WHY, "Seed", ge=0, le=2**64 - 1)
    is_mixed: bool = False
    duration: float = par("24 h", "h", WHY, "Duration", gt=0)
    dt: float = par("0.5 min", "h", WHY, "Step", gt=0)
    at: tuple[float, ...] = par((), "h", WHY, "Times", ge=0)
    shares: tuple[float, ...] = par((), "1", WHY, "Fractions", ge=0, le=1)
    window: float | Literal["auto"] = par("auto", "h", WHY, "Window", gt=0)
    side: Floor | float = Field(Floor(), alias="space")
    populations: Populations = Populations()
    processes: dict[str, Annotated[Loss | Gain, Field(discriminator="kind")]] = Field(default_factory=dict)
    arms: dict[str, Arm] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self):
        faults = []
        if self.dt > self.duration:
            faults.append(Fault("dt is longer than the duration", "dt"))
        if self.shares and abs(sum(self.shares) - 1) > 1e-9:
            faults.append(Fault("fractions do not sum to 1", "shares.0"))
        if faults:
            raise refusal(*faults)
        return self


@pytest.fixture
def write(tmp_path):
    def write(text, name="well.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def faults(write):
    def faults(text, sets=()):
        with pytest.raises(InputError) as refused:
            validate(Well, resolve(write(text), sets))
        return refused.value.faults

    return faults


BAD_FILES = {
    "alias_bomb": (5, 12, "e.1", "too many values"),
    "alias_to_itself": (2, 18, "at.1", "alias '*again' refers to itself"),
    "alias_unknown": (2, 5, "at", "alias '*never' without an anchor"),
    "bad_key": (3, 3, "processes", "'../etc'"),
    "complex_key": (2, 3, "", "a key that is a list"),
    "control_character": (2, 8, "", "special characters are not allowed"),
    "control_escape": (2, 7, "name", "control character"),
    "directive": (2, 1, "", "directives"),
    "duplicate_key": (6, 3, "space.kind", "duplicate key 'kind', first in line 4"),
    "empty": (1, 1, "", "the document is empty"),
    "extends_back": (1, 1, "extends", "extends itself"),
    "extends_in_circle": (3, 5, "extends.0", "extends itself"),
    "extends_itself": (2, 1, "extends", "extends itself"),
    "extends_nothing": (2, 1, "extends", "no such file"),
    "extends_number": (2, 11, "extends.0", "found 3"),
    "huge_escape": (None, None, "", "cannot be read as YAML"),
    "merge_key": (3, 3, "space", "merge keys"),
    "nested_brackets": (2, 55, "at.0.0", "nested too deeply"),
    "not_utf8": (2, 8, "", "byte 0xe4 is not UTF-8"),
    "nul_byte": (2, 8, "", "NUL byte"),
    "only_comment": (1, 1, "", "the document is empty"),
    "python_tag": (2, 7, "name", "tag '!!python/object/apply:os.system'"),
    "string_tag": (1, 7, "seed", "tag '!!str'"),
    "surrogate_escape": (2, 7, "name", "control character"),
    "tab_indent": (3, 1, "", "tab used as indentation"),
    "top_level_list": (1, 1, "", "the document is a list"),
    "top_level_text": (1, 1, "", "the document is a single value"),
    "two_documents": (2, 1, "", "a second document begins"),
    "unclosed_bracket": (2, 5, "", "expected ',' or ']', but got ':' in line 3"),
    "unclosed_quote": (2, 7, "", "unexpected end of stream"),
    "utf16": (1, 1, "", "byte 0xff is not UTF-8"),
}


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_bad_file_is_refused_at_its_place(name):
    line, column, path, message = BAD_FILES[name]
    with pytest.raises(InputError) as refused:
        resolve(BAD / f"{name}.yaml")
    fault = refused.value.faults[0]
    assert message in fault.message
    assert (fault.line, fault.column, fault.path) == (line, column, path)
    assert fault.file.endswith(".yaml")


def test_all_duplicate_and_unusable_keys_are_reported_at_once():
    with pytest.raises(InputError) as refused:
        read_document(BAD / "duplicate_key.yaml")
    assert [fault.line for fault in refused.value.faults] == [6, 7]
    with pytest.raises(InputError) as refused:
        read_document(BAD / "bad_key.yaml")
    assert [fault.line for fault in refused.value.faults] == [3, 4]


def test_a_file_of_20_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"seed: 1 #" + b"x" * 20_000_000)
    with pytest.raises(InputError, match=f"too large; allowed: at most {MAX_BYTES} bytes"):
        read_document(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, message in [(tmp_path, "a directory"), ("/dev/zero", "no regular file"), (fifo, "no regular file")]:
        with pytest.raises(InputError, match=message):
            read_document(path)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "\ud800"])
def test_an_impossible_file_name_is_refused(path):
    with pytest.raises(InputError):
        read_document(path)


def test_a_missing_file_is_refused_with_the_nearest_name(write):
    path = write("seed: 1", "three_arms.yaml")
    with pytest.raises(InputError) as refused:
        read_document(path.with_name("tree_arms.yaml"))
    assert refused.value.faults[0].nearest == str(path)


def test_plain_data_and_positions_are_read(write):
    path = write("seed: 7\nspace: {side: 1 mm}\nat:\n  - 0 h\n  - 4 h\n")
    document = read_document(path)
    assert document.data == {"seed": 7, "space": {"side": "1 mm"}, "at": ["0 h", "4 h"]}
    assert document.position(("space", "side")) == Position(str(path), 2, 9)
    assert document.position(("at", 1)) == Position(str(path), 5, 5)
    assert document.position(("at", 1, "deeper")) == document.position(("at", 1))
    assert document.position(("nowhere",)) == Position(str(path), 1, 1)


def test_scalars_follow_the_core_schema_of_yaml_1_2():
    text = "[yes, no, 12:30, 2001-01-01, 1_000, 010, 1e3, .5, 1., ~, True, 'true', 0x1f, -3, 1.5]"
    data, _ = read_text(text, "x")
    assert data == ["yes", "no", "12:30", "2001-01-01", "1_000", 10, 1e3, 0.5, 1.0, None, True, "true", "0x1f", -3, 1.5]


def test_an_alias_is_the_value_of_its_anchor():
    data, _ = read_text("a: &a {x: 1}\nb: [*a, *a]", "x")
    assert data == {"a": {"x": 1}, "b": [{"x": 1}, {"x": 1}]}


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 1\n")
    assert read_document(path).data == {"seed": 1}


NOTHING = object()
BAD_VALUES = [
    ("sede: 1", 1, "sede", "unknown key 'sede'", NOTHING, "seed"),
    ("seed: -1", 1, "seed", "found -1", ">= 0 and <= 18446744073709551615", ""),
    (f"seed: {2**64}", 1, "seed", f"found {2**64}", ">= 0 and <= 18446744073709551615", ""),
    ("seed: true", 1, "seed", "found true", "a whole number >= 0 and <= 18446744073709551615", ""),
    ("seed: one", 1, "seed", "'one' is no finite number", "a number", ""),
    ("seed: '1'", 1, "seed", "found the text '1'", "a number without quotes, or one with its unit", ""),
    ("seed: " + "1" * 5000, 1, "seed", "found infinity, or a number too large", NOTHING, ""),
    ("seed: 1e400", 1, "seed", "found infinity, or a number too large", NOTHING, ""),
    ("is_mixed: yes", 1, "is_mixed", "found 'yes'", "true or false", "true"),
    ("is_mixed: 1", 1, "is_mixed", "found 1", "true or false", ""),
    ("name: 3", 1, "name", "found 3", "a text", ""),
    ("duration: 24", 1, "duration", "unit missing: found the number 24", NOTHING, ""),
    ("duration: '24'", 1, "duration", "unit missing", NOTHING, ""),
    ("duration: 24 um", 1, "duration", "'24 um' is of dimension length, not time", NOTHING, ""),
    ("duration: 24 huors", 1, "duration", "unknown unit 'huors'", NOTHING, "hours"),
    ("duration: .nan", 1, "duration", "found NaN", "a finite number > 0", ""),
    ("duration: -.inf", 1, "duration", "found infinity", "a finite number > 0", ""),
    ("duration: 1e400 h", 1, "duration", "too large", NOTHING, ""),
    ("duration: 0 h", 1, "duration", "found 0", "> 0 h", ""),
    ("duration: null", 1, "duration", "found null", "a number > 0", ""),
    ("dt: 2 d", 1, "dt", "dt is longer than the duration", "", ""),
    ("at: 3 h", 1, "at", "found '3 h'", "a list >= 0", ""),
    ("at:\n  - 3 h\n  - -1 h", 3, "at.1", "found -1, out of bounds", ">= 0 h", ""),
    ("shares: [0.5, 0.6]", 1, "shares.0", "fractions do not sum to 1", "", ""),
    ("window: off", 1, "window", "found 'off'", "a number > 0 or auto", ""),
    ("space: {walls: reflectng}", 1, "space.walls", "found 'reflectng'", "reflecting, periodic", "reflecting"),
    ("space: {wals: periodic}", 1, "space.wals", "unknown key 'wals'", "walls, side", "walls"),
    ("space: yes", 1, "space", "found 'yes'", "a mapping or a number", ""),
    ("populations:\n  b_cells: {n: 1.5}", 2, "populations.b_cells.n", "found 1.5", NOTHING, ""),
    ("populations:\n  b_cells: {n: -1}", 2, "populations.b_cells.n", "found -1", ">= 0 and <= 100000000 cells", ""),
    ("populations:\n  b_cells: {n: 1000000000000}", 2, "populations.b_cells.n", "found 1000000000000", NOTHING, ""),
    ("populations: {b_cells: {low_fraction: 1.1}}", 1, "populations.b_cells.low_fraction", "found 1.1", NOTHING, ""),
    ("populations: {b_cell: {n: 1}}", 1, "populations.b_cell", "unknown key", "b_cells, nk_cells", "b_cells"),
    ("populations: [1]", 1, "populations", "found a list", "a mapping", ""),
    ("processes:\n  loss: {kind: los}", 2, "processes.loss.kind", "unknown kind 'los'", "loss, gain", "loss"),
    ("processes:\n  loss: {rate_per_h: 1}", 2, "processes.loss.kind", "missing key 'kind'", "loss, gain", ""),
    ("processes:\n  loss: null", 2, "processes.loss", "found null", "a mapping", ""),
    ("processes:\n  loss: {kind: loss, rate: 1}", 2, "processes.loss.rate", "unknown key", NOTHING, "rate_per_h"),
    ("processes:\n  loss: {kind: loss, kd_nM: 1}", 2, "processes.loss.kd_nM", "unknown key", "kind, rate_per_h", ""),
    ("processes:\n  g:\n    kind: gain", 2, "processes.g.half_life", "missing key 'half_life'", "Half-life [h]", ""),
    ("arms:\n  a: {start: 1}", 2, "arms.a.start", "unknown key 'start'", "from, set", ""),
    ("arms:\n  a: {from: x}", 2, "arms.a.from", "found 'x'", "a number", ""),
]


@pytest.mark.parametrize(("text", "line", "path", "message", "allowed", "near"), BAD_VALUES)
def test_a_bad_value_is_refused_at_its_place(faults, text, line, path, message, allowed, near):
    (fault,) = faults(text)
    assert message in fault.message
    assert (fault.line, fault.path, fault.nearest) == (line, path, near)
    assert fault.allowed == allowed or allowed is NOTHING
    assert len(str(fault)) < 700


def test_all_faults_of_a_file_come_at_once_in_its_order(faults):
    text = (
        "seed: -1\nduration: 24\nprocesses:\n  a: {kind: los}\n  b: {kind: loss, rate_per_h: 9}\nsede: 2\nat: [-1 h, 1]"
    )
    assert [fault.line for fault in faults(text)] == [1, 2, 4, 5, 6, 7, 7]


def test_a_process_named_like_its_kind_keeps_its_path(faults):
    (fault,) = faults("processes:\n  loss:\n    kind: loss\n    rate_per_h: 3")
    assert (fault.path, fault.line, fault.column) == ("processes.loss.rate_per_h", 4, 5)


def test_the_fault_reads_as_one_line(faults):
    (fault,) = faults("processes: {a: {kind: los}}")
    text = str(fault).split("/")[-1]
    expected = "processes.a.kind  unknown kind 'los'; allowed: loss, gain; did you mean 'loss'?"
    assert text == f"well.yaml:1:17  {expected}"


def test_mappings_merge_lists_are_replaced_and_null_removes(write):
    write("seed: 3\nat: [1 h, 2 h]\nprocesses:\n  a: {kind: loss, rate_per_h: 1}\n  b: {kind: loss}\n", "base.yaml")
    write("", "pyproject.toml")
    path = write("extends: ../base.yaml\nat: [5 h]\nprocesses:\n  a: {rate_per_h: 2}\n  b: null\n", "sub/well.yaml")
    document = resolve(path)
    assert document.data == {"seed": 3, "at": ["5 h"], "processes": {"a": {"kind": "loss", "rate_per_h": 2}}}
    assert Path(document.position(("seed",)).file).name == "base.yaml"
    assert document.position(("processes", "a", "rate_per_h"))[1:] == (4, 7)
    assert Path(document.position(("processes", "a", "kind")).file).name == "base.yaml"
    assert ("at", 1) not in document.positions


def test_later_files_come_over_earlier_ones(write):
    write("seed: 1\nname: a", "a.yaml")
    write("seed: 2", "b.yaml")
    assert resolve(write("extends: [a.yaml, b.yaml]")).data == {"seed": 2, "name": "a"}


def test_a_mapping_of_another_kind_replaces_the_one_it_meets(write):
    write("processes: {a: {kind: loss, rate_per_h: 1}}", "base.yaml")
    path = write("extends: base.yaml\nprocesses: {a: {kind: gain, half_life: 1 h}}")
    assert resolve(path).data["processes"]["a"] == {"kind": "gain", "half_life": "1 h"}


def test_a_null_switches_off_what_has_a_default(write):
    write("populations: {b_cells: {n: 3}}", "base.yaml")
    path = write("extends: base.yaml\npopulations: {b_cells: null}")
    assert validate(Well, resolve(path)).populations.b_cells is None
    assert validate(Well, resolve(write("populations: {b_cells: null}"))).populations.b_cells is None
    assert validate(Well, resolve(write("{}"), ["populations={b_cells: null}"])).populations.b_cells is None
    sets = ["populations.b_cells=null"]
    assert validate(Well, resolve(write("populations: {b_cells: {n: 3}}"), sets)).populations.b_cells is None
    assert validate(Well, resolve(write("seed: 1"), sets, Well)).populations.b_cells is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("duration", "duration:"),
        ("seed", "seed: ~"),
        ("populations", "populations: null"),
        ("populations.b_cells.n", "populations: {b_cells: {n: null}}"),
    ],
)
def test_a_null_where_nothing_can_be_off_brings_no_default_back(write, path, text):
    whole = write("duration: 3 h\nseed: 2\npopulations: {b_cells: {n: 3}}", "base.yaml")
    extended = write(f"extends: base.yaml\n{text}\n")
    arm = apply_overrides(resolve(whole).data, {path: None}, Well)
    for document in (resolve(extended), resolve(whole, [f"{path}=null"], Well), Document("arm", arm)):
        with pytest.raises(InputError, match="found null") as refused:
            validate(Well, document)
        assert [fault.path for fault in refused.value.faults] == [path]
    with pytest.raises(InputError, match=rf"well\.yaml:2:\d+  {path}  found null"):
        validate(Well, resolve(extended))


def test_a_fault_in_an_extended_file_names_that_file(write):
    write("seed: -1", "base.yaml")
    with pytest.raises(InputError) as refused:
        validate(Well, resolve(write("extends: base.yaml\ndt: 1")))
    assert [(Path(f.file).name, f.line) for f in refused.value.faults] == [("well.yaml", 2), ("base.yaml", 1)]


def test_a_long_chain_of_files_is_refused(write):
    for i in range(12):
        write(f"extends: f{i + 1}.yaml", f"f{i}.yaml")
    write("seed: 1", "f12.yaml")
    with pytest.raises(InputError, match="too many files"):
        resolve(write("extends: f0.yaml"))
    assert resolve(write("extends: f4.yaml")).data == {"seed": 1}


@pytest.mark.parametrize("name", ["''", "null", "{}", '"a\\nb"'])
def test_extends_takes_paths_only(write, name):
    with pytest.raises(InputError, match="a path relative to this file"):
        resolve(write(f"extends: {name}"))


def test_sets_reach_every_value(write):
    path = write("at: [1 h, 2 h]\nprocesses: {loss: {kind: loss}}")
    sets = ["seed=5", "at.1=30 min", "processes.loss.rate_per_h=1e-1", "processes.g={kind: gain, half_life: 1 d}"]
    well = validate(Well, resolve(path, [*sets, "name=a=b", "at.0=null"]))
    assert (well.seed, well.at, well.name) == (5, (0.5,), "a=b")
    assert well.processes == {"loss": Loss(rate_per_h=0.1), "g": Gain(half_life="24 h")}


def test_sets_reach_defaults_when_the_model_is_known(write):
    path = write("seed: 1")
    with pytest.raises(InputError, match="no 'populations' in the file"):
        resolve(path, ["populations.b_cells.n=3"])
    document = resolve(path, ["populations.b_cells.n=3", "space.side=1 mm"], Well)
    assert document.data == {"seed": 1, "populations": {"b_cells": {"n": 3}}, "space": {"side": "1 mm"}}


def test_keys_with_dots_of_their_own_are_found_in_a_path(write):
    path = write("vary: {a.rate: {cv: 1}, a.rate.sd: {cv: 2}, b: {cv: 3}}")
    document = resolve(path, ["vary.a.rate.cv=4", "vary.a.rate.sd.cv=5", "vary.b.cv=6"])
    assert document.data == {"vary": {"a.rate": {"cv": 4}, "a.rate.sd": {"cv": 5}, "b": {"cv": 6}}}
    assert resolve(path, ["vary.a.rate=null"]).data == {"vary": {"a.rate.sd": {"cv": 2}, "b": {"cv": 3}}}
    with pytest.raises(InputError, match=r"no 'a.rat' in vary") as found:
        resolve(path, ["vary.a.rat.cv=4"])
    assert found.value.faults[0].nearest == "a.rate"


@pytest.mark.parametrize(
    ("text", "message", "near"),
    [
        ("seed", "malformed", ""),
        ("seed=", "malformed", ""),
        ("seed= ", "malformed", ""),
        ("=3", "no dotted path", ""),
        ("a..b=3", "no dotted path", ""),
        ("../x=3", "no dotted path", ""),
        ("seed=[1", "not YAML", ""),
        ("seed={a: 1, a: 2}", "duplicate key", ""),
        ("seed=!!int 3", "tag '!!int'", ""),
        ("seed=a: b", "malformed value", ""),
        ("seed=- 1", "malformed value", ""),
        ("seed=# 1", "malformed value", ""),
        ("seed=1\nname: x", "malformed", ""),
        ("seed=" + "1" * 20_000, "malformed", ""),
        ("sede=1", "unknown key", "seed"),
        ("seed.x=1", "'seed' is 3", ""),
        ("seed=-1", "found -1", ""),
        ("seed=yes", "no finite number", ""),
        ("duration=24", "unit missing", ""),
        ("proceses.loss.rate_per_h=1", "no 'proceses' in the file", "processes"),
        ("processes.los.rate_per_h=1", "no 'los' in processes", "loss"),
        ("processes.loss.rate_per_d=1", "unknown key", "rate_per_h"),
        ("at.2=1 h", "no item '2' in at", ""),
        ("at.-1=1 h", "no item '-1' in at", ""),
        ("at.0=1", "unit missing", ""),
        ("processes.loss.kind=los", "unknown kind", "loss"),
    ],
)
def test_a_bad_set_is_refused_and_named(faults, text, message, near):
    (fault,) = faults("seed: 3\nat: [1 h, 2 h]\nprocesses: {loss: {kind: loss}}", [text])
    assert message in fault.message
    assert fault.nearest == near
    assert fault.file == f"--set {text}" if len(text) < 60 else fault.file.startswith("--set ")
    assert fault.line is None


def test_all_bad_sets_come_at_once(faults):
    assert len(faults("seed: 3", ["seed", "a.b=1", "seed=[", "seed=4"])) == 3


def test_overrides_leave_the_data_they_change_alone():
    data = {"processes": {"a": {"kind": "loss"}, "b": {"kind": "loss"}}, "at": ["1 h"]}
    changed = apply_overrides(data, {"processes.a.rate_per_h": 1, "processes.b": None, "at.0": "2 h"})
    assert changed == {"processes": {"a": {"kind": "loss", "rate_per_h": 1}}, "at": ["2 h"]}
    assert data == {"processes": {"a": {"kind": "loss"}, "b": {"kind": "loss"}}, "at": ["1 h"]}


def test_overrides_through_unknown_paths_are_refused_all_at_once():
    with pytest.raises(InputError) as refused:
        apply_overrides({"processes": {"binding": {}}}, {"processes.bindng.kd_nM": 1, "x.y": 2})
    first, second = refused.value.faults
    assert (first.path, first.nearest, first.allowed) == ("processes.bindng.kd_nM", "binding", "binding")
    assert second.message == "no 'x' in the file"


def test_faults_raised_inside_a_validator_get_their_place(write):
    class Odd(Model):
        at: tuple[float, ...] = par((), "h", WHY, "Times")

        @model_validator(mode="after")
        def _check(self):
            raise InputError(Fault("not this one", "at.1"))

    with pytest.raises(InputError) as refused:
        validate(Odd, resolve(write("at:\n  - 1 h\n  - 2 h\n")))
    assert refused.value.faults[0].line == 3


def test_a_model_is_written_as_yaml_that_loads_back(write):
    values = {"duration": "1 week", "at": ["0.1 min"], "processes": {"g": Gain(half_life="3 s")}}
    well = Well(name="yes", seed=2**64 - 1, window="1e-7 s", **values, arms={"a~b": Arm(**{"set": {"x": [1, None]}})})
    text = dump(well)
    assert "duration: 168 h" in text
    assert validate(Well, resolve(write(text))) == well
    assert dump(validate(Well, resolve(write(text)))) == text


PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\ufffe\uffff"))
NUMBERS = st.floats(0, 1e300, allow_subnormal=False, exclude_min=True)


@settings(deadline=None)
@given(PRINTABLE, NUMBERS, st.floats(0, 2), st.lists(st.floats(0, 1e300)), st.integers(0, 2**64 - 1))
def test_any_model_survives_being_written_and_read(name, half_life, rate, at, seed):
    processes = {"g": Gain(kd_nM=half_life, half_life=f"{half_life!r} h"), "l": Loss(rate_per_h=rate)}
    well = Well(
        name=name, seed=seed, at=[f"{t!r} h" for t in at], processes=processes, arms={"a": Arm(**{"from": rate})}
    )
    data, positions = read_text(dump(well), "x")
    assert validate(Well, Document("x", data, positions)) == well


YAMLISH = st.text(st.sampled_from("ab:-?[]{},&*!|>'\"%@`#~ \n\t\\xuU0123.e+/<=\0\ufeff\x85\u2028é"), max_size=60)
LINES = st.sampled_from(
    ["seed", "processes", "a", "  b", "at", "? ", "- ", "&a ", "*a", "!!x ", "---\n", "...\n", "%YAML "]
)


@settings(deadline=None)
@given(st.one_of(st.text(), YAMLISH, st.lists(st.one_of(LINES, YAMLISH)).map("".join)))
def test_random_text_raises_nothing_but_input_errors(text):
    with contextlib.suppress(InputError):
        data, positions = read_text(text, "x")
        if isinstance(data, dict):
            validate(Well, Document("x", data, positions))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_input_errors(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.yaml"
        path.write_bytes(content)
        with contextlib.suppress(InputError):
            validate(Well, resolve(path))


@settings(deadline=None)
@given(st.one_of(st.text(), st.tuples(st.sampled_from(["seed=", "at.0=", "processes="]), YAMLISH).map("".join)))
def test_random_sets_raise_nothing_but_input_errors(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.yaml"
        path.write_text("at: [1 h]")
        with contextlib.suppress(InputError):
            validate(Well, resolve(path, [text], Well))


BASE = """\
duration: 1 h
dt: 1 min
space: {kind: floor, side: 100 um, volume: 1 uL}
populations: {b_cells: {n: 40}}
probes: {counts: {every: 10 min}, cells: {at: [50 min]}}
processes: {source: {kind: dheas_source, x_um: 90}}
"""


MET = "processes: {meeting: {kind: engagement, contact_um: 60}}"
TWICE = "processes: {other: {kind: binding}, more: {kind: binding}}"
AGAIN = "processes.more={kind: binding}"


@pytest.mark.parametrize(
    ("text", "changed", "place", "beside"),
    [
        ("duration: 30 min", "", "base.yaml:5:43  probes.cells.at", "duration: own.yaml:2:1"),
        ("duration: 30 s", "", "base.yaml:2:1  dt", "duration: own.yaml:2:1"),
        ("dt: 7 min", "", "base.yaml:5:19  probes.counts.every", "dt: own.yaml:2:1"),
        ("dt: 2 h", "", "own.yaml:2:1  dt", "duration: base.yaml:1:1"),
        ("space: {side: 80 um}", "", "base.yaml:6:42  processes.source.x_um", "space.side: own.yaml:2:9"),
        (MET, "", "base.yaml:3:22  space.side", "processes.meeting.contact_um: own.yaml:2:41"),
        ("title: x", "dt=7 min", "base.yaml:5:19  probes.counts.every", "dt: --set dt=7 min"),
        (TWICE, AGAIN, f"--set {AGAIN}  processes.more", "processes.other: own.yaml:2:13"),
    ],
)
def test_a_clash_names_both_files(write, text, changed, place, beside):
    base, own = write(BASE, "base.yaml"), write(f"extends: base.yaml\n{text}", "own.yaml")
    with pytest.raises(InputError) as refused:
        load_scenario(own, (changed,) if changed else ())
    found = str(refused.value).replace(f"{base.parent}/", "").splitlines()
    assert [line for line in found if line.startswith(place) and f"({beside})" in line], found


CLL = """\
duration: 2 years
dt: 12 h
space: {kind: body}
populations: {b_cells: {kind: cll_clone, cells_per_agent: 1.0e+11}}
end_points: {kind: lymphocytes, follow_up_spread: 3 months, visit_every: 8 weeks}
processes: {signalling: {kind: bcr_signalling}}
probes: {counts: null, patient: {every: 28 d}}
"""
SEEN = "probes: {patient: {every: 9 weeks}}"
VARY = "cohort: {vary: {processes.signalling."
SPREADS = f"{VARY}bypass: {{cv: 0.5}}, populations.b_cells.kind: {{shares: {{a: 0.7, b: 0.3}}}}}}}}"


@pytest.mark.parametrize(
    ("text", "place", "beside"),
    [
        ("duration: 5 months", "base.yaml:5:33  end_points.follow_up_spread", "duration: own.yaml:2:1"),
        (SEEN, "own.yaml:2:20  probes.patient.every", "end_points.visit_every: base.yaml:5"),
        (
            f"{VARY}bypass: {{range: [0.5, 0.6]}}}}}}",
            "own.yaml:2:17  cohort.vary.processes.signalling.bypass  ",
            "cohort.vary.processes.signalling.bypass.cv: base.yaml:8",
        ),
        (
            "cohort: {vary: {populations.b_cells.kind: {shares: {b: 0.5, c: 0.5}}}}",
            "own.yaml:2:44  cohort.vary.populations.b_cells.kind.shares  the shares sum to 1.7",
            "cohort.vary.populations.b_cells.kind.shares.a: base.yaml:8",
        ),
    ],
)
def test_a_clash_about_a_patient_names_both_files(write, text, place, beside):
    base = write(CLL + SPREADS, "base.yaml")
    own = write(f"extends: base.yaml\n{text}", "own.yaml")
    with pytest.raises(InputError) as refused:
        load_scenario(own)
    found = str(refused.value).replace(f"{base.parent}/", "").splitlines()
    assert [line for line in found if line.startswith(place) and f"({beside}" in line], found


def test_what_clashes_with_a_default_stands_where_it_was_written(write):
    own = write("seed: 1\nduration: 30 s")
    with pytest.raises(InputError) as refused:
        load_scenario(own)
    dt, *_ = refused.value.faults
    assert (dt.path, dt.line, dt.message) == ("dt", 2, "dt 0.0166667 h is longer than the duration 0.00833333 h")
