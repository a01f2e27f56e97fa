"""Numbers and lists as a reader expects them: three figures, thousands separated, intervals in brackets."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

MISSING = "–"
MICRO = re.compile(r"\bu(?=[mgLM]\b)")
SQUARE = re.compile(r"\bm\^?2\b")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 3) -> str:
    """Return `value` with `digits` significant figures, very large and very small ones as a power of ten."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value != 0 and not 1e-3 <= abs(value) < 1e7:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g} × 10{str(int(power)).translate(RAISED)}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def decimal(value: float, places: int = 2) -> str:
    """Return `value` with fixed decimals and a proper minus sign."""
    return f"{value:.{places}f}".replace("-", "−")


def percent(fraction: float | None) -> str:
    """Return a fraction as percent with one decimal."""
    return MISSING if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.1f} %"


def interval(lo: float | None, hi: float | None) -> str:
    """Return the ends of an interval of fractions as percent, or nothing where it has no width."""
    if lo is None or hi is None or not (math.isfinite(lo) and math.isfinite(hi)) or lo == hi:
        return ""
    return f"{100 * lo:.1f}–{100 * hi:.1f}"


def percent_interval(mean: float | None, lo: float | None, hi: float | None) -> str:
    """Return "20.6 % (19.8–21.4)", or the mean alone where there is no interval."""
    ends = interval(lo, hi)
    return f"{percent(mean)} ({ends})" if ends and mean is not None else percent(mean)


def listing(parts: Sequence[str]) -> str:
    """Return "a, b and c"."""
    words = list(parts)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def units(text: str) -> str:
    """Return `text` with "um", "ug", "uL" and "uM" written as µm, µg, µL and µM, "m2" as m²."""
    return SQUARE.sub("m²", MICRO.sub("µ", text))


def setting(text: str) -> str:
    """Return the value of a parameter as a reader writes it: "0.0166667", "300,000", "0, 4, 24"."""
    parts = [part.strip() for part in text.strip("()[]").split(",")]
    return ", ".join(_plain(part) for part in parts if part) or MISSING


def _plain(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    if not math.isfinite(value) or (value != 0 and not 1e-4 <= abs(value) < 1e9):
        return text
    return f"{value:,.6g}".replace("-", "−") if abs(value) < 1e6 else f"{value:,.0f}".replace("-", "−")


def sentence(text: str) -> str:
    """Return `text` with a capital first letter and a full stop."""
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""
