"""Emulators against exact processes, against scikit-learn, and on runs they have not seen."""

import sys

import numpy as np
import pytest
from scipy.stats import qmc

from abm.core.errors import InputError
from abm.inference.emulator import Emulator, fit
from abm.inference.emulators import Check, Emulators, check, refuse_failed

N_DIM = 3
NOISE = 0.05


def smooth(x):
    return np.sin(3.0 * x[:, 0]) + x[:, 1] ** 2  # the third parameter changes nothing


def design(n, seed):
    x = qmc.LatinHypercube(N_DIM, rng=np.random.default_rng(seed)).random(n)
    return x, smooth(x) + NOISE * np.random.default_rng(seed + 1).normal(size=n)


@pytest.fixture(scope="module")
def emulator():
    return fit(*design(60, 1), NOISE, seed=3)


def exact(n=40, n_dim=2, noise=0.1):
    """Return an emulator with given, not fitted, parameters."""
    rng = np.random.default_rng(2)
    x = rng.random((n, n_dim))
    return Emulator(x, np.sin(5.0 * x[:, 0]), np.full(n, noise), np.array([0.3, 2.0])[:n_dim], 1.5, 0.01)


def test_a_smooth_function_is_learned_and_what_matters_told_from_what_does_not(emulator):
    x = np.random.default_rng(9).random((200, N_DIM))
    mean, sd = emulator.predict(x)
    assert 1.0 - ((mean - smooth(x)) ** 2).mean() / smooth(x).var() > 0.99
    assert 0.6 < ((mean - smooth(x)) / sd).std() < 1.5
    assert emulator.lengths[2] > 5.0 * emulator.lengths[0]


def test_predictions_are_those_of_scikit_learn():
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    own = exact()
    kernel = ConstantKernel(own.amplitude, "fixed") * RBF(own.lengths, "fixed")
    alpha = own.white + (own.noise / own.spread) ** 2 + 1e-9 * own.amplitude
    other = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None).fit(own.x, (own.y - own.middle) / own.spread)
    x = np.random.default_rng(4).random((30, 2))
    mean, sd = other.predict(x, return_std=True)
    found = own.predict(x)
    np.testing.assert_allclose(found[0], own.middle + own.spread * mean, rtol=1e-7)
    np.testing.assert_allclose(found[1], own.spread * sd, rtol=1e-5)


def test_noise_of_the_seeds_is_not_error_of_the_emulator():
    """Far more points make the mean surer than any one run is."""
    x = np.random.default_rng(5).random((200, 1))
    own = Emulator(
        x, x[:, 0] + 0.3 * np.random.default_rng(6).normal(size=200), np.full(200, 0.3), np.ones(1), 4.0, 1e-6
    )
    assert own.predict([[0.5]])[1][0] < 0.3 / 4.0


def test_a_noisy_point_counts_less():
    x, y = np.array([[0.4], [0.6]] * 10), np.array([0.0, 1.0] * 10)
    trusted = Emulator(x, y, np.array([0.01, 1.0] * 10), np.array([50.0]), 1.0, 1e-6)
    assert trusted.predict([[0.5]])[0][0] < 0.1


def test_the_same_seed_gives_the_same_emulator(emulator):
    again = fit(*design(60, 1), NOISE, seed=3)
    assert all(np.array_equal(one, other) for one, other in
               zip(emulator.to_arrays().values(), again.to_arrays().values(), strict=True))  # fmt: skip


def test_points_without_a_value_are_left_out():
    x, y = design(40, 7)
    y[::4] = np.nan
    assert len(fit(x, y, NOISE).x) == 30


def test_what_never_changes_is_known_everywhere():
    for rounded in (0.0, 1e-16):
        y = np.full(20, 0.7) + rounded * np.arange(20)
        mean, sd = fit(design(20, 1)[0], y, 0.1).predict(np.random.default_rng(1).random((5, N_DIM)))
        np.testing.assert_allclose(mean, 0.7)
        assert (sd < 0.05).all()


def test_a_design_too_small_for_its_dimensions_is_refused():
    with pytest.raises(InputError, match=r"14 points.*too few to emulate 3 parameters.*15 or more, 5 for each"):
        fit(*design(14, 1))


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.gaussian_process", None)
    with pytest.raises(InputError, match="abm\\[fit\\]"):
        fit(*design(30, 1))


@pytest.fixture(scope="module")
def three():
    """Return emulators whose designs are not of one length."""
    return Emulators(("a", "b", "c"), (exact(40), exact(90, noise=0.02), exact(65)))


def test_all_claims_at_once_are_each_alone_to_one_in_a_hundred(three):
    x = np.random.default_rng(8).random((300, 2))
    mean, sd = three.at(x)
    for i, part in enumerate(three.parts):
        alone = part.predict(x)
        np.testing.assert_allclose(mean[:, i], alone[0], atol=1e-9)
        assert np.quantile(np.abs(sd[:, i] / alone[1] - 1.0), 0.95) < 0.015
        assert (sd[:, i] > 0.0).all()


def test_directions_that_tell_nothing_are_cut(three):
    assert all(len(basis) < 0.7 * len(part.x) for basis, part in zip(three._fast.bases, three.parts, strict=True))


def test_one_place_is_one_row_of_many(three):
    x = np.random.default_rng(8).random((130, 2))
    (mean, sd), (means, sds) = three.at(x[77]), three.at(x)
    assert mean.shape == sd.shape == (3,)
    np.testing.assert_allclose(mean, means[77], rtol=1e-9)
    np.testing.assert_allclose(sd, sds[77], rtol=1e-3)  # in single precision


def test_double_precision_is_kept_where_single_does_not_do():
    """An amplitude far above the variance that is left leaves single precision no digits."""
    rng = np.random.default_rng(3)
    x = rng.random((60, 2))
    steep = Emulator(x, x[:, 0], np.full(60, 1e-4), np.array([3.0, 3.0]), 1e3, 1e-8)
    mean, sd = Emulators(("steep",), (steep,)).at(rng.random((200, 2)))
    assert Emulators(("steep",), (steep,))._fast.bases[0].dtype == np.float64
    assert np.isfinite(mean).all()
    alone = steep.predict(np.random.default_rng(3).random((260, 2))[60:])[1]
    assert np.quantile(np.abs(sd[:, 0] / alone - 1.0), 0.95) < 0.02


def test_emulators_come_back_from_their_arrays_to_the_bit(three, tmp_path):
    np.savez(tmp_path / "emulators.npz", **three.to_arrays())
    with np.load(tmp_path / "emulators.npz", allow_pickle=False) as arrays:
        again = Emulators.from_arrays(arrays)
    x = np.random.default_rng(8).random((70, 2))
    assert again.names == three.names
    assert all(np.array_equal(one, other) for one, other in zip(three.at(x), again.at(x), strict=True))
    assert all(np.array_equal(one, other) for one, other in
               zip(three.parts[1].predict(x), again.parts[1].predict(x), strict=True))  # fmt: skip


def test_a_good_emulator_passes_its_check(emulator):
    x, y = design(80, 20)
    (found,) = check(Emulators(("killed",), (emulator,)), x, y[:, None], NOISE)
    assert found.verdict == ""
    assert found.r2 > 0.95
    assert found.explained > found.r2
    assert 0.7 < found.spread < 1.3
    assert found.beyond < 0.15
    refuse_failed([found])


def test_an_emulator_that_learned_nothing_is_named_with_what_to_do(emulator):
    x, y = design(80, 20)
    found = check(Emulators(("killed", "lost"), (emulator,) * 2), x, np.stack([y, y[::-1]], axis=1), NOISE)
    assert [bool(each.verdict) for each in found] == [False, True]
    with pytest.raises(InputError, match=r"'lost' explains 0 % .*add points") as refused:
        refuse_failed(found)
    assert [fault.path for fault in refused.value.faults] == ["lost"]


def test_an_emulator_too_sure_of_itself_fails(emulator):
    x = np.random.default_rng(1).random((80, N_DIM))
    y = smooth(x) + 0.15 * np.random.default_rng(2).normal(size=80)
    (found,) = check(Emulators(("killed",), (emulator,)), x, y[:, None], 0.01)
    assert found.explained > 0.8
    assert "too sure of itself" in found.verdict


def test_an_emulator_that_is_off_everywhere_fails_unless_nobody_would_miss_it():
    many = 10**6
    assert "errors are 2.0 times what it says" in Check("killed", many, 0.99, 0.99, 1.6, 1.2, 0.4).verdict
    assert Check("killed", many, 0.99999, 0.99999, 1.6, 1.2, 0.4).verdict == ""
    assert Check("killed", 10, 0.99, 0.99, 1.6, 1.2, 0.4).verdict == "", "chance may do that over ten runs"


def test_a_value_that_only_noise_moves_leaves_nothing_to_explain():
    x = np.random.default_rng(1).random((80, N_DIM))
    y = 0.3 * np.random.default_rng(2).normal(size=(160, 1))
    flat = fit(np.random.default_rng(3).random((80, N_DIM)), y[80:, 0], 0.3)
    (found,) = check(Emulators(("flat",), (flat,)), x, y[:80], 0.4)
    assert found.explained == 1.0
    assert found.verdict == ""


def test_a_check_needs_unseen_runs(emulator):
    with pytest.raises(InputError, match="2 unseen runs"):
        check(Emulators(("killed",), (emulator,)), np.full((2, N_DIM), 0.5), np.ones((2, 1)))
