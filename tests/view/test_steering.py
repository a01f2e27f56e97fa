"""Whatever the page offers to turn or to add can be turned and added."""

import pytest

from abm.core.errors import InputError
from abm.core.par import describe
from abm.core.units import parse_quantity
from abm.scenario.from_file import load_scenario
from abm.view import steering
from abm.view.session import Session


def knobs(session):
    return [knob for m in steering.mechanisms(session, session.arms[0]) for knob in m.knobs]


@pytest.mark.parametrize("name", ["three_arms", "wm_patient"])
def test_both_ends_of_every_knob_are_allowed(name, scenario, patient):
    session = Session(patient if name == "wm_patient" else scenario, [])
    offered = knobs(session)
    assert len(offered) > 30
    refused = []
    for knob in offered:
        assert knob.value in knob.stops
        assert len(set(knob.stops)) == len(knob.stops) >= 2, knob.path
        for stop in (knob.stops[0], knob.stops[-1]):
            try:
                load_scenario(f"configs/scenarios/{name}.yaml", (f"{knob.path}={knob.as_text(stop)}",))
            except InputError as error:
                refused.append(f"{knob.path}={knob.as_text(stop)}: {error}")
    assert not refused


def test_a_knob_has_bounds_unit_and_source_of_its_parameter(session):
    knob = next(k for k in knobs(session) if k.path == "processes.killing.rate_per_h")
    assert knob.unit == "1/h"
    assert "1/h" in knob.label
    assert knob.source
    assert all(stop >= 0 for stop in knob.stops)


def test_patients_read_days_and_the_file_gets_the_same_value(patient):
    session = Session(patient)
    knob = next(k for k in knobs(session) if k.path == "processes.plasma_cells.half_life")
    assert knob.unit == "d"
    session.change({knob.path: knob.as_text(30.0)})
    assert steering.now(session, "rituximab").processes["plasma_cells"].half_life == pytest.approx(720.0)


@pytest.mark.parametrize("kind", ["well", "patient", "cll"])
def test_a_knob_shows_what_the_mechanism_has(kind, scenario, patient, cll):
    session = Session({"well": scenario, "patient": patient, "cll": cll}[kind])
    shown = [knob for knob in knobs(session) if knob.is_number]
    processes = steering.now(session, session.arms[0]).processes
    assert len(shown) > 10
    for knob in shown:
        _, name, key = knob.path.split(".")
        parameter = next(row for row in describe(type(processes[name])) if row["name"] == key)
        unit = parameter["unit"]
        own = parse_quantity(f"{knob.value!r} {knob.unit}", unit) if knob.unit not in ("", "1") else knob.value
        assert own == pytest.approx(getattr(processes[name], key), rel=1e-3), knob.path


def test_a_switch_turns_a_mechanism_off_and_on_as_it_was(session):
    def lysis():
        return next(m for m in steering.mechanisms(session, "serum") if m.name == "lysis")

    before = lysis()
    session.step()
    session.change({before.path: None})
    assert not lysis().is_on
    session.change({before.path: before.as_file})
    assert lysis() == before


@pytest.mark.parametrize("kind", ["well", "patient", "cll"])
def test_everything_on_offer_can_be_added_in_its_usual_amount(kind, scenario, patient, cll):
    session = Session({"well": scenario, "patient": patient, "cll": cll}[kind])
    session.step()
    offered = steering.addable(session)
    for what, text in offered.items():
        arms = ("effectors", "both") if what == "nk_cells" else ()  # serum is an arm without NK cells
        session.add(what, steering.amount(text), arms)
    assert len(session.actions) == len(offered) >= 2
    session.step()


@pytest.mark.parametrize(("what", "amount"), [("rituximab", "much"), ("nk_cells", "-4"), ("serum", "400 %")])
def test_a_bad_amount_is_refused_and_the_session_goes_on(session, what, amount):
    session.step()
    before = session.scenario
    with pytest.raises(InputError, match=what):
        session.add(what, steering.amount(amount))
    assert session.scenario is before
    session.step()
    assert session.tick == 2


def test_one_arm_or_all_are_meant(session):
    assert steering.arms_of(session, steering.ALL) == session.arms
    assert steering.arms_of(session, "both") == ("both",)


@pytest.mark.parametrize("kind", ["well", "patient", "cll"])
def test_who_is_simulated_can_be_turned_as_a_mechanism_can(scenario, patient, cll, kind):
    session = Session({"well": scenario, "patient": patient, "cll": cll}[kind])
    knobs = {knob.path: knob for knob in steering.subject(session, session.arms[0])}
    assert knobs["covariates.fcgr3a"].stops == ("VV", "VF", "FF")
    assert knobs["covariates.weight_kg"].label == "Body weight, kg"
    session.change({"covariates.fcgr3a": "FF"})
    assert steering.now(session, session.arms[0]).covariates.fcgr3a == "FF"
