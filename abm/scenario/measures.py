"""What the columns of a scenario's series are: declared by its probes and by the cells that it counts."""

from abm.core.measure import Measures
from abm.scenario.schema import Scenario


def measures(scenario: Scenario) -> Measures:
    """Return the measures of the series."""
    probes = [probe for _, probe in scenario.probes if probe is not None and probe.table == "series"]
    cells = [measure for cell_type in scenario.counted().values() for measure in cell_type.measures()]
    return Measures([*cells, *(measure for probe in probes for measure in probe.measures)])
