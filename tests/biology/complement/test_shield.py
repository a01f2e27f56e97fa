"""What NK cells still see of the antibody: C3b shield and serum IgG, alone and together."""

import pytest

BOUND, C3B = 117_000.0, 1e7
SHIELD, IGG = {"c3b_shield": {"max_frac": 0.85, "c3b50_per_cell": 3e4}}, {"igg_competition": {"k_uM": 0.5}}


def signal(culture, alike, act, processes, genotype="VV", bound=BOUND, c3b=C3B):
    engagement = {"engagement": {"fc50_vv_per_cell": 800, "fc50_ff_per_cell": 3300}}
    own = {"populations": {"b_cells": alike(1)}, "covariates": {"fcgr3a": genotype}}
    sim = culture(processes | engagement, [{"serum": "25 %"}], own)
    b = sim.world.populations["b_cells"]
    b.bound_per_cell[:] = bound
    if "c3b_per_cell" in b:
        b.c3b_per_cell[:] = c3b
    for name in (*processes, "engagement"):
        act(sim, name)
    return b.fc_signal[0]


@pytest.mark.parametrize(
    ("processes", "least", "most"),
    [(SHIELD, 0.03, 0.05), (IGG, 0.10, 0.25), (SHIELD | IGG, 0.50, 0.86)],
    ids=["shield", "igg", "both"],
)
def test_shield_and_igg_together_cut_far_more_than_their_sum(culture, alike, act, processes, least, most):
    """With 117 000 bound IgG and F50 800: shield alone about 4 %, IgG alone 10-25 %, both 50-86 %."""
    cut = 1 - signal(culture, alike, act, processes) / signal(culture, alike, act, {})
    assert least < cut < most


def test_the_signal_is_that_of_the_visible_fc_over_the_raised_half_saturation(culture, alike, act):
    visible, half = BOUND * (1 - 0.85 * C3B / (C3B + 3e4)), 800 * (1 + 0.25 * 66 / 0.5)
    assert signal(culture, alike, act, SHIELD | IGG) == pytest.approx(visible / (visible + half), rel=1e-12)


def test_a_cell_without_c3b_is_not_shielded(culture, alike, act):
    assert signal(culture, alike, act, SHIELD, c3b=0.0) == signal(culture, alike, act, {})


def test_ff_cells_need_about_four_times_the_antibody(culture, alike, act):
    assert signal(culture, alike, act, {}, "VV", bound=800) == 0.5
    assert signal(culture, alike, act, {}, "FF", bound=3300) == 0.5
    assert signal(culture, alike, act, {}, "VF", bound=(800 * 3300) ** 0.5) == pytest.approx(0.5)


def test_the_default_genotypes_stand_as_published(culture):
    engagement = culture({"engagement": {}}).processes["engagement"]
    assert engagement.fc50_ff_per_cell / engagement.fc50_vv_per_cell == pytest.approx(4.02 / 0.96, rel=0.02)


def test_an_antibody_with_ten_times_the_cd16_affinity_needs_a_tenth(culture, alike, act):
    sim = culture({"engagement": {}}, (), {"populations": {"b_cells": alike(1)}})
    sim.world.populations["b_cells"].rel_cd16[:] = 10.0
    sim.world.populations["b_cells"].bound_per_cell[:] = sim.processes["engagement"].fc50_vv_per_cell / 10
    act(sim, "engagement")
    assert sim.world.populations["b_cells"].fc_signal[0] == pytest.approx(0.5)


def test_cooperative_recognition_is_steeper(culture, alike, act):
    sim = culture({"engagement": {"steepness": 2.0}}, (), {"populations": {"b_cells": alike(1)}})
    sim.world.populations["b_cells"].bound_per_cell[:] = 3 * sim.processes["engagement"].fc50_vv_per_cell
    act(sim, "engagement")
    assert sim.world.populations["b_cells"].fc_signal[0] == pytest.approx(0.9)


def test_a_cover_cuts_the_signal_itself_which_no_surplus_of_antibody_makes_good(culture, alike, act):
    cover, covered = {"c3b_cover": {"max_frac": 0.85, "c3b50_per_cell": 3e4}}, 1 - 0.85 * C3B / (C3B + 3e4)
    for bound in (800.0, 1e8):
        plain = signal(culture, alike, act, {}, bound=bound)
        assert signal(culture, alike, act, cover, bound=bound) == pytest.approx(covered * plain, rel=1e-12)
    assert signal(culture, alike, act, SHIELD, bound=1e8) > 0.99


def test_igg_raises_the_half_saturation_up_to_a_limit_and_by_the_old_law_without_one(culture, alike, act):
    igg_uM = 0.25 * 66
    for most, fold in ((None, 1 + igg_uM / 0.5), (15.0, (1 + igg_uM / 0.5) / (1 + igg_uM / 7.5)), (1e4, 33.9)):
        own = {"igg_competition": {"k_uM": 0.5} | ({} if most is None else {"most_fold": most})}
        assert signal(culture, alike, act, own) == pytest.approx(BOUND / (BOUND + 800 * fold), rel=1e-3)
    strong = {"igg_competition": {"k_uM": 0.001, "most_fold": 15.0}}
    assert signal(culture, alike, act, strong) == pytest.approx(BOUND / (BOUND + 800 * 15), rel=1e-2)
