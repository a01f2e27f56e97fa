"""Exponential and logarithm by series: loops of them run in vector registers, where those of the C library wait.

*Model*: ``exp(x) = 2^k exp(r)`` with r at most half of ln 2; ``ln x = k ln 2 + 2 artanh((m - 1) / (m + 1))`` with m
between the roots of 1/2 and 2; exact to some units of the last place. Even and odd terms are summed apart, so that one
sum need not wait for the other.
"""

import math

import numpy as np

from abm.core.jit import device

LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # together ln 2 to 85 bits
PER_LN2 = 1.4426950408889634
LARGEST = 700.0  # design: exp of more, or of less than minus this, is of no use to anybody
ROUNDER = 1.5 * 2.0**52  # a number plus this has its nearest integer in its lowest bits
EXP_ODD = tuple(1.0 / math.factorial(n) for n in range(13, 0, -2))
EXP_EVEN = tuple(1.0 / math.factorial(n) for n in range(12, 1, -2))
ARTANH_1_5 = tuple(2.0 / n for n in range(17, 0, -4))
ARTANH_3_7 = tuple(2.0 / n for n in range(19, 2, -4))
ONE = 1023  # the exponent of 1.0 as it is stored
MANTISSA, MANTISSA_BITS = np.uint64(2**52 - 1), np.uint64(52)
ROOT_HALF = np.uint64(0x3FE6A09E667F3BCD)  # the bits of the root of 1/2
TO_ONE = np.uint64(ONE << 52) - ROOT_HALF
INTEGER = np.uint64(0x4330000000000000)  # the bits of 2**52: those below them count from there


@device
def polynomial(x, terms):
    """Return the polynomial with these coefficients, the highest power first."""
    p = 0.0
    for term in terms:
        p = term + p * x
    return p


@device
def power_of_two(x):
    """Return the power of two next to ``exp(x)``, and ``exp(x)`` over it less 1."""
    x = min(max(x, -LARGEST), LARGEST)
    shifted = x * PER_LN2 + ROUNDER
    k = shifted - ROUNDER
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    r2 = r * r
    rest = r * polynomial(r2, EXP_ODD) + r2 * polynomial(r2, EXP_EVEN)
    return np.int64((np.float64(shifted).view(np.int64) + ONE) << 52).view(np.float64), rest


@device
def exp(x):
    """Return ``exp(x)``."""
    scale, rest = power_of_two(x)
    return scale * rest + scale


@device
def expm1(x):
    """Return ``exp(x) - 1``, precise also where x is small."""
    scale, rest = power_of_two(x)
    return scale * rest + (scale - 1.0)


@device
def log(x):
    """Return the natural logarithm of a positive number."""
    bits = np.float64(x).view(np.uint64) + TO_ONE
    k = np.uint64((bits >> MANTISSA_BITS) | INTEGER).view(np.float64) - (2.0**52 + ONE)
    m = np.uint64((bits & MANTISSA) + ROOT_HALF).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    s2 = s * s
    s4 = s2 * s2
    p = polynomial(s4, ARTANH_1_5) + s2 * polynomial(s4, ARTANH_3_7)
    return k * LN2_HIGH + (s * p + k * LN2_LOW)
