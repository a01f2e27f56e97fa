"""Philox4x32-10 and the laws drawn from it, once more, in Python integers.

A key is ``(stream key, step)`` as in the engine; nothing here comes from the engine.

*References*: Salmon2011 (Philox), Hormann1993 (Poisson by transformed rejection), Steele2014 (SplitMix64).
"""

import hashlib
import math

LOW32 = 0xFFFFFFFF
LOW64 = 0xFFFFFFFFFFFFFFFF
Key = tuple[int, int]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Encrypt four 32-bit words in ten rounds."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (right >> 32) ^ b ^ k, right & LOW32, (left >> 32) ^ d ^ m, left & LOW32
        k, m = (k + 0x9E3779B9) & LOW32, (m + 0xBB67AE85) & LOW32
    return a, b, c, d


def mixed(*words: int) -> int:
    """Chain words through SplitMix64."""
    state = 0
    for word in words:
        z = ((state ^ word) + 0x9E3779B97F4A7C15) & LOW64
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & LOW64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & LOW64
        state = z ^ (z >> 31)
    return state


def stream(seed: int, replicate: int, name: str) -> int:
    """Return the 64-bit key of a named stream."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return mixed(seed, replicate, int.from_bytes(digest, "little"))


def uniforms(key: Key, uid: int, decision: int) -> tuple[float, float]:
    """Return two uniform numbers in (0, 1), of 52 bits each."""
    counter = (key[1], uid & LOW32, uid >> 32, decision & LOW32)
    a, b, c, d = philox(counter, (key[0] & LOW32, key[0] >> 32))
    return _unit(a, b), _unit(c, d)


def _unit(high: int, low: int) -> float:
    return (((high >> 6) << 26) + (low >> 6) + 0.5) / 2.0**52


def uniform(key: Key, uid: int, decision: int) -> float:
    """Return a uniform number in (0, 1)."""
    return uniforms(key, uid, decision)[0]


def pair_uniform(key: Key, seeker: int, target: int) -> float:
    """Return the uniform number of a pair, which depends on who seeks whom."""
    words = (seeker & LOW32, seeker >> 32, target & LOW32, target >> 32)
    low = ((key[0] & LOW32) ^ (key[1] * 0x9E3779B9)) & LOW32
    a, b, _, _ = philox(words, (low, (key[0] >> 32) ^ 0x94D049BB))
    return _unit(a, b)


def normal(key: Key, uid: int, decision: int) -> float:
    """Return a standard normal number."""
    u, v = uniforms(key, uid, decision)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


def poisson(mean: float, key: Key, uid: int, decision: int = 0) -> int:
    """Return a Poisson count: by inversion when small, else by transformed rejection."""
    if mean <= 0.0:
        return 0
    return _inverted(mean, uniform(key, uid, decision)) if mean < 12.0 else _rejected(mean, key, uid, decision)


def _inverted(mean: float, u: float) -> int:
    k, p = 0, math.exp(-mean)
    while u > p and k < 1000:
        u, k = u - p, k + 1
        p *= mean / k
    return k


def _rejected(mean: float, key: Key, uid: int, decision: int) -> int:
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    for attempt in range(1000):
        u, v = uniforms(key, uid, decision + (attempt << 16))
        u -= 0.5
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= 0.9277 - 3.6224 / (b - 2.0):
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        height = math.log(v * (1.1239 + 1.1328 / (b - 3.4)) / (a / (us * us) + b))
        if height <= k * math.log(mean) - mean - math.lgamma(k + 1.0):
            return k
    raise ValueError(f"no Poisson count of mean {mean}")


def binomial(n: int, p: float, key: Key, uid: int, decision: int) -> int:
    """Return a binomial count by inversion, for p <= 0.5 and n p small."""
    u, k, q = uniform(key, uid, decision), 0, (1.0 - p) ** n
    while u > q and k < n:
        u, k = u - q, k + 1
        q *= p / (1.0 - p) * (n - k + 1) / k
    return k
