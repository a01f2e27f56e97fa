"""Several antibodies in one well compete for the same CD20; each keeps books of its own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from abm.biology.additions import conservation
from abm.biology.antibody.places import mean_over_bound

KD_NM = {"rituximab": 0.8, "obinutuzumab_like": 4.0}
SITES = {"rituximab": 0.7, "obinutuzumab_like": 0.35}
CD20 = 1e5
ALIKE = {"antibodies": {"ofatumumab_like": {"mw_kDa": 145.0, "kd_nM": 0.8, "rel_c1q": 1.0}}}
BLOCKER = {"antibodies": {"ofatumumab_like": {"kd_nM": 0.01, "rel_c1q": 0.0}}}
KON_PER_NM_PER_H = 3e5 * 3600e-9


def well(culture, alike, add, more=None, processes=None, **changes):
    cells = {"populations": {"b_cells": alike(500, CD20)}, "duration": "8 h", "space": {"volume": "20 uL"}}
    return culture({"binding": {}} | (processes or {}), add, cells | (more or {}) | changes)


def on_cells(sim, kind):
    return sim.world.populations["b_cells"][f"bound_{kind}_per_cell"]


@pytest.mark.parametrize("doses_nM", [(10.0, 10.0), (1.0, 40.0), (30.0, 0.5)])
def test_in_the_end_two_antibodies_share_cd20_by_their_free_amounts_over_kd(culture, alike, until, doses_nM):
    doses = dict(zip(KD_NM, doses_nM, strict=True))
    sim = well(culture, alike, [{kind: f"{nM} nM"} for kind, nM in doses.items()], duration="60 h", dt="5 min")
    sim.run()
    over_kd = {kind: sim.world.pools.nM(f"antibody_{kind}") / kd for kind, kd in KD_NM.items()}
    for kind, own in over_kd.items():
        expected = SITES[kind] * CD20 * own / (1.0 + sum(over_kd.values()))
        assert on_cells(sim, kind) == pytest.approx(expected, rel=1e-5)


def test_together_they_never_cover_more_cd20_than_there_is(culture, alike):
    processes = {"internalisation": {"rate_per_h": 1.0}}
    sim = well(culture, alike, [{kind: "100 ug/mL"} for kind in KD_NM], processes=processes, dt="30 min")
    b = sim.world.populations["b_cells"]
    while not sim.is_over:
        sim.step()
        covered = sum(on_cells(sim, kind) / sites for kind, sites in SITES.items())
        assert (covered <= b.cd20_per_cell * (1 + 1e-9)).all()
        assert (covered > 0.5 * b.cd20_per_cell).all()


def test_a_blocking_antibody_an_hour_before_keeps_rituximab_off(culture, alike):
    amounts = []
    for first in ([], [{"ofatumumab_like": "100 ug/mL"}]):
        sim = well(culture, alike, [*first, {"rituximab": "10 ug/mL", "at": "1 h"}], BLOCKER, duration="3 h")
        sim.run()
        amounts.append(on_cells(sim, "rituximab").mean())
    assert amounts[1] < 0.05 * amounts[0]


@pytest.mark.parametrize("dt", ["1 min", "20 min"])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_two_antibodies_alike_bind_as_one_of_the_summed_dose(culture, alike, until, dt, share):
    one = [{"rituximab": "0.2 ug/mL"}]
    two = [{"rituximab": f"{0.2 * share} ug/mL"}, {"ofatumumab_like": f"{0.2 * (1 - share)} ug/mL"}]
    alone, together = (until(well(culture, alike, add, ALIKE, dt=dt), 1.0) for add in (one, two))
    expected = alone.world.populations["b_cells"].bound_per_cell
    assert together.world.populations["b_cells"].bound_per_cell == pytest.approx(expected, rel=1e-10)
    assert on_cells(together, "rituximab") == pytest.approx(share * expected, rel=1e-10)


def test_what_is_bound_in_all_is_the_sum_whatever_changes_it(culture, alike):
    add = [{"rituximab": "3 ug/mL"}, {"obinutuzumab_like": "3 ug/mL", "at": "20 min"}]
    processes = {"internalisation": {}, "engagement": {}, "shaving": {}, "division": {"rate_per_h": 0.3}}
    populations = {"b_cells": alike(200), "nk_cells": {"per_b_cell": 2.0}}
    sim = well(culture, alike, add, processes=processes, duration="2 h", populations=populations)
    while not sim.is_over:
        sim.step()
        parts = sum(on_cells(sim, kind) for kind in KD_NM)
        assert sim.world.populations["b_cells"].bound_per_cell == pytest.approx(parts, rel=1e-12)
    assert sim.world.tallies["b_cells.born"] > 10


def test_each_antibody_balances_by_itself(busy):
    sim = busy()
    while not sim.is_over:
        sim.step()
        errors = conservation(sim.world)
        assert errors["rituximab_rel_error"] < 1e-9
        assert errors["obinutuzumab_like_rel_error"] < 1e-9
    sim.world.pools["antibody_obinutuzumab_like_lysed"] *= 1.1
    missing = [name for name, error in conservation(sim.world).items() if error > 1e-9]
    assert missing == ["obinutuzumab_like_rel_error"]


def test_c1q_and_cd16_see_the_mean_over_what_is_bound(culture, alike, act):
    sim = well(culture, alike, [{kind: "0 ug/mL"} for kind in KD_NM])
    b = sim.world.populations["b_cells"]
    assert (mean_over_bound(b, sim.world.properties["antibodies"].given, [1.0, 10.0]) == 1.0).all()
    b.bound_rituximab_per_cell[:], b.bound_obinutuzumab_like_per_cell[:] = 3e4, 1e4
    act(sim, "binding", 1e-9)
    assert b.rel_cd16 == pytest.approx((3 * 1.0 + 1 * 10.0) / 4, rel=1e-6)
    assert b.rel_c1q == pytest.approx((3 * 1.0 + 1 * 0.1) / 4, rel=1e-6)


def test_an_antibody_alone_is_seen_with_its_own_strength(culture, alike, act):
    sim = well(culture, alike, [{"obinutuzumab_like": "1 ug/mL"}])
    act(sim, "binding")
    b = sim.world.populations["b_cells"]
    assert set(b.rel_cd16) == {10.0}
    assert set(b.rel_c1q) == {0.1}


@pytest.mark.parametrize("dt", ["15 s", "5 min"])
def test_an_antibody_in_plenty_takes_its_place_as_rituximab_leaves_at_koff(culture, alike, until, dt):
    add = [{"rituximab": "1 ug/mL"}, {"ofatumumab_like": "1000 ug/mL", "at": "2 h"}]
    tight = {"antibodies": {"ofatumumab_like": {"kd_nM": 0.001}}}
    sim = until(well(culture, alike, add, tight, dt=dt), 2.0 + 5 / 60)  # the CD20 that was free is covered at once
    before = on_cells(sim, "rituximab").mean()
    after = on_cells(until(sim, 4.0), "rituximab").mean()
    assert after / before == pytest.approx(math.exp(-(2.0 - 5 / 60) * KON_PER_NM_PER_H * 0.8), rel=0.005)


def rates(t, y, n, per_nM):
    """Return the slopes of free nM and of what a cell carries of two antibodies, by mass action."""
    free, on = y[:2], y[2:]
    sites, kd_nM = np.array(list(SITES.values())), np.array(list(KD_NM.values()))
    open_cd20 = CD20 - (on / sites).sum()
    slope = KON_PER_NM_PER_H * (free * sites * open_cd20 - kd_nM * on)
    return [*(-n * slope / per_nM), *slope]


@pytest.mark.parametrize("doses_nM", [(0.5, 0.5), (3.0, 0.2), (20.0, 20.0)])
def test_two_antibodies_and_few_molecules_of_them_follow_mass_action(culture, alike, until, doses_nM):
    add = [{kind: f"{nM} nM"} for kind, nM in zip(KD_NM, doses_nM, strict=True)]
    sim = until(well(culture, alike, add, dt="30 s", space={"volume": "0.05 uL"}), 2.0)
    per_nM = 6.02214076e8 * 0.05
    found = solve_ivp(rates, (0, 2), [*doses_nM, 0, 0], "LSODA", args=(500, per_nM), rtol=1e-9, atol=1e-9).y[:, -1]
    for place, kind in enumerate(KD_NM):
        assert on_cells(sim, kind).mean() == pytest.approx(found[2 + place], rel=2e-3)


amounts = st.lists(st.floats(0, 3e5), min_size=4, max_size=4)


@given(amounts, amounts, amounts, st.tuples(st.floats(0, 1e7), st.floats(0, 1e7)), st.floats(1e-5, 100))
def test_never_does_more_bind_than_is_there(culture, alike, act, cd20, first, second, free, dt_h):
    sim = well(culture, alike, [{kind: "0 ug/mL"} for kind in KD_NM], populations={"b_cells": alike(4)})
    pools, before, b = sim.world.pools, dict(zip(KD_NM, (first, second), strict=True)), sim.world.populations["b_cells"]
    b.cd20_per_cell[:] = cd20
    for kind, amount in zip(KD_NM, free, strict=True):
        on_cells(sim, kind)[:], pools[f"antibody_{kind}"] = before[kind], amount
    act(sim, "binding", dt_h)
    for kind, amount in zip(KD_NM, free, strict=True):
        assert (on_cells(sim, kind) >= 0.0).all()
        left = pools[f"antibody_{kind}"]
        assert left >= 0.0
        assert left + on_cells(sim, kind).sum() == pytest.approx(amount + sum(before[kind]), rel=1e-12, abs=1e-9)
