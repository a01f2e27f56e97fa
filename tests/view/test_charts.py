"""The charts of the page draw what the session has seen, of wells and of patients of either disease."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from abm.scenario.from_file import load_scenario
from abm.view import charts
from abm.view.session import Cell, Session
from tests.view.conftest import SMALL


def stepped(scenario, n=12):
    session = Session(scenario)
    for _ in range(n):
        session.step()
    return session


@pytest.fixture(params=["well", "patient", "cll"])
def watched(request, scenario, patient, cll):
    session = stepped({"well": scenario, "patient": patient, "cll": cll}[request.param])
    assert charts.kind_of(session) == request.param
    return session


def test_there_is_a_panel_for_each_arm_and_one_for_each_total(watched):
    axes = charts.courses(watched).axes
    shown = [ax for ax in axes if ax.axison]
    assert len(shown) == len(watched.arms) + 4
    assert all(ax.get_xlabel().endswith(charts.unit(watched)) for ax in shown)
    assert all(ax.get_ylabel() for ax in shown)
    picture = np.asarray(Image.open(io.BytesIO(charts.png(charts.courses(watched)))).convert("L"))
    assert (picture < 128).mean() > 0.005


def test_lines_hold_the_numbers_of_the_session(cll):
    session = stepped(cll)
    ax = next(ax for ax in charts.courses(session).axes if ax.get_title(loc="left") == "Lymphocytes in blood")
    seen = [row["lymphocytes_per_nL"] for row in session.history["ibrutinib"]]
    assert ax.lines[0].get_ydata() == pytest.approx(seen)
    assert seen[-1] > 1.2 * seen[0]


def test_the_share_alive_and_what_killed_fill_the_panel(scenario):
    session = stepped(scenario)
    areas = charts.courses(session).axes[0].collections
    tops = [area.get_paths()[0].vertices[:, 1].max() for area in areas]
    assert max(tops) == pytest.approx(100.0)


def test_a_share_of_no_cells_is_not_drawn_and_not_told():
    from abm.view.panels import _headline

    session = stepped(load_scenario("configs/scenarios/quick.yaml", (*SMALL, "populations.b_cells.n=0")), 2)
    ax = charts.style.new_figure(2.0).subplots()
    charts.outcome(ax, session)
    courses = charts.courses(session)
    engaged = next(ax for ax in courses.axes if ax.get_title(loc="left") == "NK cells engaged")
    drawn = [line for line in (*ax.lines, *engaged.lines) if len(line.get_xdata())]
    assert len(drawn) == 2 * len(session.arms)
    assert all(np.isnan(line.get_ydata()).all() for line in drawn)
    assert charts.png(courses)
    assert _headline(session, "both") == "both: no B cells"


def test_a_followed_cell_has_a_course(scenario):
    session = Session(scenario)
    session.follow(Cell("both", "b_cells", int(session.simulations["both"].world.populations["b_cells"].uid[0])))
    for _ in range(5):
        session.step()
    axes = charts.track(session).axes
    assert "CD20, sites" in [ax.get_title(loc="left") for ax in axes]
    assert axes[0].lines[0].get_xdata().size == len(session.track) > 1


def test_survivors_are_among_all_and_the_committed_are_none(scenario):
    session = stepped(scenario, 24)
    axes = charts.distributions(session).axes
    assert len(axes) == 6
    for ax, arm in zip(axes, session.arms, strict=False):
        last = session.history[arm][-1]
        everyone, alive = (sum(p.get_height() for p in c.patches) for c in ax.containers)
        assert everyone == last["n_b_start"]
        assert alive == last["n_b_alive"] < everyone
    assert session.history["effectors"][-1]["n_b_dying"] > 0
    shares = [sum(bar.get_height() for bar in ax.patches) for ax in axes[3:]]
    assert shares == pytest.approx([0.0, 100.0, 100.0])  # serum is an arm without NK cells


def test_time_runs_in_days_for_patients_and_in_hours_for_wells(watched):
    ax = charts.style.new_figure(2.0).subplots()
    charts.outcome(ax, watched)
    hours = {"h": 1.0, "d": 24.0}[charts.unit(watched)]
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(watched.t_h / hours)
    assert ax.get_xlim()[1] == pytest.approx(watched.scenario.duration / hours, rel=0.01)


def test_shares_are_of_all_cells_there_have_been(scenario):
    session = stepped(scenario)
    session.add("b_cells", 40)
    session.add("nk_cells", 100, ["both"])
    for _ in range(6):
        session.step()
    last = session.history["both"][-1]
    assert last["n_b_start"] == 100
    alive = 100.0 * last["n_b_alive"] / last["n_b_start"]
    ax = charts.style.new_figure(2.0).subplots()
    charts.outcome(ax, session)
    assert ax.lines[2].get_ydata()[-1] == pytest.approx(alive)
    panels = {ax.get_title(loc="left"): ax for ax in charts.courses(session).axes}
    area = panels["both"].collections[0].get_paths()[0].vertices
    assert area[area[:, 0] == area[:, 0].max(), 1].max() == pytest.approx(alive)
    engaged = panels["NK cells engaged"].lines[2].get_ydata()[-1]
    assert engaged == pytest.approx(100.0 * last["n_nk_engaged"] / last["n_nk"])
    assert 0 < engaged < 100


def test_a_headline_names_levels_with_their_units(patient, cll):
    from abm.view.panels import _headline

    for scenario, words in ((patient, r"serum IgM [\d.]+ g/L, rituximab in plasma [\d.<, ]+ µg/mL"),
                            (cll, r"lymphocytes [\d.,]+ per nL, BTK that is free [\d.]+ %")):  # fmt: skip
        session = Session(scenario)
        assert re.search(words, _headline(session, session.arms[0]))
