import math

import numpy as np
import pytest


def test_igm_in_the_medium_is_what_living_cells_secreted_plus_what_the_lysed_released(culture):
    """A5: integral of the rates of cells not committed to die, and the stores of those lysed."""
    sim = culture(
        {"igm_secretion": {}, "death": {"rate_per_h": 1.0}}, (), {"populations": {"b_cells": {"n": 300}}, "dt": "2 min"}
    )
    b = sim.world.populations["b_cells"]
    stored = dict(zip(b.uid.tolist(), b.igm_stored_per_cell.tolist(), strict=True))
    secreted, rates = [], [b.igm_per_s.sum()]

    def add_up(sim):
        secreted.append(rates[-1] * 120)
        rates.append(b.igm_per_s.sum())

    sim.run(add_up)
    dead = set(stored) - set(b.uid.tolist())
    assert 150 < len(dead) < 230
    assert sim.world.pools["igm_secreted"] == pytest.approx(sum(secreted), rel=1e-9)
    assert sim.world.pools["igm_released"] == pytest.approx(sum(stored[uid] for uid in dead), rel=1e-12)
    row = sim.records["counts"][sim.world.step]
    assert row["igm_molecules"] == pytest.approx(sum(secreted) + sum(stored[uid] for uid in dead), rel=1e-9)


def test_a_well_of_living_cells_secretes_at_its_rate(culture, alike):
    sim = culture({"igm_secretion": {}}, (), {"populations": {"b_cells": alike(200)}})
    sim.run()
    assert sim.world.pools["igm_secreted"] == pytest.approx(200 * 100 * 3600)
    assert sim.world.pools["igm_released"] == 0.0


def test_the_dying_secrete_nothing_but_keep_their_store_until_they_lyse(culture, alike, act):
    sim = culture({"igm_secretion": {}}, (), {"populations": {"b_cells": alike(10)}})
    sim.world.populations["b_cells"].is_dying[:4] = True
    act(sim, "igm_secretion", dt_h=1.0)
    assert sim.world.pools["igm_secreted"] == pytest.approx(6 * 100 * 3600)


def test_where_more_cells_survive_there_is_more_secreted_and_less_released(culture, alike):
    igm = []
    for rate in (0.0, 2.0):
        sim = culture(
            {"igm_secretion": {}, "death": {"rate_per_h": rate}}, (), {"populations": {"b_cells": alike(400)}}
        )
        sim.run()
        igm.append((sim.world.pools["igm_secreted"], sim.world.pools["igm_released"]))
    assert igm[0][0] > igm[1][0]
    assert igm[0][1] == 0.0
    lysed = igm[1][1] / 1e6
    assert lysed == pytest.approx(400 * -math.expm1(-2.0), abs=4.5 * math.sqrt(400 * 0.86 * 0.14))
    assert np.isclose(lysed % 1, 0)
