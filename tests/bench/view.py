"""What the live view costs: a frame by the number of cells, beside Mesa's own drawing, and the way to a usable page."""

import base64
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from matplotlib.figure import Figure as Drawing

from abm.core.simulation import Simulation
from abm.scenario.build import Subject, build
from abm.view import raster
from abm.view.shell import when_redrawn  # noqa: F401 - imports Mesa's page without the warnings of its own import
from tests.bench.engine import assay
from tests.bench.everyday import QUICK
from tests.bench.figures import Plan
from tests.bench.rounds import paired, ratios
from tests.bench.shown import Figure
from tests.reference.mesa_model import FloorAssay, NKCell
from tests.view.served import browser, served

FRAMES = 10
MESA_CELLS = 10_000
STEPS = 20
DPI = 100


def view(plan: Plan) -> list[Figure]:
    """Seconds per frame of one map, from arrays to the text that goes to the browser, and of the page."""
    stepped = {n: _stepped(n, plan) for n in (*plan.sizes, MESA_CELLS)}
    sides: dict[int, Callable[[], float]] = {
        n: lambda one=one: _seconds(lambda: _frame(one), FRAMES) for n, one in stepped.items()
    }
    model = FloorAssay(assay(MESA_CELLS, plan.nk_share), "both", 1)
    model.step()
    sides[0] = lambda: _seconds(lambda: _mesa_frame(model), 1)
    measured, n_busy = paired(sides, plan.n_rounds)
    found = [Figure.of(f"a frame of one map, {n:.0e} cells".replace("e+0", "e"), "ms", [1e3 * s for s in measured[n]],
                       n_busy=n_busy) for n in stepped]  # fmt: skip
    name = f"a frame, Mesa's own drawing over ours, {MESA_CELLS:.0e} cells".replace("e+0", "e")
    return [*found, Figure.of(name, "×", ratios(measured[0], measured[MESA_CELLS])), *_page(plan)]


def _page(plan: Plan) -> list[Figure]:
    """Return how long the page takes until it can be used, and its first step; nothing where there is no browser."""
    with browser() as chromium:
        if chromium is None:
            return []
        _of_page(chromium)
        measured, n_busy = paired({"page": lambda: _of_page(chromium)}, plan.n_rounds)
    usable, first = zip(*measured["page"], strict=True)
    n = max(plan.threads)
    return [
        Figure.of("abm view quick.yaml, until its page can be used", "s", list(usable), n_threads=n, n_busy=n_busy),
        Figure.of("the page's first step", "s", list(first), n_threads=n, n_busy=n_busy, at_most=2.0),
    ]


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
    figure = Drawing(figsize=(side_in, side_in))
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


def _of_page(chromium: Any) -> tuple[float, float]:
    """Return seconds from the command until a browser that is open shows cells and a button, and of its first click."""
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder, served([QUICK], Path(folder) / "err.txt") as one:
        page = chromium.new_page()
        page.goto(one.address)
        page.locator(".cell-map img").first.wait_for()
        step = page.get_by_role("button", name="Step", exact=True)
        step.wait_for()
        usable, now = perf_counter(), page.locator(".time-now").inner_text()
        step.click()
        page.wait_for_function(f"document.querySelector('.time-now').textContent.trim() != '{now}'")
        stepped = perf_counter()
        page.close()
    return usable - start, stepped - usable
