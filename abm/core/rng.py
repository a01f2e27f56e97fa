"""Random numbers as pure functions of (seed, replicate, stream, step, uid, decision).

*Model*: Philox4x32-10; 64-bit key = mix(seed, replicate, stream); counter = step (32), uid (64), decision (32).
No generator object exists, so order of cells, number of threads and resume cannot change a draw, and switching a
process off leaves the luck of all others untouched. In kernels a *key* is the pair ``(stream key, step)``.

*References*: Salmon2011 (Philox), Hormann1993 (transformed rejection for Poisson), Steele2014 (SplitMix64).
"""

import hashlib
import math
from functools import lru_cache

import numpy as np

from abm.core.jit import device
from abm.core.series import polynomial

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_S32, _S6 = np.uint64(32), np.uint64(6)
_TWO26 = 67108864.0
_INV52 = 1.0 / 4503599627370496.0
_LARGE = 12.0  # design: Hormann1993 needs at least 10
BLOCK = 1024  # design: rows whose temporaries stay in the nearest cache
MOST_POWERS = 512  # design: fewer than a block of rows; no power of a half or more underflows
_INVERSE = np.concatenate([[0.0], 1.0 / np.arange(1.0, 128.0)])
COSINE = tuple((-1.0) ** n / math.factorial(2 * n) for n in range(10, -1, -1))
SINE = tuple((-1.0) ** n / math.factorial(2 * n + 1) for n in range(10, -1, -1))
_PAIR = np.uint64(0x94D049BB)
_MASK64 = (1 << 64) - 1

Key = tuple[np.ndarray, np.uint32]  # the stream of each subject, and the step
OneKey = tuple[np.uint64, np.uint32]


def _splitmix64(state: int) -> int:
    state = (state + 0x9E3779B97F4A7C15) & _MASK64
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK64
    return state ^ (state >> 31)


@lru_cache(1024)  # of the streams of a step, the same at every step
def mix(*words: int) -> int:
    """Mix non-negative integers into one 64-bit word; order matters."""
    state = 0
    for word in words:
        state = _splitmix64(state ^ (word & _MASK64))
    return state


def stream_key(seed: int, replicate: int, stream: str) -> np.uint64:
    """Return the 64-bit key of a named stream, for example a process's name in the scenario."""
    name = int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "little")
    return np.uint64(mix(seed, replicate, name))


@device
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four 32-bit words (as uint64) of Philox4x32-10."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> _S32) ^ c1 ^ k0
        c1 = p1 & _LOW
        c2 = (p0 >> _S32) ^ c3 ^ k1
        c3 = p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@device
def words(key, uid, decision):
    """Return four independent 32-bit words for one decision of one cell."""
    stream = np.uint64(key[0])
    cell = np.uint64(uid)
    return philox(
        np.uint64(key[1]), cell & _LOW, cell >> _S32, np.uint64(decision) & _LOW, stream & _LOW, stream >> _S32
    )


@device
def to_unit(high, low):
    """Turn two 32-bit words into a 52-bit uniform in (0, 1); one bit more would round up to 1."""
    return ((high >> _S6) * _TWO26 + (low >> _S6) + 0.5) * _INV52


@device
def uniform(key, uid, decision):
    """Return a uniform number in (0, 1)."""
    a, b, _, _ = words(key, uid, decision)
    return to_unit(a, b)


@device
def uniform2(key, uid, decision):
    """Return two independent uniform numbers in (0, 1) for the price of one."""
    a, b, c, d = words(key, uid, decision)
    return to_unit(a, b), to_unit(c, d)


@device
def pair_uniform(key, seeker, target):
    """Return the uniform number of a pair; the two have different roles, so their order matters."""
    stream, a, b = np.uint64(key[0]), np.uint64(seeker), np.uint64(target)
    k0 = (stream ^ np.uint64(key[1]) * _W0) & _LOW
    u, v, _, _ = philox(a & _LOW, a >> _S32, b & _LOW, b >> _S32, k0, (stream >> _S32) ^ _PAIR)
    return to_unit(u, v)


@device
def fill_first(out, uid, decision, key):
    """Write :func:`uniform` of some cells: a short loop of nothing else runs in vector registers, ten times as fast."""
    for i in range(out.size):
        a, b, _, _ = words(key, uid[i], decision)
        out[i] = to_unit(a, b)


@device
def fill_both(u, v, uid, decision, key):
    """Write both numbers of :func:`uniform2` of the cells of a block."""
    for i in range(u.size):
        u[i], v[i] = uniform2(key, uid[i], decision)


@device
def direction(u):
    """Return the cosine and sine of ``2 pi u``, ``u`` in [0, 1], by series of the half angle: they run in registers."""
    t = math.pi * (u - 0.5)
    t2 = t * t
    c, s = polynomial(t2, COSINE), t * polynomial(t2, SINE)
    return s * s - c * c, -2.0 * s * c


@device
def normal(key, uid, decision):
    """Return a standard normal number (Box and Muller)."""
    u, v = uniform2(key, uid, decision)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@device
def _poisson_small(mean, u):
    if u <= 1.0 - mean:  # below exp(-mean) for certain, without its price
        return 0
    p = math.exp(-mean)
    k = 0
    while u > p and k < _INVERSE.size - 1:
        u -= p
        k += 1
        p *= mean * _INVERSE[k]
    return k


@device
def _attempt(mean, u):
    """Return (count, distance from the ends, a, b) of one transformed uniform."""
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    us = 0.5 - abs(u - 0.5)
    return math.floor((2.0 * a / us + b) * (u - 0.5) + mean + 0.43), us, a, b


@device
def _is_at_once(us, v, b):
    return (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))


@device
def _is_accepted(mean, k, us, v, a, b):
    if k < 0.0 or (us < 0.013 and v > us):
        return False
    height = v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b)
    if k < 10.0:
        return math.log(height) <= k * math.log(mean) - mean - math.lgamma(k + 1.0)
    series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * k * k)) / (k * k)) / k  # Stirling's, of log k!
    return math.log(height * math.sqrt(2.0 * math.pi * k)) <= k * math.log(mean / k) + (k - mean) - series


@device
def poisson(mean, key, uid, decision):
    """Return a Poisson count; ``decision`` below 65 536, higher bits number the attempts."""
    u, v = uniform2(key, uid, decision)
    if not mean >= _LARGE:  # a mean that is no number would be tried for ever
        return _poisson_small(mean, u)
    attempt = 0
    while True:
        k, us, a, b = _attempt(mean, u)
        if _is_at_once(us, v, b) or _is_accepted(mean, k, us, v, a, b):
            return int(k)
        attempt += 1
        u, v = uniform2(key, uid, decision + (attempt << 16))


@device
def _first_attempts(out, mean, u, v):
    """Write the counts that need one attempt and no logarithm, -1 for the others."""
    for i in range(out.size):
        k, us, _, b = _attempt(max(mean[i], _LARGE), u[i])
        if (mean[i] >= _LARGE) & _is_at_once(us, v[i], b):
            out[i] = k
        else:
            out[i] = 0.0 if (mean[i] < _LARGE) & (u[i] <= 1.0 - mean[i]) else -1.0


@device
def _other_counts(out, mean, u, uid, decision, key):
    """Write the counts that are still missing."""
    for i in range(out.size):
        if out[i] < 0:
            out[i] = _poisson_small(mean[i], u[i]) if mean[i] < _LARGE else poisson(mean[i], key, uid[i], decision)


@device
def poisson_of_each(out, mean, uid, decision, key):
    """Write :func:`poisson` of each cell of a block, and return how many events there are in all of them.

    Only those that can have any are drawn for; most need one attempt, which runs in vector registers.
    """
    out[:] = 0
    some, n = np.empty(out.size, np.int64), 0
    for i in range(out.size):
        some[n] = i
        n += mean[i] > 0.0
    if n == 0:
        return 0
    some = some[:n]
    counts, means, uids, u, v = np.empty(n), mean[some], uid[some], np.empty(n), np.empty(n)
    fill_both(u, v, uids, decision, key)
    _first_attempts(counts, means, u, v)
    _other_counts(counts, means, u, uids, decision, key)
    total = 0
    for k in range(n):
        out[some[k]] = counts[k]
        total += int(counts[k])
    return total


@device
def binomial_at(m, p, u):
    """Return the binomial count that belongs to a uniform number, by inversion; ``(1 - p)^m`` must not underflow."""
    if u <= 1.0 - m * p:  # below (1 - p)^m for certain, without its price
        return 0
    return _count_up(m, p, u, (1.0 - p) ** m)


@device
def _count_up(m, p, u, none):
    """Return the binomial count at which the chances, from that of none on, pass a uniform number."""
    k, q = 0, none
    while u > q and k < m:
        u -= q
        k += 1
        q *= p / (1.0 - p) * (m - k + 1) / k
    return k


@device
def negative_binomial_at(m, p, u):
    """Return the negative binomial count that belongs to a uniform number, as :func:`binomial_at`."""
    k, q = 0, (1.0 - p) ** m
    while u > q and q > 0.0:
        u -= q
        q *= p * (m + k) / (k + 1)
        k += 1
    return k


@device
def binomial(n, p, key, uid, decision):
    """Return a binomial count by inversion, in blocks small enough not to underflow."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - binomial(n, 1.0 - p, key, uid, decision)
    block = max(1, int(300.0 / p))
    total, start, part = 0, 0, 0
    while start < n:
        m = min(block, n - start)
        total += binomial_at(m, p, uniform(key, uid, decision + (part << 16)))
        start += m
        part += 1
    return total


@device
def binomial_of_each(out, n, p, uid, decision, key):
    """Write :func:`binomial` of each cell of a block, all with one chance.

    Only those that have any are drawn for, in vector registers, and few different powers serve them all.
    """
    out[:] = 0
    some, m, most = np.empty(n.size, np.int64), 0, 0
    for i in range(n.size):
        some[m] = i
        m += n[i] > 0
        most = max(most, n[i])
    if m == 0 or p <= 0.0:
        return
    some = some[:m]
    if p > 0.5 or most > MOST_POWERS:
        for i in some:
            out[i] = binomial(n[i], p, key, uid[i], decision)
        return
    u, none = np.empty(m), np.empty(most + 1)
    fill_first(u, uid[some], decision, key)
    for k in range(none.size):
        none[k] = (1.0 - p) ** k
    for k in range(m):
        i = some[k]
        out[i] = 0 if u[k] <= 1.0 - n[i] * p else _count_up(n[i], p, u[k], none[n[i]])
