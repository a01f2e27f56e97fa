"""What was published of the arms of a scenario: whether a run tells the same, and the table of it."""

from collections.abc import Iterator

from abm.core.errors import Fault, nearest
from abm.scenario.content import Content


def observed_faults(scenario: Content) -> Iterator[Fault]:
    """Yield why an observation cannot stand beside anything simulated."""
    told = {one.name: one for readout in scenario.readouts for one in readout.measures if one.is_told}
    shares = [name for name, one in told.items() if one.unit == "1" and "*" not in name]
    for arm, index, one in ((name, *found) for name, own in scenario.arms.items() for found in enumerate(own.observed)):
        place = f"arms.{arm}.observed.{index}"
        if scenario.space.scale != "well":
            yield Fault("what is observed of an arm is shown of wells alone", place, beside=("space.kind",))
        elif one.of not in shares:
            text, close = f"a run does not tell {one.of!r}", nearest(one.of, shares)
            yield Fault(text, f"{place}.of", allowed=", ".join(shares), nearest=close)
        if one.beside and (one.beside == arm or one.beside not in scenario.arms):
            others = [name for name in scenario.arms if name != arm]
            text, close = f"no other arm {one.beside!r}", nearest(one.beside, others)
            yield Fault(text, f"{place}.beside", allowed=", ".join(others), nearest=close)


def observed_table(scenario: Content) -> dict[str, list]:
    """Return the columns of ``observed.csv``, a row per observation; what is observed as the summary calls it."""
    names = {one.name: one.told_as for readout in scenario.readouts for one in readout.measures}
    rows = [(name, one) for name, arm in scenario.arms.items() for one in arm.observed]
    columns: dict[str, list] = {"arm": [name for name, _ in rows], "of": [names[one.of] for _, one in rows]}
    return columns | {
        key: [getattr(one, key) for _, one in rows] for key in ("value", "lo", "hi", "words", "beside", "source")
    }
