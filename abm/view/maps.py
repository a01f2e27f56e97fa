"""Maps of the floor of every arm, and what their colours mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import solara

from abm.core.cell_type import CellType
from abm.core.world import World
from abm.plot import arms as naming
from abm.plot.page import style
from abm.view import raster
from abm.view.colours import LAYERS, STATES, Scale, choices, pairs
from abm.view.panels import as_url
from abm.view.session import LOCK, Session
from abm.view.shell import redraw


@solara.component_vue("cell_map.vue", vuetify=False)
def CellMap(
    image: str,
    name: str,
    bar: list,
    mark: list | None,
    event_pick: Callable[[list], None],
    event_zoom: Callable[[list], None],
):
    """Show a picture; a click picks a place, a drag a square, both as shares of the side."""


@solara.component
def Maps(session: Session, moment: tuple):
    """Show the floor of every arm, what colours mean, and the cell that is followed."""
    look, set_look = solara.use_state(raster.Look())
    side, kinds = world_of(session).space.side, present(session)

    with solara.Row(style={"align-items": "flex-end"}, gap="14px"):
        for name, kind in kinds.items():
            solara.Select(
                f"{kind.words} by",
                value=look.of(name, kind),
                values=list(choices(kind)),
                on_value=lambda value, name=name: set_look(replace(look, by={**look.by, name: value})),
            )
        layers = sorted(
            {n for s in session.simulations.values() for n in raster.layers(s.world)}, key=list(LAYERS).index
        )
        solara.Select("Layer", value=look.layer, values=layers, on_value=lambda v: set_look(replace(look, layer=v)))
        solara.Button(
            "Whole floor", disabled=look.box[2] <= 0.0, on_click=lambda: set_look(replace(look, box=(0.0, 0.0, 0.0)))
        )
    with solara.Row(gap="12px", style={"flex-wrap": "wrap"}):
        for arm in session.arms:
            ArmMap(session, arm, look, moment, lambda box: set_look(replace(look, box=box)))
    Legend(look, session, moment)
    solara.Text(f"Drag to zoom, click a cell to follow it. The floor's side is {side:g} µm.", classes=["hint"])


@solara.component
def ArmMap(session: Session, arm: str, look: raster.Look, moment: tuple, zoom: Callable[[tuple], None]):
    """Show the floor of one arm."""
    world = session.simulations[arm].world
    left, low, side = look.square(world.space.side)
    with LOCK:  # the model may step in another thread meanwhile
        picture = raster.picture(world, look)
    image = raster.png(picture)
    bar = style.bar_length_um(side)

    def on_zoom(ends: list) -> None:
        x0, y0, x1, y1 = ends
        new = min(1.0, max(abs(x1 - x0), abs(y1 - y0))) * side
        zoom((left + min(x0, x1) * side, low + min(y0, y1) * side, new))

    def on_pick(place: list) -> None:
        x, y = left + place[0] * side, low + place[1] * side
        session.follow(session.nearest_cell(arm, x, y, max(raster.CELL_UM, 0.03 * side)))
        redraw()

    CellMap(
        image=as_url(image),
        name=naming.label(arm),
        bar=[bar / side, f"{bar / 1000:g} mm" if bar >= 1000 else f"{bar:g} µm"],
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
def Legend(look: raster.Look, session: Session, moment: tuple):
    """Say what colours mean."""
    with solara.Row(gap="18px", style={"flex-wrap": "wrap"}, classes=["legend"]):
        kinds = present(session)
        for name, kind in kinds.items():
            if look.of(name, kind) == STATES[kind.role]:
                _states(name, kind, world_of(session).cell_types)
        causes = sorted({c for rows in session.history.values() for name in rows[-1] for c in _cause(name)})
        for cause, colour in raster.cause_colours(causes).items():
            _dot(colour, f"lysed: {naming.cause_name(cause)}", is_hollow=True)
        for scale in look.scales(kinds):
            _colour_bar(scale)


def world_of(session: Session) -> World:
    """Return the world of the first arm."""
    return next(iter(session.simulations.values())).world


def present(session: Session) -> dict[str, CellType]:
    """Return the kinds of cell that any of the arms has."""
    names = {name for simulation in session.simulations.values() for name in simulation.world.populations}
    return {name: kind for name, kind in world_of(session).cell_types.items() if name in names}


def _states(name: str, kind: CellType, known: Mapping[str, CellType]) -> None:
    """Say what the two colours of a kind's state mean."""
    is_target = kind.role == "target"
    first, second = (style.BLUE, style.VERMILION) if is_target else pairs(known)[name]
    _dot(first, kind.word)
    _dot(second, f"{kind.word}, {'committed to die' if is_target else 'engaged'}")


def _cause(column: str) -> list[str]:
    return [column.removeprefix("deaths_")] if column.startswith("deaths_") else []


def _dot(colour: str, text: str, *, is_hollow: bool = False) -> None:
    fill = f"border: 2px solid {colour}" if is_hollow else f"background: {colour}"
    solara.HTML(unsafe_innerHTML=f'<span class="dot" style="{fill}"></span>{text}')


def _colour_bar(scale: Scale) -> None:
    stops = ", ".join(f"rgb({r},{g},{b})" for r, g, b in scale.table()[::32])
    lo, hi = (f"{value:,g}" for value in (scale.lo, scale.hi))
    bar = f'<span class="colour-bar" style="background: linear-gradient(to right, {stops})"></span>'
    kind = ", log" if scale.is_log else ""
    solara.HTML(unsafe_innerHTML=f"{scale.label}, {scale.unit}{kind}: {lo} {bar} {hi}")
