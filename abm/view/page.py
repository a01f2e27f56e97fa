"""The page: Mesa's own shell with play, step and reset, around maps, courses, steering and what can be taken away."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

import solara
import solara.lab

from abm.core.errors import AbmError
from abm.core.resources import cores
from abm.scenario.schema import Scenario
from abm.scenario.warm import is_warm, warm_up
from abm.view import charts, raster
from abm.view.maps import Maps
from abm.view.model import AssayModel
from abm.view.panels import Chart, Compiling, Done, Followed, Guide, Progress
from abm.view.session import Session, refuse
from abm.view.shell import SolaraViz, wait_for, when_redrawn
from abm.view.sidebar import Adding, Downloads, Steering

PLAY_INTERVAL_MS = 1
FRAMES = 150  # design: pictures that a run from start to end shows at first
TABS = ("Cells", "Over time", "Distributions", "Done so far")
PATIENT_TABS = ("Over time", "Done so far")
SEEDS = 1000


class Opened:
    """What the server was started with; the first model and its kernels are made while a browser loads the page."""

    scenario: Scenario | None = None
    arms: tuple[str, ...] = ()
    ready: ClassVar[list[Future[AssayModel]]] = []
    compiling: Future[None] | None = None

    @classmethod
    def start(cls, scenario: Scenario, arms: Sequence[str]) -> None:
        """Take what is shown, and begin to make the first model and to compile what its steps need."""
        cls.scenario, cls.arms = scenario, tuple(arms)
        pool = ThreadPoolExecutor(1)
        shown = scenario.model_copy(update={"arms": {name: scenario.arms[name] for name in refuse(scenario, arms)}})
        was_warm = is_warm(shown, cores())
        cls.ready[:] = [pool.submit(AssayModel, scenario, cls.arms, 0, scenario.seed)]
        loading = pool.submit(warm_up, shown, cores())
        cls.compiling = None if was_warm else loading
        pool.shutdown(wait=False)

    @classmethod
    def model(cls) -> Future[AssayModel]:
        """Return a model at its start, for one viewer alone, as soon as it is made."""
        if cls.ready:
            return cls.ready.pop()
        made: Future[AssayModel] = Future()
        made.set_result(AssayModel(cls.scenario, cls.arms, 0, cls.scenario.seed))
        return made


@solara.component
def Page():
    """Show one viewer's own session."""
    if Opened.scenario is None:
        solara.Error("Start the page with: abm view SCENARIO.yaml")
    else:
        Opening(Opened.scenario, Opened.arms)


@solara.component
def Opening(scenario: Scenario, arms: tuple[str, ...]):
    """Show one viewer's own session as soon as its model is made."""
    made = solara.use_memo(Opened.model, [])
    if wait_for(made):
        Viewer(scenario, arms, made.result())
    else:
        Compiling(Opened.compiling)


@solara.component
def Viewer(scenario: Scenario, arms: tuple[str, ...], first: AssayModel):
    """Show Mesa's controls and the model behind them."""
    keeps = solara.use_reactive(False)
    holder: dict[str, solara.Reactive[AssayModel]] = solara.use_memo(dict, [])

    def source() -> Scenario:
        return holder["model"].value.session.as_at_start() if holder and keeps.value else scenario

    model = solara.use_reactive(first)
    holder["model"] = model
    parameters = {
        "source": source,
        "arms": arms,
        "replicate": _slider(scenario.space.replicate, 0, 0, scenario.n_replicates - 1),
        "seed": _slider("Seed", scenario.seed, 0, max(SEEDS, 2 * scenario.seed)),
    }
    n_ticks = first.session.n_ticks
    SolaraViz(
        model,
        components=[],
        model_params=parameters,
        play_interval=PLAY_INTERVAL_MS,
        render_interval=min(100, max(1, n_ticks // FRAMES)),
        name=scenario.title or scenario.name,
    )
    Watched(model.value, keeps)


def _slider(label: str, value: int, low: int, high: int) -> Any:
    if high <= low:
        return value
    return {
        "type": "SliderInt",
        "label": f"{label} (from the next reset)",
        "value": value,
        "min": low,
        "max": high,
        "step": 1,
    }


@solara.component
def Watched(model: AssayModel, keeps: solara.Reactive[bool]):
    """Show a model and what can be done to it; drawn anew whenever Mesa says that it has stepped."""
    when_redrawn()
    session = model.session
    message = solara.use_reactive("")
    n_done = solara.use_reactive(0)
    tab = solara.use_reactive(0)

    def attempt(act: Callable[[], None]) -> None:
        """Do something to the session, or say why it cannot be done."""
        message.value = ""
        try:
            act()
        except AbmError as error:
            message.value = str(error)
        n_done.value += 1

    # A component with equal arguments is not drawn anew: everything shown depends on these.
    moment = (session.tick, n_done.value, session.followed)
    solara.Style(CSS)
    with solara.Sidebar(), solara.Column(gap="8px"):
        Adding(session, attempt)
        Steering(session, (len(session.actions), n_done.value, session.tick == 0), attempt)
        with solara.Card("Take away"):
            solara.Checkbox(label="Reset keeps what was changed", value=keeps)
            Downloads(session)
    with solara.Column(classes=["watched"], gap="6px"):
        Guide()
        Progress(session, moment)
        Compiling(Opened.compiling)
        if message.value:
            with solara.Error(message.value):
                solara.Button("Understood", text=True, on_click=lambda: message.set(""))
        names = PATIENT_TABS if session.scenario.space.scale == "body" else TABS if _has_map(session) else TABS[1:]
        with solara.lab.Tabs(value=tab):
            for name in names:
                solara.lab.Tab(name)
        shown = names[min(tab.value, len(names) - 1)]
        if shown == "Cells":
            Maps(session, moment)
            Followed(session, moment)
        elif shown == "Over time":
            Chart(charts.courses, session, moment, "courses")
        elif shown == "Distributions":
            Chart(charts.distributions, session, moment, "distributions")
        else:
            Done(session, len(session.actions))


def _has_map(session: Session) -> bool:
    return all(raster.has_map(simulation.world) for simulation in session.simulations.values())


CSS = """
.watched { padding: 8px 16px; }
.time-now { white-space: nowrap; font-variant-numeric: tabular-nums; margin-right: 12px; font-weight: bold; }
.guide { background: #eef5fb; border-left: 4px solid #0072b2; padding: 2px 12px; flex-wrap: wrap; }
.chart { max-width: 100%; }
@media (max-height: 800px) { .chart { max-height: 68vh; width: auto !important; } .watched { padding: 2px 12px; } }
.hint, .legend { font-size: 13px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 5px; }
.colour-bar { display: inline-block; width: 120px; height: 10px; margin: 0 5px; }
.numbers td, .numbers th { padding: 1px 10px; font-size: 13px; text-align: left; }
"""
