"""Measured cells of a scenario and of its arms, read before anything is simulated."""

from collections.abc import Iterator

from abm.biology.cells.measured import MeasuredCd20
from abm.core.errors import InputError
from abm.document.load import Document
from abm.scenario.schema import Scenario
from abm.scenario.start import scenario_of


def check_measured(scenario: Scenario, document: Document) -> list[str]:
    """Read the measured cells of a scenario and of its arms, and return what is doubtful of them.

    Raises
    ------
    InputError
        Channels, gates or beads do not fit a file.
    """
    faults, said = [], []
    for place, path, cd20 in each_measured(scenario):
        try:
            cd20.drawn()
            said += [f"{'.'.join(map(str, place))}: {text}" for text in cd20.warnings()]
        except InputError as error:
            faults += [document.placed(fault, place) if place == path else
                       document.fault(place, f"{'.'.join(path)}.{fault.path}: {fault.message}", fault.allowed,
                                      fault.nearest) for fault in error.faults]  # fmt: skip
    if faults:
        raise InputError(*faults)
    return said


def each_measured(scenario: Scenario) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], MeasuredCd20]]:
    """Yield each measured CD20 with where it is said, and of which path that is."""
    seen: list[MeasuredCd20] = []
    moments = [(("arms", name, "set"), scenario_of(scenario, arm)) for name, arm in scenario.arms.items() if arm.set]
    for said, own in [((), scenario), *moments]:
        for name, cell_type in own.cell_types().items():
            cd20 = dict(cell_type).get("cd20")
            if isinstance(cd20, MeasuredCd20) and cd20 not in seen:
                seen.append(cd20)
                path = ("populations", name, "cd20")
                yield said or path, path, cd20
