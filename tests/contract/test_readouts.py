"""What every probe and every read-out must hold: what it shows is declared, once, with unit and words."""

from collections import Counter

import pytest
from pydantic import ValidationError

from abm.core.measure import Measures
from abm.core.par import plain
from abm.readouts.readout import Seen
from abm.scenario.kinds import PROBES, READOUTS

EACH = pytest.mark.parametrize("kind", READOUTS)
OF = {"lymphocytes": "leukaemia"}  # the subject that shows it, where it is not the usual one of its scale
RELATIVE = {"survival": 1.0, "survival_raw": 0.5, "lysed_frac": 0.2}


@pytest.fixture(scope="module")
def simulated(busy, patient, leukaemia):
    """Return tiny subjects of each kind after a step, really simulated."""
    found = {"well": busy(), "body": patient(), "leukaemia": leukaemia({})}
    for simulation in found.values():
        simulation.step()
    return found


@pytest.fixture
def shown(simulated):
    """Return the function that names all that a read-out finds of a subject."""

    def names(readout):
        simulation = simulated[OF.get(readout.kind, readout.scale)]
        rows = [probe.observe(simulation.world) for probe in simulation.probes.values() if probe.table == "series"]
        row = {name: value for one in rows for name, value in one.items()}
        seen = Seen([row, row], simulation.world.given, world=simulation.world)
        found = readout.of_subject(seen)
        table = {name for name in readout.row(seen) if name not in found}
        relative = readout.against_control(found | RELATIVE, found | RELATIVE) if readout.scale == "well" else {}
        return set(found) | set(relative) | table

    return names


def test_every_column_of_a_series_is_declared(simulated):
    for simulation in simulated.values():
        cells = [one for cell_type in simulation.world.cell_types.values() for one in cell_type.measures()]
        for probe in simulation.probes.values():
            row = probe.observe(simulation.world) if probe.table == "series" else {}
            assert [name for name in row if Measures([*cells, *probe.measures]).find(name) is None] == []


@pytest.mark.parametrize("kind", PROBES)
def test_no_column_is_declared_twice(kind):
    names = [measure.name for measure in PROBES[kind].measures]
    assert len(names) == len(set(names))


@EACH
def test_a_readout_is_frozen_and_its_rules_reload_to_an_equal_one(kind):
    own = READOUTS[kind]()
    assert READOUTS[kind].model_validate(plain(own)) == own
    with pytest.raises(ValidationError):
        own.kind = "other"


@EACH
def test_a_readout_finds_what_it_declares_and_declares_what_it_finds(kind, shown):
    readout = READOUTS[kind]()
    found, known = shown(readout), Measures(readout.measures)
    assert {name for name in found if known.find(name) is None} == set()
    assert {one.name for one in readout.measures if not any(map(one.takes, found))} == set()


@EACH
def test_measures_of_a_readout_have_one_name_each_and_words_without_a_gap(kind):
    measures = READOUTS[kind]().measures
    named = {one.name for one in measures} | {one.summary for one in measures if one.summary}
    assert len(named) == len(measures) + sum(bool(one.summary) for one in measures)
    assert not [one.name for one in measures if set("{}") & set(one.words + one.axis)]


@EACH
def test_a_time_names_the_event_that_ends_it(kind):
    readout = READOUTS[kind]
    names = {one.name for one in readout.declared}
    times = [one for one in readout.declared if one.kind == "time"]
    assert all((one.event or one.among) in names for one in times)
    assert getattr(readout, "main_event", "") in {"", *(one.name for one in times if one.event)}


def test_what_has_one_name_has_one_unit_wherever_it_is_shown():
    of_probes = {one.name: one.unit for cls in PROBES.values() for one in cls.measures}
    for cls in READOUTS.values():
        for one in cls.declared:
            assert of_probes.get(one.name, one.unit) == one.unit, one.name


def test_no_two_readouts_of_one_subject_find_the_same():
    for scale in ("well", "body"):
        always = [one.name for cls in READOUTS.values() for one in cls.declared
                  if cls.scale == scale and not cls.is_chosen]  # fmt: skip
        assert [name for name, n in Counter(always).items() if n > 1] == []
        chosen = [cls for cls in READOUTS.values() if cls.scale == scale and cls.is_chosen]
        assert not {one.name for cls in chosen for one in cls.declared} & set(always)


def test_one_readout_is_usual_and_compartments_are_told_apart():
    assert sum(cls.is_usual for cls in READOUTS.values()) == 1
    numbers = [one.number for cls in READOUTS.values() for one in cls.compartments]
    assert len(numbers) == len(set(numbers))
