"""The page: Mesa's own shell with play, step and reset, around maps, courses, steering and what can be taken away."""

import asyncio
import base64
import json
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import solara
import solara.lab

from abm.core.errors import AbmError
from abm.plot import arms as naming
from abm.plot import style
from abm.scenario.schema import Scenario
from abm.view import charts, movie, raster, steering
from abm.view.model import AssayModel
from abm.view.session import Cell, Session

with warnings.catch_warnings():  # Mesa's own page breaks a rule of Solara's for hooks, which the import says each time
    warnings.simplefilter("ignore")
    from mesa.visualization import SolaraViz
    from mesa.visualization.utils import update_counter

PLAY_INTERVAL_MS = 1
FRAMES = 150  # design: pictures that a run from start to end shows at first
REDRAW_S = 0.7  # courses are drawn anew at most this often
TABS = ("Cells", "Over time", "Distributions", "Done so far")
SEEDS = 1000


class Opened:
    """What the server was started with."""

    scenario: Scenario | None = None
    arms: Sequence[str] = ()


@solara.component
def Page():
    """Show one viewer's own session."""
    scenario = Opened.scenario
    if scenario is None:
        solara.Error("Start the page with: abm view SCENARIO.yaml")
        return
    keeps = solara.use_reactive(False)
    holder: dict[str, solara.Reactive[AssayModel]] = solara.use_memo(dict, [])

    def source() -> Scenario:
        return holder["model"].value.session.as_at_start() if holder and keeps.value else scenario

    first = solara.use_memo(lambda: AssayModel(source, Opened.arms, 0, scenario.seed), [])
    model = solara.use_reactive(first)
    holder["model"] = model
    parameters = {
        "source": source,
        "arms": tuple(Opened.arms),
        "replicate": _slider("Patient" if scenario.is_patient else "Replicate", 0, 0, scenario.replicates - 1),
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
    update_counter.get()
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

    solara.Style(CSS)
    with solara.Sidebar(), solara.Column(gap="8px"):
        Adding(session, attempt)
        Steering(session, (len(session.actions), n_done.value, session.tick == 0), attempt)
        with solara.Card("Take away"):
            solara.Checkbox(label="Reset keeps what was changed", value=keeps)
            Downloads(session)
    with solara.Column(classes=["watched"], gap="6px"):
        Progress(session, session.tick, n_done.value)
        if message.value:
            with solara.Error(message.value):
                solara.Button("Understood", text=True, on_click=lambda: message.set(""))
        names = TABS[1:] if not _has_map(session) else TABS
        with solara.lab.Tabs(value=tab):
            for name in names:
                solara.lab.Tab(name)
        shown = names[min(tab.value, len(names) - 1)]
        if shown == "Cells":
            Maps(session, session.tick, n_done.value)
        elif shown == "Over time":
            Chart(charts.courses, session, (session.tick, n_done.value), "courses")
        elif shown == "Distributions":
            if session.scenario.is_patient:
                solara.Info("Of a patient there are courses; subclones are not drawn one by one.")
            else:
                Chart(charts.distributions, session, (session.tick, n_done.value), "distributions")
        else:
            Done(session, len(session.actions))


def _has_map(session: Session) -> bool:
    return all(raster.has_map(simulation.world) for simulation in session.simulations.values())


@solara.component
def Progress(session: Session, tick: int, n_done: int):
    """Show time and progress."""
    per = charts.per_unit(session)
    now, end, unit = session.t_h / per, session.scenario.duration / per, charts.unit(session)
    with solara.Row(style={"align-items": "center"}):
        solara.Text(f"{now:.2f} {unit} of {end:g} {unit}", classes=["time-now"])
        solara.ProgressLinear(value=100.0 * session.t_h / session.scenario.duration)
    with solara.Row(gap="18px"):
        for arm in session.arms:
            solara.Text(_headline(session, arm))


def _headline(session: Session, arm: str) -> str:
    """Say in a few words how an arm stands."""
    row = session.history[arm][-1]
    if session.scenario.is_patient:
        return f"{naming.label(arm)}: IgM {row['igm_g_per_L']:.1f} g/L, drug {row['rituximab_ug_per_mL']:.3g} µg/mL"
    alive, n = int(row["n_b_alive"]), max(1, int(row["n_b_start"]))
    return f"{naming.label(arm)}: {alive:,} of {n:,} B cells alive ({100.0 * alive / n:.1f} %)"


@solara.component_vue("cell_map.vue", vuetify=False)
def CellMap(
    image: str,
    name: str,
    bar_share: float,
    bar_name: str,
    mark: list | None,
    event_pick: Callable[[list], None],
    event_zoom: Callable[[list], None],
):
    """Show a picture; a click picks a place, a drag a square, both as shares of the side."""


@solara.component
def Maps(session: Session, tick: int, n_done: int):
    """Show the floor of every arm, what colours mean, and the cell that is followed."""
    look, set_look = solara.use_state(raster.Look())
    world = next(iter(session.simulations.values())).world
    side = world.space.side

    def choose(**what: str) -> None:
        set_look(raster.Look(**{"box": look.box, "b_by": look.b_by, "nk_by": look.nk_by, "layer": look.layer} | what))

    with solara.Row(style={"align-items": "flex-end"}, gap="14px"):
        solara.Select("B cells by", value=look.b_by, values=list(raster.B_BY), on_value=lambda v: choose(b_by=v))
        solara.Select("NK cells by", value=look.nk_by, values=list(raster.NK_BY), on_value=lambda v: choose(nk_by=v))
        layers = sorted(
            {n for s in session.simulations.values() for n in raster.layers(s.world)}, key=list(raster.LAYERS).index
        )
        solara.Select("Layer", value=look.layer, values=layers, on_value=lambda v: choose(layer=v))
        solara.Button("Whole floor", disabled=look.box[2] <= 0.0, on_click=lambda: choose(box=(0.0, 0.0, 0.0)))
    with solara.Row(gap="12px", style={"flex-wrap": "wrap"}):
        for arm in session.arms:
            ArmMap(session, arm, look, (tick, n_done), lambda box: choose(box=box))
    Legend(look, session, tick)
    solara.Text(f"Drag to zoom, click a cell to follow it. The floor's side is {side:g} µm.", classes=["hint"])
    Followed(session, tick)


@solara.component
def ArmMap(session: Session, arm: str, look: raster.Look, moment: tuple, zoom: Callable[[tuple], None]):
    """Show the floor of one arm."""
    world = session.simulations[arm].world
    left, low, side = look.square(world.space.side)
    image = raster.png(raster.picture(world, look))
    bar = style.bar_length_um(side)

    def on_zoom(ends: list) -> None:
        x0, y0, x1, y1 = ends
        new = min(1.0, max(abs(x1 - x0), abs(y1 - y0))) * side
        zoom((left + min(x0, x1) * side, low + min(y0, y1) * side, new))

    def on_pick(place: list) -> None:
        x, y = left + place[0] * side, low + place[1] * side
        session.follow(session.nearest_cell(arm, x, y, max(raster.CELL_UM, 0.03 * side)))
        update_counter.value += 1

    CellMap(
        image="data:image/png;base64," + base64.b64encode(image).decode(),
        name=naming.label(arm),
        bar_share=bar / side,
        bar_name=f"{bar / 1000:g} mm" if bar >= 1000 else f"{bar:g} µm",
        mark=_mark(session, arm, (left, low, side)),
        event_pick=on_pick,
        event_zoom=on_zoom,
    )


def _mark(session: Session, arm: str, square: tuple[float, float, float]) -> list[float] | None:
    """Return where the followed cell is in the picture, None where it is not."""
    cell, (left, low, side) = session.followed, square
    if cell is None or cell.arm != arm or not session.track:
        return None
    last = session.track[-1]
    x, y = (last["x_um"] - left) / side, (last["y_um"] - low) / side
    return [x, y] if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 else None


@solara.component
def Legend(look: raster.Look, session: Session, tick: int):
    """Say what colours mean."""
    with solara.Row(gap="18px", style={"flex-wrap": "wrap"}, classes=["legend"]):
        if look.b_by == "fate":
            _dot(style.BLUE, "B cell")
            _dot(style.VERMILION, "B cell, committed to die")
        causes = sorted({c for rows in session.history.values() for name in rows[-1] for c in _cause(name)})
        for cause, colour in raster.cause_colours(causes).items():
            _dot(colour, f"lysed: {naming.cause_name(cause)}", is_hollow=True)
        if look.nk_by == "engaged":
            _dot(raster.NK_GREY, "NK cell")
            _dot(raster.NK_ENGAGED, "NK cell, engaged")
        for scale in look.scales():
            _colour_bar(scale)


def _cause(column: str) -> list[str]:
    return [column.removeprefix("deaths_")] if column.startswith("deaths_") else []


def _dot(colour: str, text: str, *, is_hollow: bool = False) -> None:
    fill = f"border: 2px solid {colour}" if is_hollow else f"background: {colour}"
    solara.HTML(unsafe_innerHTML=f'<span class="dot" style="{fill}"></span>{text}')


def _colour_bar(scale: raster.Scale) -> None:
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in scale.table()[::32])
    lo, hi = (f"{value:,g}" for value in (scale.lo, scale.hi))
    bar = f'<span class="colour-bar" style="background: linear-gradient(to right, {stops})"></span>'
    kind = ", log" if scale.is_log else ""
    solara.HTML(unsafe_innerHTML=f"{scale.label}, {scale.unit}{kind}: {lo} {bar} {hi}")


@solara.component
def Followed(session: Session, tick: int):
    """Show history and numbers of the cell that was clicked, and its killer."""
    cell = session.followed
    if cell is None or not session.track:
        return
    row = session.track[-1]
    with solara.Card(f"{_kind(cell)} {cell.uid} in {naming.label(cell.arm)}"):
        solara.Text(_story(session, cell))
        solara.HTML(tag="img", attributes={"src": _url(charts.png(charts.track(session))), "alt": "course of the cell"})
        with solara.Details("All numbers"):
            population = session.simulations[cell.arm].world.populations[cell.population]
            lines = [(name, f"{row[name]:,.6g}", column.unit, column.doc)
                     for name, column in population.columns.items() if name in row]  # fmt: skip
            body = "".join("<tr>" + "".join(f"<td>{part}</td>" for part in line) + "</tr>" for line in lines)
            solara.HTML(unsafe_innerHTML=f"<table class='numbers'>{body}</table>")
        solara.Button("Follow no longer", text=True, on_click=lambda: (session.follow(None), _redraw()))


def _redraw() -> None:
    update_counter.value += 1


def _kind(cell: Cell) -> str:
    return "B cell" if cell.population == "b_cells" else "NK cell"


def _story(session: Session, cell: Cell) -> str:
    """Say whether a cell lives, and if not of what it died and by whom."""
    fate = session.fate_of(cell)
    if fate is None:
        return f"alive at {session.t_h:.2f} h"
    causes = charts.causes(session, cell.arm)
    by = f", killed by NK cell {fate['killer_uid']}" if fate["killer_uid"] >= 0 else ""
    return (
        f"committed to die at {fate['time_h']:.2f} h: {naming.cause_name(causes[fate['cause']])}{by}; "
        f"lysis at {fate['t_lysis_h']:.2f} h"
    )


@solara.component
def Chart(draw: Callable[[Session], Any], session: Session, moment: tuple, name: str):
    """Show a figure, drawn anew no more often than the eye asks for."""
    last = solara.use_ref((0.0, None, None))
    late, set_late = solara.use_state(0)
    drawn_at, drawn_moment, url = last.current
    key = (id(session), moment)
    is_due = time.monotonic() - drawn_at > REDRAW_S or url is None or drawn_moment[0] != key[0]
    if drawn_moment != key and is_due:
        url = _url(charts.png(draw(session)))
        last.current = (time.monotonic(), key, url)
    is_stale = last.current[1] != key

    async def later() -> None:
        if is_stale:
            await asyncio.sleep(REDRAW_S)
            set_late(late + 1)

    solara.lab.use_task(later, dependencies=[key], prefer_threaded=False)
    solara.HTML(tag="img", attributes={"src": url, "alt": name, "class": "chart"})


def _url(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode()


@solara.component
def Adding(session: Session, attempt: Callable[[Callable[[], None]], None]):
    """Add something now."""
    known = steering.addable(session)
    what, set_what = solara.use_state(next(iter(known)))
    amount, set_amount = solara.use_state(known[what])
    arms, set_arms = solara.use_state(steering.ALL)

    def choose(name: str) -> None:
        set_what(name)
        set_amount(known[name])

    def add() -> None:
        session.add(what, steering.amount(what, amount), steering.arms_of(session, arms))

    with solara.Card("Add now"):
        solara.Select("What", value=what, values=list(known), on_value=choose)
        solara.InputText("How much", value=amount, on_value=set_amount, continuous_update=True)
        solara.Select("To", value=arms, values=[steering.ALL, *session.arms], on_value=set_arms)
        solara.Button("Add", color="primary", on_click=lambda: attempt(add))


@solara.component
def Steering(session: Session, version: tuple, attempt: Callable[[Callable[[], None]], None]):
    """Switch mechanisms and turn their parameters now."""
    choice, set_choice = solara.use_state(steering.ALL)
    opened, set_opened = solara.use_state("")
    chosen = steering.arms_of(session, choice)

    def change(values: dict[str, Any]) -> None:
        attempt(lambda: session.change(values, chosen))

    with solara.Card("Change now"):
        solara.Select("In", value=choice, values=[steering.ALL, *session.arms], on_value=set_choice)
        for mechanism in steering.mechanisms(session, chosen[0]):
            with solara.Row(style={"align-items": "center"}, gap="2px"):
                solara.Switch(
                    label=mechanism.name,
                    value=mechanism.is_on,
                    on_value=lambda on, m=mechanism: change({m.path: m.as_file if on else None}),
                )
                if mechanism.knobs and mechanism.is_on:
                    solara.Button(
                        icon_name="mdi-tune",
                        icon=True,
                        small=True,
                        attributes={"aria-label": f"parameters of {mechanism.name}"},
                        on_click=lambda m=mechanism: set_opened("" if opened == m.name else m.name),
                    )
            if mechanism.name == opened and mechanism.is_on:
                solara.Text(mechanism.title, classes=["hint"])
                for knob in mechanism.knobs:
                    Turn(knob, change)


@solara.component
def Turn(knob: steering.Knob, change: Callable[[dict[str, Any]], None]):
    """Show one knob: a slider over its stops, or a choice."""
    with solara.Tooltip(knob.source or knob.text), solara.Column(gap="0px"):
        if all(isinstance(stop, int | float) and not isinstance(stop, bool) for stop in knob.stops):
            solara.SliderValue(
                knob.label,
                value=knob.value,
                values=list(knob.stops),
                on_value=lambda value: change({knob.path: knob.as_text(value)}),
            )
        else:
            solara.Select(
                knob.label, value=knob.value, values=list(knob.stops), on_value=lambda value: change({knob.path: value})
            )


@solara.component
def Done(session: Session, n_actions: int):
    """Show everything that was done."""
    if not session.actions:
        solara.Info("Nothing was done yet. What you add or change stands here, and in the scenario that you can save.")
        return
    per, unit = charts.per_unit(session), charts.unit(session)
    lines = [
        (f"{action.t_h / per:.4g} {unit}", ", ".join(map(naming.label, action.arms)), action.what)
        for action in session.actions
    ]
    body = "".join("<tr>" + "".join(f"<td>{_escaped(part)}</td>" for part in line) + "</tr>" for line in lines)
    solara.HTML(
        unsafe_innerHTML=f"<table class='numbers'><tr><th>when</th><th>arms</th><th>what</th></tr>{body}</table>"
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@solara.component
def Downloads(session: Session):
    """Offer scenario, series, log, figure and animation as files."""
    name = session.scenario.name

    def log() -> str:
        return json.dumps([vars(action) for action in session.actions], indent=1)

    def series() -> str:
        return session.series().to_csv(index=False)

    def figure() -> bytes:
        return charts.png(charts.courses(session))

    solara.FileDownload(session.scenario_file, f"{name}.yaml", label="Scenario with all that was done")
    solara.FileDownload(series, f"{name}-series.csv", label="Series")
    solara.FileDownload(figure, f"{name}.png", label="Figure")
    solara.FileDownload(log, f"{name}-log.json", label="Log")
    solara.FileDownload(lambda: movie.gif(session), f"{name}.gif", label="Animation until now")


CSS = """
.watched { padding: 8px 16px; }
.time-now { white-space: nowrap; font-variant-numeric: tabular-nums; margin-right: 12px; font-weight: bold; }
.chart { max-width: 100%; }
.hint, .legend { font-size: 13px; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 5px; }
.colour-bar { display: inline-block; width: 120px; height: 10px; margin: 0 5px; }
.numbers td, .numbers th { padding: 1px 10px; font-size: 13px; text-align: left; }
"""
