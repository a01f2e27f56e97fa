"""Quantities with units: a fixed table, a small grammar and exact conversion.

A unit is a product of symbols of the table, such as ``1/h``, ``/h``, ``um^2/s`` or ``ug/mL``.
Arithmetic is done in fractions and rounded once, so ``0.5 min`` is the float nearest to 1/120 h.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from itertools import product

MAX_TEXT = 80
DIMENSIONS = ("time", "length", "mass", "amount", "count")
NUMBER = re.compile(r"\s*([-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?)(?![0-9.])\s*")
SEPARATED = re.compile(r"\s*[-+]?([0-9]+(?:[.,'’_ \u00a0\u2009\u202f][0-9]+)+)")
TERM = re.compile(r"(?P<symbol>[A-Za-z_]+|%|1)(?:\^?(?P<power>-?[1-4]))?")
PRODUCT = re.compile(r"/?[^*/]+(?:[*/][^*/]+)*")
MAX_PARTS = 7
SHORTEST_WORD = 4  # shorter ones are symbols: one letter more or less is a power of ten
EXAMPLES = "a unit such as h, um, nM, ug/mL, 1/h, %"
SPELLINGS = str.maketrans({"µ": "u", "μ": "u", "²": "^2", "³": "^3", "·": "*", "⁻": "^-", "¹": "1"})


class UnitError(ValueError):
    """A quantity whose number or unit cannot be used.

    Parameters
    ----------
    message : str
        What was found and why it cannot be.
    allowed : str
        What is allowed there.
    nearest : str
        Nearest right spelling.
    """

    def __init__(self, message: str, allowed: str = "", nearest: str = ""):
        super().__init__(message)
        self.allowed = allowed
        self.nearest = nearest


@dataclass(frozen=True)
class Unit:
    """Size in h, um, g, mol and counts, and the power of each of `DIMENSIONS`."""

    size: Fraction
    powers: tuple[int, ...] = (0, 0, 0, 0, 0)

    def times(self, other: "Unit", power: int) -> "Unit":
        """Return the product of this unit and a power of another one."""
        powers = tuple(a + power * b for a, b in zip(self.powers, other.powers, strict=True))
        return Unit(self.size * other.size**power, powers)

    @property
    def is_number(self) -> bool:
        """Whether plain numbers are enough: a pure number, or a count of cells or molecules."""
        return not any(self.powers[:4]) and self.powers[4] in (0, 1)

    def __str__(self) -> str:
        """Name of the dimension, such as ``mass/length^3``."""
        up = [_power(name, n) for name, n in zip(DIMENSIONS, self.powers, strict=True) if n > 0]
        down = [_power(name, -n) for name, n in zip(DIMENSIONS, self.powers, strict=True) if n < 0]
        return "/".join([" ".join(up) or ("1" if down else "pure number"), *down])


def _power(name: str, n: int) -> str:
    return name if n == 1 else f"{name}^{n}"


def _unit(
    size: int | str | Fraction, *, time: int = 0, length: int = 0, mass: int = 0, amount: int = 0, count: int = 0
) -> Unit:
    return Unit(Fraction(size), (time, length, mass, amount, count))


def _prefixed(symbol: str, prefixes: str, unit: Unit) -> dict[str, Unit]:
    sizes = {"k": 3, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
    table = {symbol: unit}
    for prefix in prefixes:
        table[prefix + symbol] = Unit(unit.size * Fraction(10) ** sizes[prefix], unit.powers)
    return table


def _named(words: str, unit: Unit) -> dict[str, Unit]:
    return dict.fromkeys(words.split(), unit)


ONE = Unit(Fraction(1))
COUNT = _unit(1, count=1)
TABLE: dict[str, Unit] = {
    **_named("s sec secs second seconds", _unit("1/3600", time=1)),
    **_named("min mins minute minutes", _unit("1/60", time=1)),
    **_named("h hr hrs hour hours", _unit(1, time=1)),
    **_named("d day days", _unit(24, time=1)),
    **_named("week weeks wk wks", _unit(168, time=1)),
    **_named("month months", _unit("730.5", time=1)),
    **_named("year years yr yrs", _unit(8766, time=1)),
    **_prefixed("m", "cmun", _unit(10**6, length=1)),
    **_prefixed("L", "dmunpf", _unit(10**15, length=3)),
    **_prefixed("l", "dmunpf", _unit(10**15, length=3)),
    **_named("cc", _unit(10**12, length=3)),
    **_prefixed("g", "kmunp", _unit(1, mass=1)),
    **_named("mcg", _unit(Fraction(1, 10**6), mass=1)),
    **_prefixed("mol", "munpf", _unit(1, amount=1)),
    **_prefixed("M", "munpf", _unit(Fraction(1, 10**15), amount=1, length=-3)),
    **_prefixed("Da", "k", _unit(1, mass=1, amount=-1)),
    **_named("cP", _unit(Fraction(3600, 10**6), mass=1, length=-1, time=-1)),
    **_named("1 fraction frac", ONE),
    **_named("% percent", _unit("1/100")),
    **_named("cell cells molecule molecules site sites event events hit hits kill kills per_cell", COUNT),
}


@lru_cache(maxsize=1024)
def unit_of(text: str) -> Unit:
    """Return the size and dimension of a unit.

    Parameters
    ----------
    text : str
        Unit such as ``nM``, ``1/M/s`` or ``um^2/s``.

    Raises
    ------
    UnitError
        The text is no product of symbols of the table.
    """
    plain = _plain(text)
    unit = ONE
    if not PRODUCT.fullmatch(plain):
        raise UnitError(f"unknown unit '{text}'", EXAMPLES)
    for operator, term in re.findall(r"([*/]?)([^*/]+)", plain):
        sign = -1 if operator == "/" else 1
        factor, power = _term(term, text)
        unit = _per_cell(unit) if sign < 0 and term == "cell" else unit.times(factor, sign * power)
    return unit


def _per_cell(unit: Unit) -> Unit:
    """Keep ``1/cell`` and ``molecules/cell`` the same thing, a count: "per cell" says where, it divides nothing."""
    return Unit(unit.size, (*unit.powers[:4], max(1, unit.powers[4])))


def _plain(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise UnitError(f"text of {len(text)} characters is no unit")
    plain = re.sub(r"\bper\s+cell\b", "per_cell", text.strip())
    plain = re.sub(r"(?:^|\s+)per\s+", "/", plain).translate(SPELLINGS)
    plain = re.sub(r"\s*([*/])\s*", r"\1", plain)
    return re.sub(r"([*/]?[a-z]+)\s+per_cell", r"\1/cell", plain)


def _term(term: str, text: str) -> tuple[Unit, int]:
    match = TERM.fullmatch(term)
    if match is None or match["symbol"] not in TABLE:
        raise UnitError(f"unknown unit '{text}'", EXAMPLES)
    return TABLE[match["symbol"]], int(match["power"] or 1)


def nearest_unit(text: str, unit: str) -> str:
    """Return the unit of the dimension of another that a text was probably meant to be.

    Symbols may differ in capitals, words by a slip; empty where that leaves two sizes to choose from.
    """
    plain = _plain(text)
    parts = re.split(r"([*/])", plain)
    if not PRODUCT.fullmatch(plain) or len(parts) > MAX_PARTS:
        return ""
    spellings = [[part] if part in ("", "*", "/") else _spellings(part) for part in parts]
    wanted = unit_of(unit).powers
    found = [one for one in map("".join, product(*spellings)) if unit_of(one).powers == wanted]
    return found[0] if len({unit_of(one) for one in found}) == 1 else ""


def _spellings(term: str) -> list[str]:
    match = TERM.fullmatch(term)
    symbol = match["symbol"] if match else ""
    same = [known for known in TABLE if known.lower() == symbol.lower()]
    words = [known for known in TABLE if len(known) >= SHORTEST_WORD]
    return [symbol and term.replace(symbol, near) for near in same or get_close_matches(symbol.lower(), words, 3, 0.75)]


def parse_quantity(text: str, unit: str, kDa: float | None = None) -> float:  # noqa: N803
    """Read a number with its unit and convert it.

    Parameters
    ----------
    text : str
        Such as ``24 h``; a pure number or a count needs no unit.
    unit : str
        Unit of the result.
    kDa : float, optional
        Molar mass; with it ``ug/mL`` and ``nM`` convert into each other.

    Raises
    ------
    UnitError
        No number, or a missing or unknown unit, or one of the wrong dimension.
    """
    number, found = split_quantity(text, unit)
    wanted = unit_of(unit)
    if not found:
        if wanted.is_number:
            return _rounded(number, text)
        raise UnitError(f"unit missing in '{text}'", like(unit))
    try:
        given = unit_of(found)
    except UnitError as error:
        raise UnitError(str(error), like(unit), nearest_unit(found, unit)) from None
    if kDa is not None and given.powers != wanted.powers:
        given = _through_mass(given, wanted, Fraction(kDa))
    if given.powers != wanted.powers:
        raise UnitError(f"'{text}' is of dimension {given}, not {wanted}", like(unit), nearest_unit(found, unit))
    return _rounded(number * given.size / wanted.size, text)


def split_quantity(text: str, unit: str) -> tuple[Fraction, str]:
    """Return the number and the unit's text; `unit` is only named in the message."""
    match = NUMBER.match(text) if len(text) <= MAX_TEXT else None
    if match is not None or SEPARATED.match(text[:MAX_TEXT]):
        _refuse_separators(text)
    if match is None:
        shown = text if len(text) <= MAX_TEXT else text[: MAX_TEXT // 2] + "..."
        raise UnitError(f"'{shown}' is no finite number", like(unit))
    return Fraction(match[1]), text[match.end() :].strip()


def _refuse_separators(text: str) -> None:
    """Refuse a decimal comma and thousands separators, and say what to write instead."""
    found = SEPARATED.match(text)
    marks = re.sub(r"[0-9]", "", found[1]) if found else ""
    if found is None or marks == ".":
        return
    digits = re.split(r"[^0-9]", found[1])
    whole, last = "".join(digits), f"{''.join(digits[:-1])}.{digits[-1]}"
    is_grouped = 1 <= len(digits[0]) <= 3 and digits[0][0] != "0" and {len(part) for part in digits[1:]} == {3}
    is_one_mark = len(set(marks)) == 1
    if is_one_mark and is_grouped and (len(marks) > 1 or marks != ","):
        name, right = "a thousands separator", [whole]
    elif marks == "," and is_grouped:
        name, right = "a comma", [whole, last]
    elif marks == "," or (len(set(marks[:-1])) == 1 and marks[-1] in ",." and marks[-1] not in marks[:-1]):
        name, right = "a decimal comma" if marks[-1] == "," else "a thousands separator", [last]
    else:
        return
    written = " or ".join(text.replace(found[1], number).strip() for number in right)
    raise UnitError(f"'{text}' has {name}: write {written}", "a decimal point and nothing between thousands")


def _through_mass(given: Unit, wanted: Unit, kilograms_per_mol: Fraction) -> Unit:
    molar = Unit(kilograms_per_mol * 1000, (0, 0, 1, -1, 0))
    steps = given.powers[DIMENSIONS.index("amount")] - wanted.powers[DIMENSIONS.index("amount")]
    return given.times(molar, steps)


def _rounded(number: Fraction, text: str) -> float:
    try:
        return float(number)
    except OverflowError:
        raise UnitError(f"'{text}' is too large", "a finite number") from None


def like(unit: str) -> str:
    """Say what a value of this unit looks like."""
    wanted = unit_of(unit)
    if wanted.is_number:
        return "a number"
    same: dict[Unit, str] = {}
    for symbol, entry in TABLE.items():
        if entry.powers == wanted.powers:
            same.setdefault(entry, symbol)
    return f"a number with a unit, such as '{quantity_text(1, unit)}'" + (
        f" ({', '.join(same.values())})" if same else ""
    )


def suffix(unit: str) -> str:
    """Return the ending of a name in this unit: ``um_per_min`` for ``um/min``."""
    up, *down = re.sub(r"\^", "", _plain(unit).replace("%", "percent")).split("/")
    return "_".join([*([up] if up not in ("", "1") else []), *(f"per_{part}" for part in down)]).replace("*", "_")


def names_its_unit(name: str, unit: str) -> bool:
    """Whether a name ends in its unit, as ``kd_nM`` and ``rate_per_h`` do."""
    ending = suffix(unit)
    short = re.sub(r"(per_\w+?)_per_", r"\1_", ending)
    return any(name == end or name.endswith("_" + end) for end in (ending, short) if end)


def quantity_text(value: float, unit: str) -> str:
    """Write a value with its unit so that it reads back to the same float."""
    return f"{repr(float(value)).removesuffix('.0')} {unit.removeprefix('1') if unit.startswith('1/') else unit}"
