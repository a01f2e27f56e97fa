"""Courses and distributions of a session as figures, in the colours of the report."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.cell_type import CellType
from abm.core.clock import H_PER_D
from abm.core.fate import Fate
from abm.core.world import World
from abm.plot import arms as naming
from abm.plot.page import style, wording
from abm.plot.page.panel import DASH_DOT, DASHED, DOTTED, SOLID, Panel
from abm.plot.trial import (
    cells,
    clone_sizes,
    igm,
    lymphocytes,
    pharmacokinetics,
    secretors,
    signal_inhibition,
    viscosity,
)
from abm.plot.well import complement, drug
from abm.plot.well import igm as medium
from abm.view.colours import pairs
from abm.view.session import Row, Session

DPI = 90
PANEL_IN = (3.5, 2.35)
MARGINS_IN = (0.62, 0.12, 0.55, 0.3)  # left, right, below, above a panel
KEY_IN = 0.35
HOURS = {"h": 1.0, "d": H_PER_D}
BINS = 24
ALIVE = style.area_key("alive", style.BLUE, 0.35)
DASHES = {SOLID: "—", DASHED: "- -", DASH_DOT: "-·", DOTTED: "··"}
Draw = Callable[[Axes, Session], None]


def courses(session: Session) -> Figure:
    """Draw what has happened so far: a panel per arm with the B cells or IgM by origin, then totals of all arms."""
    each, totals = KINDS[kind_of(session)]
    fig, axes = _panels(len(session.arms) + len(totals))
    for ax, arm in zip(axes, session.arms, strict=False):
        each(ax, session, arm)
    for ax, total in zip(axes[len(session.arms) :], totals, strict=True):
        if isinstance(total, Panel):
            _one(ax, session, total)
        else:
            total(ax, session)
    for ax in axes:
        ax.set_xlabel(f"time, {unit(session)}", fontsize=style.SMALL_PT)
        ax.set_xlim(0, session.scenario.duration / per_unit(session))
        style.time_axis(ax.xaxis)
    _key(fig, session)
    return fig


def distributions(session: Session) -> Figure:
    """Draw CD20 of the survivors against all, and kills per effector cell, a column per arm."""
    fig, axes = _panels(2 * len(session.arms), n_cols=len(session.arms))
    for i, (arm, simulation) in enumerate(session.simulations.items()):
        _cd20(axes[i], simulation.world)
        axes[i].set_title(naming.label(arm), fontsize=style.FONT_PT, loc="left", fontweight="bold")
        _kills(axes[len(session.arms) + i], simulation.world)
    return fig


def outcome(ax: Axes, session: Session) -> None:
    """Draw what matters most of all arms into axes: B cells alive, or serum IgM."""
    kind = kind_of(session)
    if kind in LEVELS:
        _one(ax, session, LEVELS[kind])
    else:
        style.dress(ax, "", "%", "B cells alive")
        for arm, colour in _colours(session).items():
            x, alive = _xy(session.history[arm], "n_b_alive", session)
            _, n = _xy(session.history[arm], "n_b_start", session)
            ax.plot(x, _percent(alive, n), color=colour, linewidth=1.6)
        ax.set_ylim(0, 100)
    for arm, colour in _colours(session).items():
        ax.plot([], [], color=colour, label=naming.label(arm))
    ax.set_xlim(0, session.scenario.duration / per_unit(session))
    ax.set_xlabel(f"time, {unit(session)}", fontsize=style.SMALL_PT)
    ax.legend(fontsize=style.SMALL_PT, frameon=False, loc="upper right")


def track(session: Session) -> Figure:
    """Draw the course of the cell that is followed."""
    rows = session.track
    kind = session.kind_of(session.followed) if session.followed else None
    found = {one.column: one.label for one in (kind.shown if kind else ()) if rows and one.column in rows[0]}
    fig, axes = _panels(max(1, len(found)), n_cols=max(1, len(found)), size=(2.3, 1.6))
    for ax, (name, text) in zip(axes, found.items(), strict=False):
        x, y = _xy(rows, name, session)
        style.dress(ax, "", "", text)
        ax.plot(x, y, color=style.BLACK, linewidth=1.2, marker="o" if len(rows) == 1 else None, markersize=3)
        ax.set_xlabel(f"time, {unit(session)}", fontsize=style.SMALL_PT)
        ax.set_ylim(bottom=0)
    return fig


def png(fig: Figure) -> bytes:
    """Return a figure as PNG at the size of the page."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI)
    return buffer.getvalue()


def causes(session: Session, arm: str) -> list[str]:
    """Return the causes of death in an arm, in the order of their codes."""
    world = session.simulations[arm].world
    return Fate().causes(world.populations[world.target])


def kind_of(session: Session) -> str:
    """Return what is watched: ``well``, ``patient`` with serum IgM, or ``cll``."""
    row = session.latest[session.arms[0]]
    return next((kind for kind, level in LEVELS.items() if level.column in row), "well")


def unit(session: Session) -> str:
    """Return the unit of time that a viewer reads."""
    return session.scenario.space.time_unit


def per_unit(session: Session) -> float:
    """Return the hours of that unit."""
    return HOURS[unit(session)]


def _panels(n: int, n_cols: int = 0, size: tuple[float, float] = PANEL_IN) -> tuple[Figure, list[Axes]]:
    """Return a figure with its panels at fixed places: laying them out anew would take most of the time of a frame."""
    n_cols = min(n, n_cols or (3 if n <= 6 else 4))
    n_rows = -(-n // n_cols)
    width, height = size[0] * n_cols, size[1] * n_rows + KEY_IN
    fig = style.new_figure(height, width_in=width)
    fig.set_layout_engine(None)
    axes = style.panels(fig, n, n_cols, share=False)
    left, right, low, up = MARGINS_IN
    inner = size[0] - left - right, size[1] - low - up
    for i, ax in enumerate(axes):
        row, column = divmod(i, n_cols)
        corner = column * size[0] + left, height - (row + 1) * size[1] + low
        ax.set_position((corner[0] / width, corner[1] / height, inner[0] / width, inner[1] / height))
    return fig, axes


def _key(fig: Figure, session: Session) -> None:
    keys: list[Artist] = [style.line_key(naming.label(arm), colour) for arm, colour in _colours(session).items()]
    kind = kind_of(session)
    if kind == "patient":
        keys += [part.area_key() for part in secretors.PARTS]
    elif kind == "cll":
        keys += [replace(part, colour=style.INK).line_key() for part in clone_sizes.PARTS]
    else:
        keys += [pool.line_key() for pool in complement.POOLS]
        keys += [style.area_key(naming.cause_name(c), colour) for c, colour in _cause_colours(session).items()]
        keys += [ALIVE]
    style.legend_below(fig, keys)


def _colours(session: Session) -> dict[str, str]:
    return dict(zip(session.arms, style.ARM_COLOURS, strict=False))


def _cause_colours(session: Session) -> dict[str, str]:
    return style.cause_colours(sorted({cause for arm in session.arms for cause in causes(session, arm)}))


def _xy(rows: Sequence[Row], name: str, session: Session) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([row["time_h"] for row in rows]) / per_unit(session)
    return x, np.array([row.get(name, 0.0) for row in rows], float)


def _percent(part: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Return shares in percent; of no cells there is none."""
    return 100.0 * part / np.where(n > 0, n, np.nan)


def _fates(ax: Axes, session: Session, arm: str) -> None:
    """Draw B cells by what became of them, in percent of all there have been."""
    rows = session.history[arm]
    x, n = _xy(rows, "n_b_start", session)
    colours = _cause_colours(session)
    parts = [_xy(rows, f"deaths_{cause}", session)[1] for cause in colours]
    alive = n - np.sum(parts, axis=0) if parts else n
    shares = [_percent(part, n) for part in (alive, *parts)]
    style.dress(ax, "", "B cells, %", naming.label(arm))
    ax.stackplot(x, shares, colors=[(style.BLUE, 0.35), *colours.values()], linewidth=0)
    ax.set_ylim(0, 100)


def _lines(ax: Axes, session: Session, panels: Sequence[Panel], title: str, y: str) -> None:
    """Draw columns together, in the colours of the arms and each with its own line."""
    style.dress(ax, "", y, title)
    for panel in panels:
        factor = session.measures.of(panel.column).factor
        for arm, colour in _colours(session).items():
            x, values = _xy(session.history[arm], panel.column, session)
            ax.plot(x, factor * values, color=colour, linestyle=panel.dash, linewidth=1.4)
    ax.set_ylim(bottom=0)


def _one(ax: Axes, session: Session, panel: Panel) -> None:
    _lines(ax, session, [panel], panel.title, session.measures.of(panel.column).shown or "number")


def _drug(ax: Axes, session: Session) -> None:
    _each(ax, session, drug.free(session.latest[session.arms[0]]))


def _levels(ax: Axes, session: Session) -> None:
    _each(ax, session, pharmacokinetics.levels(session.latest[session.arms[0]]))


def _each(ax: Axes, session: Session, panels: Sequence[Panel]) -> None:
    """Draw antibodies of one unit, each with its own line."""
    each = [replace(one, dash=dash) for one, dash in zip(panels, DASHES, strict=False)]
    said = [f"{one.title}{f' ({DASHES[one.dash]})' if len(each) > 1 else ''}" for one in each]
    _lines(ax, session, each, ", ".join(said), session.measures.of(each[0].column).shown)


def _complement(ax: Axes, session: Session) -> None:
    _lines(ax, session, complement.POOLS, "Complement left", "% of supply")
    ax.set_ylim(0, 105)


def _engaged(ax: Axes, session: Session) -> None:
    kinds = effectors(session)
    said = [
        f"{kind.words}{f' ({dash})' if len(kinds) > 1 else ''}"
        for kind, dash in zip(kinds, DASHES.values(), strict=False)
    ]
    style.dress(ax, "", "%", f"{', '.join(said)} engaged")
    for kind, line in zip(kinds, DASHES, strict=False):
        for arm, colour in _colours(session).items():
            x, engaged = _xy(session.history[arm], f"n_{kind.short}_engaged", session)
            _, n = _xy(session.history[arm], f"n_{kind.short}", session)
            ax.plot(x, _percent(engaged, n), color=colour, linewidth=1.4, linestyle=line)
    ax.set_ylim(bottom=0)


def effectors(session: Session) -> list[CellType]:
    """Return the kinds of effector of the scenario, those of any well first."""
    kinds = next(iter(session.simulations.values())).world.cell_types
    return [kinds[name] for name in pairs(kinds)]


def _igm(ax: Axes, session: Session, arm: str) -> None:
    """Draw serum IgM by who secreted it."""
    parts = [_xy(session.history[arm], part.column, session) for part in secretors.PARTS]
    total = igm.PANEL.column
    style.dress(ax, "", f"IgM, {session.measures.of(total).shown}", naming.label(arm))
    ax.stackplot(parts[0][0], [y for _, y in parts], colors=[part.colour for part in secretors.PARTS], linewidth=0)
    ax.set_ylim(0, 1.1 * max(row[total] for each in session.history.values() for row in each))


def _burden(ax: Axes, session: Session) -> None:
    panels = (cells.CLONE, cells.PLASMA)
    title = ", ".join(f"{one.title} ({DASHES[one.dash]})" for one in panels)
    _lines(ax, session, panels, title, session.measures.of(cells.CLONE.column).shown)
    ax.set_ylim(auto=True)
    style.log_axis(ax.yaxis)


def _cells(ax: Axes, session: Session, arm: str) -> None:
    """Draw cells in tissue, in blood and with the mutation, on a log axis."""
    for part in clone_sizes.PARTS:
        said = session.measures.of(part.column)
        x, n = _xy(session.history[arm], part.column, session)
        y = said.factor * np.where(n >= 1.0, n, np.nan)
        ax.plot(x, y, color=_colours(session)[arm], linestyle=part.dash, linewidth=1.4)
    style.dress(ax, "", said.shown, naming.label(arm))
    ax.set_yscale("log")


LEVELS = {"patient": igm.PANEL, "cll": lymphocytes.PANEL}  # what matters most of a patient who has it
KINDS: dict[str, tuple[Callable[[Axes, Session, str], None], Sequence[Draw | Panel]]] = {
    "well": (_fates, (_drug, _complement, medium.CELLS, _engaged)),
    "patient": (_igm, (_levels, _burden, viscosity.PANEL, cells.IL6)),
    "cll": (_cells, (lymphocytes.PANEL, *signal_inhibition.PANELS)),
}


def told(session: Session) -> list[Panel]:
    """Return the levels that a headline tells of an arm; none of a well."""
    drugs = pharmacokinetics.levels(session.latest[session.arms[0]])
    of_kind = {"patient": [igm.PANEL, *drugs], "cll": [lymphocytes.PANEL, signal_inhibition.PANELS[0]]}
    return of_kind.get(kind_of(session), [])


def _cd20(ax: Axes, world: World) -> None:
    """Draw the cells' own CD20 at the start: all there have been, and those alive and not committed to die."""
    b, dead = world.populations[world.target], world.deaths.get(world.target)
    alive = b.cd20_start_per_cell[~b.is_dying] if "is_dying" in b else b.cd20_start_per_cell
    gone = dead["cd20_start_per_cell"] if dead is not None else np.empty(0)
    everyone = np.concatenate([alive, gone])
    style.dress(ax, "CD20 at the start, sites per cell", "B cells")
    if everyone.size:
        edges = np.geomspace(max(everyone.min(), 100.0), max(everyone.max(), 1000.0), BINS)
        ax.hist(np.maximum(everyone, edges[0]), edges, color=style.FAINT, label="all")
        ax.hist(np.maximum(alive, edges[0]), edges, color=style.BLUE, label="alive")
        style.log_axis(ax.xaxis)
        ax.legend(fontsize=style.SMALL_PT, frameon=False, loc="upper left")


def _kills(ax: Axes, world: World) -> None:
    colours = {name: pair[1] for name, pair in pairs(world.cell_types).items()}
    present = {name: world.populations[name] for name in colours if name in world.populations}
    killers = {name: cells for name, cells in present.items() if cells.n and "n_kills" in cells}
    words = [world.cell_types[name].words for name in killers or colours]
    style.dress(ax, "kills per cell", f"{wording.listing(words)}, %")
    if not killers:
        text = f"no {' or '.join(words)}"
        ax.text(0.5, 0.5, text, ha="center", transform=ax.transAxes, fontsize=style.SMALL_PT, color=style.INK)
    width = 0.8 / max(1, len(killers))
    for place, (name, population) in enumerate(killers.items()):
        count = np.bincount(population.n_kills, minlength=6)
        left = np.arange(count.size) - 0.4 + (place + 0.5) * width
        ax.bar(left, 100.0 * count / population.n, color=colours[name], width=width, label=world.cell_types[name].words)
    if len(killers) > 1:
        ax.legend(fontsize=style.SMALL_PT, frameon=False, loc="upper right")
