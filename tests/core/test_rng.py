"""Philox against its published vectors, and the distributions drawn from it against SciPy's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.core.jit import kernel, prange
from abm.core.rng import (
    binomial,
    binomial_of_each,
    direction,
    fill_both,
    fill_first,
    mix,
    normal,
    pair_uniform,
    philox,
    poisson,
    poisson_of_each,
    stream_key,
    to_unit,
    uniform,
    uniform2,
    words,
)

N = 40_000
N_COUNTS = 500_000
P_MIN = 1e-5  # a right generator fails one such test in 100 000; seeds are fixed, so none of these does
KEY = (stream_key(20_26, 0, "tests"), np.uint32(3))

# Random123 1.09, kat_vectors, philox4x32-10: counter, key, result
VECTORS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def hexadecimal(text):
    return [np.uint64(int(word, 16)) for word in text.split()]


@kernel
def draw_uniform(out, uid, key, decision):
    for i in prange(out.size):
        out[i] = uniform(key, uid[i], decision)


@kernel
def draw_uniform2(u, v, uid, key):
    for i in prange(u.size):
        u[i], v[i] = uniform2(key, uid[i], 0)


@kernel
def draw_pairs(out, seeker, target, key):
    for i in prange(out.size):
        out[i] = pair_uniform(key, seeker[i], target[i])


@kernel
def draw_normal(out, uid, key):
    for i in prange(out.size):
        out[i] = normal(key, uid[i], 0)


@kernel
def draw_poisson(out, uid, mean, key):
    for i in prange(out.size):
        out[i] = poisson(mean, key, uid[i], 7)


@kernel
def draw_binomial(out, uid, n, p, key):
    for i in prange(out.size):
        out[i] = binomial(n, p, key, uid[i], 7)


@kernel
def draw_binomial_of_each(out, uid, n, p, key):
    binomial_of_each(out, n, p, uid, 7, key)


def uids(n=N):
    return np.arange(n, dtype=np.uint64)


def uniforms(uid, key=KEY, decision=0):
    out = np.empty(uid.size)
    draw_uniform(out, uid, key, decision)
    return out


def chi_square_p(counts, law):
    """Return the p value of counts against a discrete law; values are joined until 10 are expected in each bin."""
    values = np.arange(int(law.ppf(1e-12)), int(law.ppf(1 - 1e-12)) + 2)
    cumulated = counts.size * law.cdf(values)
    edges = [np.searchsorted(cumulated, 10)]
    while (further := np.searchsorted(cumulated, cumulated[edges[-1]] + 10)) < values.size:
        edges.append(further)
    bins = np.minimum(np.searchsorted(values[edges], counts), len(edges) - 1)
    expected = np.diff([0.0, *cumulated[edges[:-1]], counts.size])
    return stats.chisquare(np.bincount(bins, minlength=len(edges)), expected).pvalue


@pytest.mark.parametrize(("counter", "key", "result"), VECTORS)
def test_philox_gives_the_published_vectors_compiled_and_plain(counter, key, result):
    arguments = hexadecimal(counter) + hexadecimal(key)
    assert list(philox(*arguments)) == hexadecimal(result)
    assert list(philox.py_func(*arguments)) == hexadecimal(result)


def test_key_step_identity_and_decision_fill_the_counter_as_the_docstring_says():
    key, uid = (np.uint64(0x299F31D0A4093822), np.uint32(0x243F6A88)), np.uint64(0x13198A2E85A308D3)
    assert list(words(key, uid, np.uint64(0x03707344))) == hexadecimal(VECTORS[2][2])


@pytest.mark.parametrize(("high", "low"), [(0, 0), (2**32 - 1, 2**32 - 1)])
def test_a_uniform_number_is_never_0_or_1(high, low):
    assert 0.0 < to_unit(np.uint64(high), np.uint64(low)) < 1.0


def test_uniform_numbers_are_uniform():
    assert stats.kstest(uniforms(uids()), "uniform").pvalue > P_MIN


def test_the_two_numbers_of_one_call_are_uniform_and_independent():
    u, v = np.empty(N), np.empty(N)
    draw_uniform2(u, v, uids(), KEY)
    table = np.histogram2d(u, v, bins=16, range=((0, 1), (0, 1)))[0]
    assert stats.chisquare(table.ravel()).pvalue > P_MIN


def test_consecutive_cells_steps_and_decisions_are_independent():
    here = uniforms(uids())
    for other in (
        uniforms(uids() + np.uint64(1)),
        uniforms(uids(), (KEY[0], np.uint32(4))),
        uniforms(uids(), KEY, 1),
        uniforms(uids(), (stream_key(20_26, 0, "test"), KEY[1])),
        uniforms(uids(), (stream_key(20_26, 1, "tests"), KEY[1])),
        uniforms(uids(), (stream_key(20_27, 0, "tests"), KEY[1])),
    ):
        assert abs(np.corrcoef(here, other)[0, 1]) < 4.5 / math.sqrt(N)
        assert not (here == other).any()


def test_a_draw_depends_on_identity_not_on_place_or_number_of_cells():
    order = np.random.default_rng(1).permutation(1000)
    assert (uniforms(uids()[order]) == uniforms(uids())[order]).all()
    assert (uniforms(uids(10)) == uniforms(uids())[:10]).all()


def test_pairs_are_uniform_and_know_who_seeks_whom():
    seeker, target = (a.ravel().astype(np.uint64) for a in np.meshgrid(np.arange(200), np.arange(200)))
    there, back, cells = np.empty(N), np.empty(N), uniforms(uids())
    draw_pairs(there, seeker, target, KEY)
    draw_pairs(back, target, seeker, KEY)
    assert stats.kstest(there, "uniform").pvalue > P_MIN
    off_diagonal = seeker != target
    assert abs(np.corrcoef(there[off_diagonal], back[off_diagonal])[0, 1]) < 4.5 / math.sqrt(N)
    assert abs(np.corrcoef(there, cells)[0, 1]) < 4.5 / math.sqrt(N)
    assert np.unique(there).size == N


def test_a_pair_never_draws_what_a_cell_draws():
    start = (KEY[0], np.uint32(0))
    assert pair_uniform(start, np.uint64(0), np.uint64(5 << 32)) != uniform(start, np.uint64(0), 5)


def test_normal_numbers_are_normal():
    out = np.empty(N)
    draw_normal(out, uids(), KEY)
    assert stats.kstest(out, "norm").pvalue > P_MIN


@pytest.mark.parametrize("mean", [0.01, 0.3, 1.0, 5.0, 11.999, 12.0, 15.0, 30.0, 100.0, 1e3, 1e4, 1e5])
def test_poisson_counts_follow_poissons_law(mean):
    out = np.empty(N_COUNTS, np.int64)
    draw_poisson(out, uids(N_COUNTS), mean, KEY)
    assert chi_square_p(out, stats.poisson(mean)) > P_MIN
    assert out.mean() == pytest.approx(mean, abs=4.5 * math.sqrt(mean / N_COUNTS))


@pytest.mark.parametrize(
    ("n", "p"),
    [(1, 0.3), (5, 0.5), (20, 0.01), (20, 0.99), (300, 0.2), (3000, 0.4), (100_000, 0.02), (10**6, 1e-5)],
)
def test_binomial_counts_follow_the_binomial_law(n, p):
    out = np.empty(N, np.int64)
    draw_binomial(out, uids(), n, p, KEY)
    assert chi_square_p(out, stats.binom(n, p)) > P_MIN
    assert out.mean() == pytest.approx(n * p, abs=4.5 * math.sqrt(n * p * (1 - p) / N))


@pytest.mark.parametrize("most", [0, 40, 512, 2_000])
@pytest.mark.parametrize("p", [0.0, 0.02, 0.5, 0.7, 1.0])
def test_binomials_of_a_block_are_those_of_its_cells(most, p):
    counts = np.arange(300) * most // 299
    out, alone = np.empty(300, np.int64), np.empty(300, np.int64)
    draw_binomial_of_each(out, uids(300), counts, p, KEY)
    for i, n in enumerate(counts):
        draw_binomial(alone[i : i + 1], uids(300)[i : i + 1], n, p, KEY)
    assert (out == alone).all()


@pytest.mark.parametrize(
    ("n", "p", "expected"), [(0, 0.5, 0), (10, 0.0, 0), (10, 1.0, 10), (10, 1.5, 10), (-3, 0.5, 0)]
)
def test_certain_binomials_need_no_luck(n, p, expected):
    assert binomial(n, p, KEY, np.uint64(1), 0) == expected


@pytest.mark.parametrize("mean", [0.0, -1.0])
def test_nothing_happens_at_no_rate(mean):
    assert poisson(mean, KEY, np.uint64(1), 0) == 0


def test_poisson_counts_of_two_decisions_are_independent_though_each_makes_several_attempts():
    counts = np.array([[poisson(50.0, KEY, uid, decision) for uid in uids(4000)] for decision in (0, 1)])
    assert abs(np.corrcoef(counts)[0, 1]) < 4.5 / math.sqrt(4000)


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.text(min_size=1, max_size=20))
def test_streams_with_other_seed_replicate_or_name_have_other_keys(seed, replicate, name):
    key = stream_key(seed, replicate, name)
    others = [
        stream_key(seed ^ 1, replicate, name),
        stream_key(seed, replicate + 1, name),
        stream_key(seed, replicate, name + "_"),
    ]
    assert key not in others
    assert key == stream_key(seed, replicate, name)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_mixing_heeds_order(a, b):
    assert (mix(a, b) == mix(b, a)) == (a == b)


@pytest.mark.parametrize("n", [0, 1, 1023, 1024, 5000])
@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_poisson_counts_of_all_cells_are_those_of_each_cell(n, dtype):
    mean = np.random.default_rng(3).choice([-1.0, 0.0, 1e-9, 0.05, 3.0, 11.99, 12.0, 40.0, 150.0, 6e4], n)
    found = np.full(n, 77, dtype)
    total = poisson_of_each(found, mean, uids(n), 5, KEY)
    assert found.tolist() == [poisson(m, KEY, uid, 5) for m, uid in zip(mean, uids(n), strict=True)]
    assert total == found.sum()


def test_both_numbers_of_all_cells_are_those_of_each_cell():
    u, v, only = np.empty(3000), np.empty(3000), np.empty(3000)
    fill_both(u, v, uids(3000), 5, KEY)
    fill_first(only, uids(3000), 5, KEY)
    assert list(zip(u, v, strict=True)) == [uniform2(KEY, uid, 5) for uid in uids(3000)]
    assert (only == u).all()


def test_a_direction_is_the_cosine_and_sine_of_its_angle():
    turns = np.concatenate([[0.0, 0.25, 0.5, 0.75, 1.0], np.random.default_rng(4).random(5000)])
    found = np.array([direction(u) for u in turns])
    expected = np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-15)
