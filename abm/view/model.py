"""A Mesa model around a session: what Mesa's users expect, while the cells stay arrays.

>>> from abm.view import AssayModel
>>> model = AssayModel("quick")
>>> while model.running:
...     model.step()
>>> model.datacollector.get_model_vars_dataframe()
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import index
from pathlib import Path

import mesa
from mesa.datacollection import DataCollector

from abm.core.errors import InputError
from abm.core.fate import Fate
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.view.batch import Batch
from abm.view.session import Session

Source = Scenario | str | Path | Callable[[], Scenario]
SEEDS = 2**64


class AssayModel(mesa.Model):
    """Arms of a scenario as one Mesa model; a step is one ``dt`` of all arms.

    Under Mesa's ``batch_run`` every iteration is a replicate with its own seed, which its rows show. Mesa 3.5 takes
    seeds as ``rng=[1, 2, 3]`` alone and passes over those among the parameters. Both stop at ``max_steps``, 1000.

    Parameters
    ----------
    source : Scenario, path of a scenario file, or function without arguments that returns a Scenario
        What is simulated; the function is called anew at each reset. ``batch_run`` needs a Scenario in a list.
    arms : sequence of str, or str
        At most four; by default the first ones.
    replicate : int
        Which well or patient of each arm.
    seed : int, optional
        In place of the scenario's own.

    Attributes
    ----------
    session : Session
        The arms, their simulations, and what may be done to them.
    datacollector : mesa.DataCollector
        Time in h, seed and, by arm, every total that the scenario's own series has.

    Raises
    ------
    InputError
        An argument cannot be used, the scenario has faults, an arm does not exist, or there are too many cells.
    """

    def __init__(
        self,
        source: Source = "quick",
        arms: Sequence[str] | str = (),
        replicate: int = 0,
        seed: int | None = None,
    ):
        scenario, batch = _scenario(source), Batch.around()
        given = None if seed is None else _whole("seed", seed, SEEDS)
        scenario = scenario.model_copy(update={"seed": batch.seed(scenario.seed, given)})
        super().__init__(rng=scenario.seed % 2**32)
        self.session = Session(scenario, _arms(arms), _whole("replicate", replicate, scenario.n_replicates))
        self.is_stopped_late = batch.leaves_out_last
        batch.warn(self.session.n_ticks)
        reporters = {
            f"{arm}.{name}": partial(_latest, arm=arm, name=name)
            for arm in self.session.arms
            for name in _columns(self.session, arm)
        }
        always = {"time_h": lambda model: model.session.t_h, "seed": lambda model: model.session.scenario.seed}
        self.datacollector = DataCollector(model_reporters=always | reporters)
        self.datacollector.collect(self)

    def step(self) -> None:
        """Advance all arms by one ``dt``; at the end ``running`` turns false."""
        if self.session.is_over:
            self.running = False
            return
        self.session.step()
        self.running = not self.session.is_over or self.is_stopped_late
        self.datacollector.collect(self)


def _scenario(source: Source) -> Scenario:
    found = source() if callable(source) else load_scenario(source) if isinstance(source, str | Path) else source
    if not isinstance(found, Scenario):
        hint = "; batch_run takes a Scenario apart: put it into a list" if isinstance(found, tuple) else ""
        allowed = "a Scenario, the path of its file, or a function that returns one"
        raise InputError(f"source: found {type(found).__name__}; allowed: {allowed}{hint}")
    return found


def _arms(arms: Sequence[str] | str) -> Sequence[str]:
    names = (arms,) if isinstance(arms, str) else arms
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise InputError(f"arms: found {arms!r:.60}; allowed: a list of names")
    return names


def _whole(what: str, value: int, end: int) -> int:
    try:
        if 0 <= index(value) < end:
            return index(value)
    except TypeError:
        pass
    raise InputError(f"{what}: found {value!r:.60}; allowed: a whole number, 0 to {end - 1}")


def _columns(session: Session, arm: str) -> list[str]:
    """Return what is known of an arm from the start, deaths of every cause included."""
    seen = session.history[arm][0]
    world = session.simulations[arm].world
    is_dying_seen = session.scenario.space.keeps_cells
    causes = Fate().causes(world.populations[world.target]) if is_dying_seen else []
    return [*(name for name in seen if name != "time_h"), *(f"deaths_{cause}" for cause in causes)]


def _latest(model: AssayModel, arm: str, name: str) -> float:
    """Return the newest value of a total; a cause of death not yet seen counts 0."""
    return model.session.latest[arm].get(name, 0)
