"""What a viewer does is part of the scenario, and a headless run of it gives the same bytes."""

import numpy as np
import pytest

from abm.core.errors import InputError
from abm.scenario.build import Subject, build
from abm.scenario.from_file import load_scenario
from abm.study.simulate import simulate
from abm.view.session import Cell, Session


def steps(session, n):
    for _ in range(n):
        session.step()


def bytes_of(simulation):
    header, arrays = simulation.state()
    return header["tallies"], {name: values.tobytes() for name, values in arrays.items()}


def assert_ends_alike(session, arm, path):
    """Step to the end, and run all that was done headless, to the same bytes."""
    while not session.is_over:
        session.step()
    path.write_text(session.scenario_file())
    headless = build(load_scenario(path), Subject(arm, 0))
    headless.run()
    assert bytes_of(headless) == bytes_of(session.simulations[arm])


def assert_replays(session, path):
    while not session.is_over:
        session.step()
    path.write_text(session.scenario_file())
    again = load_scenario(path)
    assert again == session.scenario
    for arm in session.arms:
        headless = build(again, Subject(arm, session.replicate))
        headless.run()
        assert bytes_of(headless) == bytes_of(session.simulations[arm]), arm
        np.testing.assert_equal(headless.records["counts"], session.simulations[arm].records["counts"])


def test_arms_run_side_by_side_as_a_headless_run_would(session, tmp_path):
    assert session.arms == ("serum", "effectors", "both")
    assert_replays(session, tmp_path / "s.yaml")


def test_everything_done_on_the_way_replays_headless_to_the_same_bytes(session, tmp_path):
    session.change({"covariates.fcgr3a": "VF"})  # before the start
    steps(session, 3)
    session.change({"processes.lysis": None}, ["serum", "both"])
    session.change({"covariates.fcgr3a": "FF"}, ["both"])
    session.add("nk_cells", 40, ["effectors"])
    steps(session, 4)
    session.add("rituximab", "20 ug/mL")
    session.add("b_cells", 15, ["both"])
    session.add("serum", "5 %", ["effectors"])
    session.change({"processes.lysis": {"kind": "mac_lysis"}, "processes.motility.speed_um_per_min": 2.0}, ["serum"])
    steps(session, 2)
    session.change({"processes.dheas": None, "processes.potency": None}, ["both"])
    assert [action.t_h for action in session.actions] == [0, 0.25, 0.25, 0.25, *[0.25 + 4 / 12] * 4, 0.75]
    added = [action.what for action in session.actions if action.what.startswith("added")]
    assert added == ["added NK cells 40", "added rituximab 20 µg/mL", "added B cells 15", "added serum 5 %"]
    assert len(session.scenario.arms["both"].change) == 2
    assert_replays(session, tmp_path / "s.yaml")


def test_the_command_line_gives_the_same_series(session, tmp_path):
    steps(session, 6)
    session.change({"processes.killing": None})
    while not session.is_over:
        session.step()
    (tmp_path / "s.yaml").write_text(session.scenario_file())
    result = simulate(load_scenario(tmp_path / "s.yaml"))
    for arm in session.arms:
        seen = [row["n_b_alive"] for _, row in sorted(session.simulations[arm].records["counts"].items())]
        mine = result.series.loc[(result.series["arm"] == arm) & (result.series["replicate"] == 0)]
        assert list(mine["n_b_alive"]) == seen


def test_a_patient_is_steered_and_replayed(patient, tmp_path):
    session = Session(patient, ["rituximab"])
    steps(session, 60)
    session.add("infusion", "375 mg/m2")
    steps(session, 30)
    session.change({"processes.il6": None, "processes.growth.rate": "0.02 /d"})
    steps(session, 30)
    session.add("plasmapheresis", "50 %")
    assert_ends_alike(session, "rituximab", tmp_path / "p.yaml")


def test_a_patient_whose_clone_waits_is_steered_and_replayed(tmp_path):
    few = ("cohort=null", "replicates=1", "populations.b_cells.cells_per_agent=1e11", "duration=150 d")
    session = Session(load_scenario("configs/scenarios/chiodin2022.yaml", (*few, "end_points.follow_up_spread=0 h")))
    steps(session, 133)
    session.add("ibrutinib", "0 mg")
    steps(session, 30)
    session.change({"processes.turnover.room": 4, "processes.signalling.sigma": 0.4})
    assert_ends_alike(session, "ibrutinib", tmp_path / "p.yaml")


def test_switching_off_does_what_it_says(scenario):
    session = Session(scenario, ["both"])
    steps(session, 6)
    session.change({"processes.lysis": None, "processes.killing": None, "processes.background": None})
    alive = session.history["both"][-1]["n_b_alive"]
    while not session.is_over:
        session.step()
    assert session.history["both"][-1]["n_b_alive"] == alive


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda s: s.change({"covariates.fcgr3a": "XX"}), "VF"),
        (lambda s: s.change({"processes.motility.speed_um_per_min": -1.0}), "speed_um_per_min"),
        (lambda s: s.change({"populations.b_cells.n": 5}), "cannot change during a run"),
        (lambda s: s.change({"processes.nothing.at_all": 5}), "no 'nothing'"),
        (lambda s: s.add("rituximab", "10 km"), "rituximab"),
        (lambda s: s.add("nk_cells", 10, ["serum"]), "without"),
        (lambda s: s.add("b_cells", -1), "b_cells"),
        (lambda s: s.add("infusion", "1 mg/m2"), "cannot be added to a culture well"),
        (lambda s: s.add("tea", "1 uL"), "tea"),
    ],
)
def test_a_bad_value_is_refused_and_nothing_has_changed(session, act, message):
    steps(session, 2)
    before, states = session.scenario, {arm: bytes_of(s) for arm, s in session.simulations.items()}
    with pytest.raises(InputError, match=message):
        act(session)
    assert session.scenario is before
    assert session.actions == []
    assert {arm: bytes_of(s) for arm, s in session.simulations.items()} == states


def test_after_the_end_nothing_can_be_done(session):
    while not session.is_over:
        session.step()
    session.step()
    assert session.t_h == 2.0
    with pytest.raises(InputError, match="over"):
        session.add("rituximab", "1 ug/mL")


def test_a_start_with_what_was_changed(session):
    steps(session, 2)
    session.change({"processes.lysis": None}, ["both"])
    steps(session, 2)
    session.change({"covariates.fcgr3a": "FF"})
    anew = Session(session.as_at_start())
    assert anew.scenario.arms["both"].set == {"processes.lysis": None, "covariates.fcgr3a": "FF"}
    assert anew.scenario.arms["both"].change == ()
    assert "lysis" not in anew.simulations["both"].processes


def test_too_many_cells_and_unknown_arms_are_refused(scenario):
    with pytest.raises(InputError, match="nearest: both"):
        Session(scenario, ["bot"])
    many = scenario.model_copy(update={"arms": dict.fromkeys("abcde", scenario.arms["both"])})
    with pytest.raises(InputError, match="at most 4"):
        Session(many, list(many.arms))
    large = load_scenario("configs/scenarios/quick.yaml", ("populations.b_cells.n=1000000",))
    with pytest.raises(InputError, match="Three ways out"):
        Session(large)


def test_a_cell_is_followed_to_its_death_and_its_killer_is_known(scenario):
    session = Session(scenario, ["effectors"])
    headless = build(scenario, Subject("effectors", 0))
    headless.run()
    table = headless.world.deaths["b_cells"]
    row = np.flatnonzero(table.killer_uid >= 0)[0]
    uid = int(table.uid[row])
    session.follow(Cell("effectors", "b_cells", uid))
    while not session.is_over:
        session.step()
    assert session.track[0]["uid"] == uid
    assert len(session.track) > 3
    assert session.fate_of(session.followed)["killer_uid"] == table.killer_uid[row]
    alive = int(headless.world.populations["b_cells"].uid[0])
    assert session.fate_of(Cell("effectors", "b_cells", alive)) is None


def test_the_nearest_cell_is_found(session):
    b = session.simulations["both"].world.populations["b_cells"]
    cell = session.nearest_cell("both", float(b.x_um[7]) + 0.1, float(b.y_um[7]), 20.0)
    assert cell == Cell("both", "b_cells", int(b.uid[7]))
    assert session.nearest_cell("both", -500.0, -500.0, 20.0) is None


def test_a_click_between_two_cells_finds_the_b_cell(session):
    world = session.simulations["both"].world
    b, nk = world.populations["b_cells"], world.populations["nk_cells"]
    b.x_um[:] = b.y_um[:] = nk.x_um[:] = nk.y_um[:] = 0.0
    b.x_um[3], b.y_um[3], nk.x_um[5], nk.y_um[5] = 200.0, 200.0, 210.0, 200.0
    assert session.nearest_cell("both", 206.0, 200.0, 20.0) == Cell("both", "b_cells", int(b.uid[3]))
    assert session.nearest_cell("both", 209.0, 200.0, 20.0) == Cell("both", "nk_cells", int(nk.uid[5]))
