"""What every probe and every read-out must hold: what it shows is declared, once, with unit and words."""

import pytest

from abm.core.measure import Measures
from abm.scenario.schema import PROBES


@pytest.fixture(params=["busy", "patient", "leukaemia"])
def seen(request):
    """Return the probes of a really simulated subject and a row of what each has seen."""
    sim = request.getfixturevalue(request.param)(*([{}] if request.param == "leukaemia" else []))
    sim.step()
    kinds = {name: probe for name, probe in sim.probes.items() if probe.table == "series"}
    return {name: (probe, probe.observe(sim.world)) for name, probe in kinds.items()}


def test_every_column_of_a_series_is_declared(seen):
    for probe, row in seen.values():
        assert [name for name in row if Measures(probe.measures).find(name) is None] == []


@pytest.mark.parametrize("kind", PROBES)
def test_no_column_is_declared_twice(kind):
    names = [measure.name for measure in PROBES[kind].measures]
    assert len(names) == len(set(names))
