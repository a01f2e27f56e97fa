"""A wash takes what is dissolved and leaves the cells with what they have bound."""

import pytest

from abm.biology.additions import conservation

PROCESSES = {
    "antibody_decay": {},
    "complement_decay": {},
    "dheas_field": {},
    "igm_secretion": {},
    "binding": {},
    "complement_docking": {},
    "c3b_deposition": {},
    "mac_insertion": {},
}
ADD = [{"rituximab": "10 ug/mL"}, {"serum": "25 %"}, {"igg": "10 uM"}]
DISSOLVED = ("antibody_rituximab", "c1q", "c2c4", "c3", "c5c9", "igg", "igm_serum", "igm_secreted")


def washed(culture, share):
    sim = culture(PROCESSES, [*ADD, {"wash": share, "at": "10 min"}], {"duration": "11 min"})
    seen = {}

    def look(sim):
        pools, b = sim.world.pools, sim.world.populations["b_cells"]
        seen[round(sim.world.t_h * 60)] = (
            {name: pools[name] for name in DISSOLVED},
            sim.world.fields["dheas"].mean,
            b.bound_per_cell.sum(),
        )

    sim.run(look)
    return sim, seen


@pytest.mark.parametrize("share", [0.9, 1.0])
def test_a_wash_takes_a_share_of_all_that_is_dissolved_and_nothing_bound(culture, share):
    plain, washed_well = washed(culture, 0.0)[1], washed(culture, share)[1]
    for moment in (9,):
        assert plain[moment] == washed_well[moment]
    (before, dheas, bound), (after, dheas_after, bound_after) = plain[10], washed_well[10]
    for name in DISSOLVED:
        assert after[name] == pytest.approx((1.0 - share) * before[name], rel=1e-9, abs=1e-3), name
    assert dheas_after == pytest.approx((1.0 - share) * dheas, rel=1e-9, abs=1e-12)
    assert bound_after == pytest.approx(bound, rel=1e-9)


def test_what_is_washed_away_is_on_the_books(culture):
    sim, _ = washed(culture, 0.9)
    assert sim.world.pools["antibody_rituximab_washed"] > 0
    assert max(abs(error) for error in conservation(sim.world).values()) < 1e-9


def test_cells_coated_and_washed_are_engaged_and_killed_without_free_antibody(culture, alike):
    own = {"binding": {}, "engagement": {}, "killing": {}}
    changes = {"populations": {"b_cells": alike(50), "nk_cells": {"per_b_cell": 5}}, "duration": "2 h"}
    coated = [{"rituximab": "10 ug/mL"}, {"wash": 1.0, "at": "20 min"}]
    sim = culture(own, coated, changes)
    sim.run()
    assert sim.world.pools["antibody_rituximab"] < 0.2 * sim.world.pools["antibody_rituximab_supplied"]
    assert sim.world.tallies["engagements"] > 0
    assert sim.world.tallies["b_cells.deaths_adcc"] > 0
