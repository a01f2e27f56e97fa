"""What the columns of a scenario's series are: declared by its probes, its antibodies and the cells that it counts."""

from collections.abc import Iterable

from abm.core.measure import Measures
from abm.core.probe import Probe
from abm.scenario.content import Content


def measures(scenario: Content, probes: Iterable[Probe] = ()) -> Measures:
    """Return the measures of what the scenario's own probes, or others, put into the series."""
    probes = list(probes) or [probe for _, probe in scenario.probes if probe is not None and probe.table == "series"]
    cells = [measure for cell_type in scenario.counted().values() for measure in cell_type.measures()]
    drugs = [drug.free() for _, drug in scenario.antibodies]
    return Measures([*cells, *drugs, *(measure for probe in probes for measure in probe.measures)])
