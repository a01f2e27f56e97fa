"""What is supplied to a well is a concentration in its own volume, in a pool and in a field alike."""

import pytest

from abm.core.fields import Field
from abm.core.space import Mixed
from abm.core.world import World

AVOGADRO = 6.02214076e23


@pytest.mark.parametrize("volume_uL", [1.0, 50.0])
def test_molecules_supplied_become_a_concentration_in_the_volume(volume_uL):
    world = World(Mixed(), volume_uL, seed=1, replicate=0)
    world.fields["dheas"] = Field(3, 100.0, periodic=False)
    molecules = 3e-9 * volume_uL * 1e-6 * AVOGADRO  # 3 nM
    for name in ("dheas", "antibody"):
        world.supply(name, molecules)
    assert world.fields["dheas"].map.ravel() == pytest.approx([3.0] * 9, rel=1e-12)
    assert world.pools.nM("antibody") == pytest.approx(3.0, rel=1e-12)
    assert world.pools.molecules(3.0) == pytest.approx(molecules, rel=1e-12)
    assert "dheas" not in world.pools
