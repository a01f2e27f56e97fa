"""What new cells are like. Bounds are 4.5 standard errors or p = 1e-5."""

import math

import numpy as np
import pytest
from scipy import stats

N, P_MIN = 20_000, 1e-5


@pytest.fixture(scope="module")
def b(culture):
    cells = {"n": N, "cd20": {"median": 152_000, "sigma": 0.4}, "low_fraction": 0.12, "low_max_per_cell": 4000}
    return culture({}, (), {"populations": {"b_cells": cells}}).world.populations["b_cells"]


def is_low(b):
    return b.cd20_start_per_cell < 4000  # 9 sigma below the median of the others


def test_cd20_is_log_normal_around_its_median(b):
    logs = np.log(b.cd20_start_per_cell[~is_low(b)] / 152_000) / 0.4
    assert stats.kstest(logs, "norm").pvalue > P_MIN


def test_the_cd20_low_subset_has_its_share_and_is_even_up_to_its_maximum(b):
    low = is_low(b)
    assert low.mean() == pytest.approx(0.12, abs=4.5 * math.sqrt(0.12 * 0.88 / N))
    assert stats.kstest(b.cd20_start_per_cell[low] / 4000, "uniform").pvalue > P_MIN


def test_a_cell_starts_at_its_own_set_point(b):
    assert (b.cd20_per_cell == b.cd20_start_per_cell).all()


@pytest.mark.parametrize(
    ("column", "median", "sigma"),
    [("cd55", 1.0, 0.47), ("cd59", 1.0, 0.31), ("igm_per_s", 100.0, 0.5), ("igm_stored_per_cell", 1e6, 0.5)],
)
def test_other_attributes_are_log_normal_and_independent_of_cd20(b, column, median, sigma):
    logs = np.log(b[column] / median) / sigma
    assert stats.kstest(logs, "norm").pvalue > P_MIN
    for other in ("cd20_start_per_cell", "hits_needed"):
        assert abs(stats.spearmanr(logs, b[other]).statistic) < 4.5 / math.sqrt(N)


def test_one_factor_scales_all_cd20(culture):
    cd20 = [
        culture({}, (), {"populations": {"b_cells": {"n": 100, "cd20_scale": scale}}})
        .world.populations["b_cells"]
        .cd20_per_cell
        for scale in (1.0, 0.5)
    ]
    assert (cd20[1] == 0.5 * cd20[0]).all()


def test_attributes_belong_to_a_cell_whatever_others_there_are(culture):
    few, many = (
        culture({}, (), {"populations": {"b_cells": {"n": n}}}).world.populations["b_cells"] for n in (50, 500)
    )
    few_by_uid, many_by_uid = np.argsort(few.uid), np.argsort(many.uid)[:50]
    for name in ("hits_needed", "cd20_per_cell", "x_um"):
        assert (few[name][few_by_uid] == many[name][many_by_uid]).all(), name


def test_cells_added_later_are_new_cells_of_the_same_kind(culture):
    sim = culture({}, [{"b_cells": 200, "at": "10 min"}])
    sim.run()
    b = sim.world.populations["b_cells"]
    assert b.cohort[np.argsort(b.uid)].tolist() == [0] * 200 + [1] * 200
    assert np.unique(b.cd20_start_per_cell).size == 400
    assert stats.ks_2samp(b.cd55[b.cohort == 0], b.cd55[b.cohort == 1]).pvalue > P_MIN


@pytest.mark.parametrize(("state", "n_nk"), [("il2", 20_000), ("resting", 20_000), ("pbmc", 2400), ("il2_pbmc", 2000)])
def test_in_blood_cells_only_some_effectors_are_nk(culture, state, n_nk):
    nk = {"per_b_cell": 5.0, "state": state, "pbmc_nk_frac": 0.12}
    sim = culture({}, (), {"populations": {"b_cells": {"n": 4000}, "nk_cells": nk}})
    assert sim.world.populations["nk_cells"].n == n_nk


@pytest.mark.parametrize(("state", "killers"), [("il2", 0.5), ("resting", 0.25)])
def test_only_a_share_of_nk_cells_can_kill(culture, state, killers):
    nk = {"per_b_cell": 5.0, "state": state, "il2_killer_frac": 0.5, "resting_killer_frac": 0.25}
    sim = culture({}, (), {"populations": {"b_cells": {"n": 4000}, "nk_cells": nk}})
    found = sim.world.populations["nk_cells"].is_killer.mean()
    assert found == pytest.approx(killers, abs=4.5 * math.sqrt(killers * (1 - killers) / 20_000))


def test_resting_nk_hit_and_engage_less_than_activated_ones(culture):
    for state, rel_hit, rel_engagement in (
        ("il2", 1.0, 1.0),
        ("resting", 0.3, 0.8),
        ("pbmc", 0.3, 0.8),
        ("il2_pbmc", 1.0, 1.0),
    ):
        own = {"per_b_cell": 1, "state": state, "resting_rel_hit": 0.3, "resting_rel_engagement": 0.8}
        nk = culture({}, (), {"populations": {"nk_cells": own}}).world.populations["nk_cells"]
        assert nk.n > 0
        assert set(nk.rel_hit) == {rel_hit}
        assert set(nk.rel_engagement) == {rel_engagement}


def test_nk_cells_of_one_state_differ_log_normally_about_its_level(culture):
    own = {"per_b_cell": 5.0, "state": "resting", "resting_rel_hit": 0.3, "hit_sigma": 0.8, "engagement_sigma": 0.4}
    nk = culture({}, (), {"populations": {"b_cells": {"n": 4000}, "nk_cells": own}}).world.populations["nk_cells"]
    for column, median, sigma in (("rel_hit", 0.3, 0.8), ("rel_engagement", 0.5, 0.4)):
        own = np.log(nk[column] / median) / sigma
        assert stats.kstest(own, "norm").pvalue > P_MIN, column
    assert abs(np.corrcoef(nk.rel_hit, nk.rel_engagement)[0, 1]) < 4.5 / math.sqrt(nk.n)


def test_persisting_subclones_are_a_share_and_turn_over_slowly(leukaemia):
    world = leukaemia({"cells_per_agent": 1e9, "persisting_frac": 0.2, "rel_persisting": 0.05}).world
    turnover = world.populations["b_cells"].turnover_rel
    assert set(turnover) == {0.05, 1.0}
    assert (turnover == 0.05).mean() == pytest.approx(0.2, abs=4.5 * math.sqrt(0.16 / turnover.size))
