"""Amounts, moments and lists as a reader expects them: "10 µg/mL", "25 %", "every 7 d", "a, b and c"."""

import re
from collections.abc import Sequence

from abm.core.clock import H_PER_MONTH

LONGEST_IN_HOURS = 72
MICRO = re.compile(r"\bu(?=[mgLM]\b)")
SQUARE = re.compile(r"\bm\^?2\b")
QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?) ([^0-9 ]\S*)")


def units(text: str) -> str:
    """Return a text with "um", "ug", "uL" and "uM" written as µm, µg, µL and µM, "m2" as m²."""
    return SQUARE.sub("m²", MICRO.sub("µ", text))


def quantity(value: float, unit: str) -> str:
    """Return a number to six figures with its unit; a whole one of things that are counted with its thousands apart."""
    if unit == "1":
        return f"{value:,}" if isinstance(value, int) else share(value)
    return units(f"{value:.6g} {unit}")


def share(value: float) -> str:
    """Return a fraction as percent."""
    return f"{100 * value:g} %"


def written(value: object) -> str:
    """Return a value of a scenario file, a number with its unit to six figures."""
    match = QUANTITY.fullmatch(str(value))
    return units(f"{float(match[1]):.6g} {match[2]}" if match else str(value))


def moment(hours: float) -> str:
    """Return a time in the unit in which it is short: seconds, minutes, hours, from three days on days or months."""
    if hours >= LONGEST_IN_HOURS and hours % 24 == 0:
        return f"{hours / 24:g} d"
    if hours >= H_PER_MONTH and hours % H_PER_MONTH == 0:
        months = hours / H_PER_MONTH
        return f"{months:g} month" + ("s" if months > 1 else "")
    if not 0 < hours < 1:
        return f"{hours:g} h"
    minutes = 60 * hours
    return f"{minutes:.6g} min" if minutes > 0.999999 else f"{60 * minutes:.6g} s"


def listing(parts: Sequence[str], last: str = "and") -> str:
    """Return "a, b and c"."""
    words = list(parts)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""
