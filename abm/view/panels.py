"""What is shown beside the maps: progress, charts, the cell that is followed, and what was done."""

import base64
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Timer
from typing import Any

import solara

from abm.core import kernel_cache
from abm.plot import arms as naming
from abm.plot.page import wording
from abm.plot.page.panel import Panel
from abm.view import charts
from abm.view.session import LOCK, Cell, Row, Session
from abm.view.shell import redraw, wait_for

REDRAW_S = 0.7  # design: charts are drawn anew at most this often
LOOK_S = 1.0  # design: seconds are counted while the model is compiled
MEANWHILE = "Until this line goes, a step takes longer; all else can be used."
STEPS = (
    "Press Play to let time run, Step to go on a little, Reset to begin anew; the numbers below say who is alive.",
    "On the left, add antibody, serum or cells, switch mechanisms off, and open a slider beside one to turn it.",
    "Look at the tabs, click a cell to follow it, and take scenario, numbers, figure or film away at the lower left.",
)
LEAST = 0.01  # design: levels below it are not written out


@solara.component
def Compiling(work: Future | None):
    """Say that the model is being compiled, how far that is and what may be done meanwhile, until it is."""
    begun = solara.use_memo(time.monotonic, [id(work)])
    n_looks, set_n_looks = solara.use_state(0)
    is_done = wait_for(work)

    def count() -> Callable[[], None] | None:
        return None if is_done else _later(LOOK_S, lambda: set_n_looks(n_looks + 1))

    solara.use_effect(count, [is_done, n_looks])
    if not is_done:
        made = f"{kernel_cache.n_compiled} parts of it so far, {time.monotonic() - begun:.0f} s"
        solara.Text(f"Compiling the model, once on this machine: {made}. {MEANWHILE}", classes=["hint"])


@solara.component
def Guide():
    """Show how to begin, a step at a time; whoever knows closes it."""
    step, set_step = solara.use_state(0)
    if step >= len(STEPS):
        return
    is_last = step + 1 == len(STEPS)
    with solara.Row(gap="10px", classes=["guide"], style={"align-items": "center"}):
        solara.Text(f"{step + 1} of {len(STEPS)}. {STEPS[step]}")
        solara.Button("Understood" if is_last else "Next", text=True, small=True, on_click=lambda: set_step(step + 1))
        if not is_last:
            solara.Button("Skip the guide", text=True, small=True, on_click=lambda: set_step(len(STEPS)))


def _later(wait_s: float, act: Callable[[], None]) -> Callable[[], None]:
    """Do something after a while, in a thread of its own; returns what prevents it."""
    timer = Timer(wait_s, act)
    timer.daemon = True
    timer.start()
    return timer.cancel


@solara.component
def Progress(session: Session, moment: tuple):
    """Show how the arms stand, then the clock: a browser draws in this order, so what it says holds at its time."""
    per = charts.per_unit(session)
    now, end, unit = session.t_h / per, session.scenario.duration / per, charts.unit(session)
    with solara.Row(gap="18px"):
        for arm in session.arms:
            solara.Text(_headline(session, arm))
    with solara.Row(style={"align-items": "center"}):
        solara.Text(f"{now:.2f} {unit} of {end:g} {unit}", classes=["time-now"])
        solara.ProgressLinear(value=100.0 * session.t_h / session.scenario.duration)


def _headline(session: Session, arm: str) -> str:
    """Say in a few words how an arm stands."""
    row = session.latest[arm]
    levels = charts.told(session)
    if levels:
        return f"{naming.label(arm)}: {', '.join(_level(session, row, panel) for panel in levels)}"
    alive, n = int(row["n_b_alive"]), int(row["n_b_start"])
    if n == 0:
        return f"{naming.label(arm)}: no B cells"
    return f"{naming.label(arm)}: {alive:,} of {n:,} B cells alive ({100.0 * alive / n:.1f} %)"


def _level(session: Session, row: Row, panel: Panel) -> str:
    said = session.measures.of(panel.column)
    value = said.factor * row[panel.column]
    text = wording.number(value) if value >= LEAST or value == 0 else f"< {LEAST}"
    return f"{said.words} {text} {said.shown}"


@solara.component
def Chart(draw: Callable[[Session], Any], session: Session, moment: tuple, name: str):
    """Show a figure, drawn anew no more often than the eye asks for."""
    last = solara.use_ref((0.0, None, None))
    late, set_late = solara.use_state(0)
    drawn_at, drawn, url = last.current
    key = ((id(session), name), moment)
    is_due = url is None or drawn[0] != key[0] or time.monotonic() - drawn_at > REDRAW_S
    if drawn != key and is_due:
        with LOCK:  # the model may step in another thread meanwhile
            drawn_figure = draw(session)
        url = as_url(charts.png(drawn_figure))
        last.current = (time.monotonic(), key, url)
    is_stale = last.current[1] != key

    def come_back() -> Callable[[], None] | None:
        return _later(REDRAW_S, lambda: set_late(late + 1)) if is_stale else None

    solara.use_effect(come_back, [key, late])
    solara.HTML(tag="img", attributes={"src": url, "alt": name, "class": "chart"})


@solara.component
def Followed(session: Session, moment: tuple):
    """Show history and numbers of the cell that was clicked, and its killer."""
    cell = session.followed
    if cell is None or not session.track:
        return
    row, kind = session.track[-1], session.kind_of(cell).word
    with solara.Card(f"{kind[:1].upper()}{kind[1:]} {cell.uid} in {naming.label(cell.arm)}"):
        solara.Text(_story(session, cell))
        image = as_url(charts.png(charts.track(session)))
        solara.HTML(tag="img", attributes={"src": image, "alt": "course of the cell", "class": "chart"})
        with solara.Details("All numbers"):
            population = session.simulations[cell.arm].world.populations[cell.population]
            lines = [(name, f"{row[name]:,.6g}", column.unit, column.doc)
                     for name, column in population.columns.items() if name in row]  # fmt: skip
            body = "".join("<tr>" + "".join(f"<td>{part}</td>" for part in line) + "</tr>" for line in lines)
            solara.HTML(unsafe_innerHTML=f"<table class='numbers'>{body}</table>")
        solara.Button("Follow no longer", text=True, on_click=lambda: (session.follow(None), redraw()))


def _killer(session: Session, cell: Cell, cause: str) -> str:
    """Return the kind of cell that kills by a cause."""
    world = session.simulations[cell.arm].world
    killers = world.populations[cell.population].columns[f"mark_{cause}_by"].refers
    return world.cell_types[killers].word


def _story(session: Session, cell: Cell) -> str:
    """Say whether a cell lives, and if not of what it died and by whom."""
    fate = session.fate_of(cell)
    if fate is None:
        return f"alive at {session.t_h:.2f} h"
    cause, killer = charts.causes(session, cell.arm)[fate["cause"]], fate["killer_uid"]
    by = f", killed by {_killer(session, cell, cause)} {killer}" if killer >= 0 else ""
    return (
        f"committed to die at {fate['time_h']:.2f} h: {naming.cause_name(cause)}{by}; "
        f"lysis at {fate['t_lysis_h']:.2f} h"
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


def as_url(image: bytes) -> str:
    """Return a PNG as an address that needs no server."""
    return "data:image/png;base64," + base64.b64encode(image).decode()
