"""The state of a World as a header and named arrays, and back, also into a World whose processes are others."""

import re
from collections.abc import Mapping

import numpy as np

from abm.core.errors import InputError
from abm.core.fate import NEVER, Fate
from abm.core.fields import Field
from abm.core.population import Population
from abm.core.process import Process
from abm.core.table import Column
from abm.core.world import World

Arrays = Mapping[str, np.ndarray]
MORTALITY = re.compile(r"hazard_\w+_per_h|mark_\w+_h")


def saved(world: World, processes: Mapping[str, Process]) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the state: a JSON-able header and named arrays, views of the world's own.

    Parameters
    ----------
    world : World
        What is saved.
    processes : mapping of str to Process
        Tell what of it is set anew at every step.
    """
    arrays: dict[str, np.ndarray] = {}
    for kind, tables in (("cells", world.populations), ("deaths", world.deaths)):
        for name, table in tables.items():
            arrays |= {f"{kind}/{name}/{column}": table[column] for column in table.columns}
    arrays |= {f"fields/{name}": field.values for name, field in world.fields.items()}
    names, arrays["pools"] = world.pools.arrays()
    header = {
        "step": world.step,
        "t_h": world.t_h,
        "pools": names,
        "tallies": dict(sorted(world.tallies.items())),
        "next_uid": {name: p.next_uid for name, p in world.populations.items()},
        "voxels": {name: [f.n_voxels, f.voxel_um, f.periodic] for name, f in world.fields.items()},
        "sets": sorted({target for process in processes.values() for target in process.sets}),
    }
    return header, arrays


def load(world: World, processes: Mapping[str, Process], header: dict, arrays: Arrays) -> None:
    """Put a state into a world; columns the state lacks keep their defaults, those who died keep their causes.

    Raises
    ------
    InputError
        The state is of other populations or of another grid of voxels.
    """
    _refuse_other_kind(world, header, arrays)
    world.step, world.t_h = header["step"], header["t_h"]
    if world.step > 0:  # who waited at the start has entered long ago
        world.arrivals.clear()
    world.tallies = dict(header["tallies"])
    world.pools.restore(header["pools"], arrays["pools"])
    causes = {name: _keep_causes(population, arrays) for name, population in world.populations.items()}
    for kind, tables in (("cells", world.populations), ("deaths", world.deaths)):
        for name, table in tables.items():
            columns = {c: arrays[f"{kind}/{name}/{c}"] for c in table.columns if f"{kind}/{name}/{c}" in arrays}
            table.keep(np.zeros(table.n, bool))
            table.add(len(next(iter(columns.values()), ())), columns)
            table.next_uid = header["next_uid"].get(name, 0)
    for name, table in world.deaths.items():
        now = Fate().causes(world.populations[name])
        table["cause"][:] = np.array([now.index(cause) for cause in causes[name]], np.int64)[table["cause"]]
    _load_fields(world, header, arrays)
    _unset(world, set(header.get("sets", ())) - {target for process in processes.values() for target in process.sets})


def _refuse_other_kind(world: World, header: dict, arrays: Arrays) -> None:
    for name in world.populations.keys() - header["next_uid"].keys():
        raise InputError(f"the checkpoint holds no {name}: a branch keeps its populations")
    for name in world.fields.keys() & header["voxels"].keys():
        if world.fields[name].n_voxels != header["voxels"][name][0]:
            raise InputError(f"the checkpoint holds {name} on another grid: a branch keeps its voxels")


def _keep_causes(population: Population, arrays: Arrays) -> list[str]:
    """Declare the earlier causes of death, which have no effect from here on, and return their names."""
    past, place = Population(population.name), f"cells/{population.name}/"
    for name in sorted(path.removeprefix(place) for path in arrays if path.startswith(place)):
        if MORTALITY.fullmatch(name):
            past.declare(Column(name, default=NEVER if name.startswith("mark_") else 0.0, resets=True))
            if name not in population:
                population.declare(past.columns[name])
    return Fate().causes(past)


def _load_fields(world: World, header: dict, arrays: Arrays) -> None:
    """Put the fields back into their state; a substance that had no field until now is spread evenly."""
    for name in world.fields.keys() - header["voxels"].keys():
        world.fields[name].values[:] = 0.0
        world.supply(name, world.pools[name])
        world.pools[name] = 0.0
    for name, (n_voxels, voxel_um, periodic) in header["voxels"].items():
        field = world.fields.setdefault(name, Field(n_voxels, voxel_um * n_voxels, periodic))
        field.values = arrays[f"fields/{name}"].copy()


def _unset(world: World, targets: set[str]) -> None:
    """Give what a process used to set at every step, and no process sets any more, its value without that process."""
    for target in targets:
        owner, _, name = target.partition(".")
        if owner == "pools":
            world.pools.amounts.pop(name, None)
        elif owner in world.populations:
            population = world.populations[owner]
            population[name][:] = population.defaults[name]
