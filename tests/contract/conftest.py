"""What a world holds, in a form that can be compared whatever the order of rows."""

import copy

import numpy as np
import pytest


def table(world, population):
    """Return the columns of a population by order of uid, row numbers replaced by the uids they mean."""
    order = np.argsort(population.uid, kind="stable")
    columns = {}
    for name, column in population.columns.items():
        values = population[name][order]
        if column.refers in world.populations:
            uid = world.populations[column.refers].uid
            values = np.array([int(uid[row]) if row >= 0 else -1 for row in values])
        columns[name] = values
    return columns


def take_picture(world):
    """Return a copy of all columns, pools, fields and tallies by name, such as ``b_cells.cd20_per_cell``."""
    found = {f"{name}.{c}": v for name, p in world.populations.items() for c, v in table(world, p).items()}
    found |= {f"deaths.{name}.{c}": v for name, p in world.deaths.items() for c, v in table(world, p).items()}
    found |= {f"pools.{name}": amount for name, amount in world.pools.amounts.items()}
    found |= {f"fields.{name}": field.values.copy() for name, field in world.fields.items()}
    return found | {f"tallies.{name}": count for name, count in world.tallies.items()}


def is_same(a, b, rel):
    if a is None or b is None:  # an amount of zero is no amount
        return not np.any(b if a is None else a)
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype == b.dtype and a.tobytes() == b.tobytes() and a.shape == b.shape:
        return True
    return a.shape == b.shape and np.allclose(a, b, rtol=rel, atol=0.0, equal_nan=True)


@pytest.fixture(scope="session")
def picture():
    """Return the function that copies a world."""
    return take_picture


@pytest.fixture(scope="session")
def differences():
    """Return the function that names what differs between two pictures."""

    def compare(before, after, rel=0.0):
        return {name for name in before.keys() | after.keys() if not is_same(before.get(name), after.get(name), rel)}

    return compare


@pytest.fixture(scope="session")
def midway(busy):
    """Return the checkpoint of the busy well in the middle of its course."""
    sim = busy()
    while sim.world.step < 16:
        sim.step()
    return copy.deepcopy(sim.state())
