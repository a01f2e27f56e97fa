"""Side by side: many simulations as one, in which a step is paid once for all of them.

What subjects differ in, amounts and numbers of their parameters, becomes arrays of shape ``(n_subjects,)``; what they
share stays as it is. A subject has the same bits alone and in any company, since every law works on each value, and
every sum on each subject's rows, as if nothing lay beside them. Wells lie side by side where all processes can, nothing
is added later and nothing is uneven; each is looked at as a well alone.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, cast

import numpy as np

from abm.core.fields import Field
from abm.core.par import Model
from abm.core.population import SUBJECT, Population
from abm.core.process import Phase
from abm.core.simulation import Simulation
from abm.core.world import World


def form(value: Any, free: tuple[type, ...] = (float, str)) -> Hashable:
    """Return what values must share to lie side by side: all but the numbers with a point, and words."""
    if isinstance(value, Model):
        return type(value), *((name, form(own, free)) for name, own in value)
    if isinstance(value, Mapping):
        return tuple((name, form(own, free)) for name, own in value.items())
    if isinstance(value, tuple):
        return tuple(form(own, free) for own in value)
    return cast(Hashable, type(value) if isinstance(value, free) else value)


def beside(values: Sequence[Any]) -> Any:
    """Return values of one form as one: where they differ, as an array."""
    first = values[0]
    if isinstance(first, Model):
        own = {name: beside([getattr(value, name) for value in values]) for name, _ in first}
        return first.model_copy(update=own)
    if isinstance(first, Mapping):
        return {name: beside([value[name] for value in values]) for name in first}
    if isinstance(first, tuple):
        return tuple(map(beside, zip(*values, strict=True)))
    return first if all(value == first for value in values) else np.array(values)


def alike(simulations: Sequence[Simulation]) -> list[list[int]]:
    """Return the places of simulations, grouped so that those of a group can be stacked."""
    found: dict[Hashable, list[int]] = {}
    for index, one in enumerate(simulations):
        found.setdefault(_form_of(one), []).append(index)
    return list(found.values())


def _form_of(simulation: Simulation) -> Hashable:
    """Return what is equal in simulations that can be stacked; a patient who is looked at cell by cell stays alone."""
    world, probes = simulation.world, simulation.probes
    if _is_alone(simulation) if not world.is_body else any(probe.table != "series" for probe in probes.values()):
        return id(simulation)
    grid = simulation.grid_h.tobytes(), tuple(simulation.renewals), world.step
    looks = tuple((name, probes[name], tuple(sorted(steps))) for name, steps in simulation.due.items())
    moments = tuple((tuple(one.moments), tuple(one.ends)) for one in world.given)
    columns = tuple(tuple(cells.columns) for cells in world.populations.values())
    told = world.properties, world.given
    if world.is_body:
        return *grid, looks, moments, columns, form(told), form(world.cell_types), form(simulation.processes)
    cells = form(world.cell_types, (float, int, str))
    laws = {name: process for name, process in simulation.processes.items() if process.phase is not Phase.DOSE}
    place = form(world.space.model_copy(update={"volume": 0.0}), ())
    return *grid, looks, moments, columns, form(told), cells, form(laws, (float,)), place


def _is_alone(simulation: Simulation) -> bool:
    """Whether this well can have none beside it."""
    world, processes = simulation.world, simulation.processes.values()
    comes_later = bool(simulation.renewals or world.arrivals) or any(max(one.moments) > 0.0 for one in world.given)
    is_uneven = not all(field.is_even for field in world.fields.values())
    return comes_later or is_uneven or any(process.is_alone(world) for process in processes)


def stack(simulations: Sequence[Simulation]) -> Simulation:
    """Return simulations that are alike as one; each must be of one subject."""
    if len(simulations) == 1:
        return simulations[0]
    first, worlds = simulations[0], [one.world for one in simulations]
    found = Simulation(
        _world(worlds),
        {name: beside([one.processes[name] for one in simulations]) for name in first.processes if name != "fate"},
        first.probes,
        first.grid_h,
        {name: first.grid_h[sorted(steps)].tolist() for name, steps in first.due.items()},
    )
    found.renewals = {step: partial(_renewed, simulations, step) for step in first.renewals}
    return found


def _renewed(simulations: Sequence[Simulation], step: int) -> Simulation:
    return stack([one.renewals[step]() for one in simulations])


def _world(worlds: Sequence[World]) -> World:
    first = worlds[0]
    volume_uL = beside([world.pools.volume_uL for world in worlds])
    found = World(first.space, volume_uL, *first.subjects[0], *(world.subjects[0] for world in worlds[1:]))
    found.step, found.t_h = first.step, first.t_h
    for name in dict.fromkeys(chain.from_iterable(world.pools.amounts for world in worlds)):
        found.pools[name] = np.concatenate([np.atleast_1d(world.pools[name]) for world in worlds])
    found.populations = {name: _rows([world.populations[name] for world in worlds]) for name in first.populations}
    for told in ("properties", "cell_types", "given"):
        setattr(found, told, beside([getattr(world, told) for world in worlds]))
    if not first.is_body:
        _wells(found, worlds)
    return found


def _wells(found: World, worlds: Sequence[World]) -> None:
    """Put side by side what only wells have."""
    found.members = tuple(worlds)
    for name, population in found.populations.items():
        population.next_uid = np.array([world.populations[name].next_uid for world in worlds])
    for name in dict.fromkeys(chain.from_iterable(world.tallies for world in worlds)):
        found.tallies[name] = np.array([world.tallies.get(name, 0) for world in worlds])
    for name, field in worlds[0].fields.items():
        found.fields[name] = Field(field.n_voxels, field.voxel_um * field.n_voxels, field.periodic)
        found.fields[name].values = np.stack([world.fields[name].values for world in worlds])
    for name, dead in worlds[0].deaths.items():
        found.deaths[name] = Population(name, [*dead.columns.values(), SUBJECT], base=())


def _rows(populations: Sequence[Population]) -> Population:
    first = populations[0]
    found = Population(first.name, dict.fromkeys([*first.columns.values(), SUBJECT]), base=())
    found.n_subjects = len(populations)
    columns = {name: np.concatenate([one[name] for one in populations]) for name in first.columns}
    columns["subject"] = np.repeat(np.arange(len(populations)), [one.n for one in populations])
    found.add(columns["subject"].size, columns)
    return found


def stacks(simulations: Sequence[Simulation]) -> list[tuple[Simulation, list[int]]]:
    """Return as few simulations as these can be stacked to, each with the places of those that it holds."""
    return [(stack([simulations[i] for i in group]), group) for group in alike(simulations)]
