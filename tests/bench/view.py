"""What the live view costs: a frame by the number of cells, beside Mesa's own drawing, and the way to a usable page."""

import base64
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure

from abm.core.simulation import Simulation
from abm.scenario.build import Subject, build
from abm.view import raster
from abm.view.shell import when_redrawn  # noqa: F401 - imports Mesa's page without the warnings of its own import
from tests.bench.engine import assay
from tests.bench.figures import Plan
from tests.bench.rounds import paired, ratios, summary
from tests.reference.mesa_model import FloorAssay, NKCell
from tests.view.served import browser, served

FRAMES = 10
MESA_CELLS = 10_000
STEPS = 20
DPI = 100


def view(plan: Plan) -> dict[str, Any]:
    """Seconds per frame of one map, from arrays to the text that goes to the browser, and until the page is usable."""
    stepped = {str(n): _stepped(n, plan) for n in plan.sizes}
    sides: dict[str, Callable[[], float]] = {
        n: lambda one=one: _seconds(lambda: _frame(one), FRAMES) for n, one in stepped.items()
    }
    model = FloorAssay(assay(MESA_CELLS, plan.nk_share), "both", 1)
    model.step()
    sides["mesa"] = lambda: _seconds(lambda: _mesa_frame(model), 1)
    measured, n_busy = paired(sides, plan.n_rounds)
    found: dict[str, Any] = {"frame_s": {name: summary(seconds) for name, seconds in measured.items()}}
    if str(MESA_CELLS) in measured:
        found["mesa_over_ours"] = ratios(measured["mesa"], measured[str(MESA_CELLS)])
    with browser() as chromium:
        if chromium is not None:
            _until_usable(chromium)
            found["until_usable_s"] = summary([_until_usable(chromium) for _ in range(plan.n_rounds)])
    return found | {"busy_rounds": n_busy}


def _stepped(n_cells: int, plan: Plan) -> Simulation:
    simulation = build(assay(n_cells, plan.nk_share), Subject("both", 0))
    for _ in range(STEPS):
        simulation.step()
    return simulation


def _frame(simulation: Simulation) -> str:
    return base64.b64encode(raster.png(raster.picture(simulation.world, raster.Look()))).decode()


def _mesa_frame(model: FloorAssay) -> str:
    from mesa.visualization.mpl_space_drawing import draw_space

    buffer, side_in = io.BytesIO(), raster.PIXELS / DPI
    figure = Figure(figsize=(side_in, side_in))
    draw_space(model.floor, _portrayal, ax=figure.add_subplot(), draw_grid=False)
    figure.savefig(buffer, format="png", dpi=DPI)
    return base64.b64encode(buffer.getvalue()).decode()


def _portrayal(agent: Any) -> Any:
    from mesa.visualization.components import AgentPortrayalStyle

    return AgentPortrayalStyle(color="tab:gray" if isinstance(agent, NKCell) else "tab:blue", size=2)


def _seconds(draw: Callable[[], Any], n: int) -> float:
    start = perf_counter()
    for _ in range(n):
        draw()
    return (perf_counter() - start) / n


def _until_usable(chromium: Any) -> float:
    """Seconds from the command until a browser that is open shows cells and the Step button."""
    start = perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(["configs/scenarios/quick.yaml"], Path(folder) / "err.txt") as one,
    ):
        page = chromium.new_page()
        page.goto(one.address)
        page.locator(".cell-map img").first.wait_for()
        page.get_by_role("button", name="Step", exact=True).wait_for()
        seconds = perf_counter() - start
        page.close()
    return seconds
