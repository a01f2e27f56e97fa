"""A Mesa model around a session: what Mesa's users expect, while the cells stay arrays.

>>> from abm.view import AssayModel
>>> model = AssayModel("configs/scenarios/quick.yaml")
>>> while model.running:
...     model.step()
>>> model.datacollector.get_model_vars_dataframe()
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import mesa
from mesa.datacollection import DataCollector

from abm.core.fate import Fate
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.view.session import Session

Source = Scenario | str | Path | Callable[[], Scenario]


class AssayModel(mesa.Model):
    """Arms of a scenario as one Mesa model; a step is one ``dt`` of all arms.

    Parameters
    ----------
    source : Scenario, path of a scenario file, or function without arguments that returns a Scenario
        What is simulated; the function is called anew at each reset.
    arms : sequence of str
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
        Time in h and, by arm, every total that the scenario's own series has.

    Raises
    ------
    InputError
        The scenario has faults, an arm does not exist, or there are too many cells.
    """

    def __init__(
        self,
        source: Source = "configs/scenarios/quick.yaml",
        arms: Sequence[str] = (),
        replicate: int = 0,
        seed: int | None = None,
    ):
        scenario = _scenario(source)
        if seed is not None:
            scenario = scenario.model_copy(update={"seed": int(seed)})
        super().__init__(rng=scenario.seed % 2**32)
        self.session = Session(scenario, arms, replicate)
        reporters = {
            f"{arm}.{name}": partial(_latest, arm=arm, name=name)
            for arm in self.session.arms
            for name in _columns(self.session, arm)
        }
        self.datacollector = DataCollector(model_reporters={"time_h": lambda model: model.session.t_h} | reporters)
        self.datacollector.collect(self)

    def step(self) -> None:
        """Advance all arms by one ``dt``; at the end ``running`` turns false."""
        self.session.step()
        self.running = not self.session.is_over
        self.datacollector.collect(self)


def _scenario(source: Source) -> Scenario:
    if isinstance(source, Scenario):
        return source
    return load_scenario(source) if isinstance(source, str | Path) else source()


def _columns(session: Session, arm: str) -> list[str]:
    """Return what is known of an arm from the start, deaths of every cause included."""
    seen = session.history[arm][0]
    causes = [] if session.scenario.is_patient else Fate().causes(session.simulations[arm].world.populations["b_cells"])
    return [*(name for name in seen if name != "time_h"), *(f"deaths_{cause}" for cause in causes)]


def _latest(model: AssayModel, arm: str, name: str) -> float:
    """Return the newest value of a total; a cause of death not yet seen counts 0."""
    return model.session.latest[arm].get(name, 0)
