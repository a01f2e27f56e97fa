"""A picture of the floor of a well, drawn from the arrays: pixels instead of shapes, for a million cells."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from abm.core.cell_type import CellType
from abm.core.fate import Fate
from abm.core.world import World
from abm.plot.page import style
from abm.view.colours import LAYERS, STATES, Rgb, Scale, choices, pairs, rgb, scale_of

PIXELS = 512
CELL_UM = 9.0  # assumed: usual diameter of a lymphocyte, for drawing only
MAX_RADIUS = 7
FEW, MANY = 4_000, 30_000  # design: cells in a picture


@dataclass(frozen=True)
class Look:
    """What is drawn and how.

    Attributes
    ----------
    box : tuple of float
        Left, lower end and side of the square that is seen, µm; the whole floor where the side is 0.
    by : dict of str to str
        By population, one of the choices of its kind; without one cells are coloured by their state.
    layer : str
        One of ``LAYERS``.
    """

    box: tuple[float, float, float] = (0.0, 0.0, 0.0)
    by: Mapping[str, str] = field(default_factory=dict)
    layer: str = "none"

    def square(self, side_um: float) -> tuple[float, float, float]:
        """Return left, lower end and side of what is seen of a floor, µm."""
        return self.box if self.box[2] > 0.0 else (0.0, 0.0, side_um)

    def of(self, population: str, kind: CellType) -> str:
        """Return what the cells of a population are coloured by."""
        return self.by.get(population, STATES[kind.role])

    def scales(self, kinds: Mapping[str, CellType]) -> Iterator[Scale]:
        """Yield the scales of the colours in use."""
        for scale in (*(scale_of(kind, self.of(name, kind)) for name, kind in kinds.items()), LAYERS[self.layer]):
            if scale is not None:
                yield scale


def has_map(world: World) -> bool:
    """Whether cells have a place, as in a well that is not stirred."""
    return world.space.kind == "floor"


def layers(world: World) -> list[str]:
    """Return the layers that there are to draw."""
    return [name for name in LAYERS if name == "none" or "dheas" in world.fields]


def picture(world: World, look: Look, pixels: int = PIXELS) -> np.ndarray:
    """Draw the floor.

    Parameters
    ----------
    world : World
        A culture well whose cells have places.
    look : Look
        What is drawn.
    pixels : int
        Side of the picture.

    Returns
    -------
    array of uint8, shape (pixels, pixels, 3)
        Row 0 is the upper end, the largest y.
    """
    left, low, side = look.square(world.space.side)
    share_seen = min(1.0, side / world.space.side) ** 2
    canvas = _Canvas(left, low, side, pixels, _least_radius(share_seen * sum(p.n for p in world.populations.values())))
    canvas.image[:] = 255
    if look.layer != "none" and "dheas" in world.fields:
        canvas.image[:] = _layer(world, look.layer, canvas)
    present = {name: world.cell_types[name] for name in world.populations}
    for name in sorted(present, key=lambda name: (present[name].role == "target", -present[name].rel_size)):
        cells, kind = world.populations[name], present[name]
        if kind.role == "target":
            for x_um, y_um, colour in _lysed(world, name):
                canvas.ring(x_um, y_um, colour)
        if cells.n:
            canvas.stamp(cells.x_um, cells.y_um, _colours(world, name, look), kind.rel_size)
    return canvas.image


def png(image: np.ndarray) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


class _Canvas:
    """Pixels of a square of the floor; one more cell radius on every side, so that cells at the edge are cut."""

    def __init__(self, left: float, low: float, side: float, pixels: int, least_radius: float):
        self.left, self.low, self.per_um, self.pixels = left, low, pixels / side, pixels
        self.radius = min(MAX_RADIUS, max(least_radius, CELL_UM / 2 * self.per_um))
        self.margin = 2 * MAX_RADIUS + 2
        self.whole = np.empty((pixels + 2 * self.margin, pixels + 2 * self.margin, 3), np.uint8)
        self.whole[:] = 255
        self.image = self.whole[self.margin : -self.margin, self.margin : -self.margin]

    def places(self, x_um: np.ndarray, y_um: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which cells are seen, and the row and column of each."""
        column = np.floor((x_um - self.left) * self.per_um).astype(np.int64)
        row = self.pixels - 1 - np.floor((y_um - self.low) * self.per_um).astype(np.int64)
        reach = int(self.radius)
        seen = np.flatnonzero(
            (column >= -reach) & (column < self.pixels + reach) & (row >= -reach) & (row < self.pixels + reach)
        )
        return seen, row[seen] + self.margin, column[seen] + self.margin

    def stamp(self, x_um: np.ndarray, y_um: np.ndarray, colours: np.ndarray, size: float) -> None:
        """Draw a disc per cell; ``colours`` has one row per cell or is one colour."""
        seen, row, column = self.places(x_um, y_um)
        colours = colours[seen] if colours.ndim == 2 else colours
        for dy, dx in _disc(self.radius * size):
            self.whole[row + dy, column + dx] = colours

    def ring(self, x_um: np.ndarray, y_um: np.ndarray, colour: Rgb) -> None:
        """Draw a hollow circle per cell."""
        _, row, column = self.places(x_um, y_um)
        inner = set(_disc(self.radius - 1.0)) if self.radius >= 2.0 else set()
        for dy, dx in _disc(self.radius):
            if (dy, dx) not in inner:
                self.whole[row + dy, column + dx] = colour


def _least_radius(n_seen: float) -> float:
    """Return the radius, in pixels, below which so many cells are not drawn: few are drawn larger than they are."""
    return 2.3 if n_seen < FEW else 1.2 if n_seen < MANY else 0.5


def _disc(radius: float) -> list[tuple[int, int]]:
    """Return the pixels of a disc around its middle; below one pixel just that."""
    reach = range(-int(radius), int(radius) + 1)
    return [(dy, dx) for dy in reach for dx in reach if dy * dy + dx * dx <= radius * radius] or [(0, 0)]


def _layer(world: World, name: str, canvas: _Canvas) -> np.ndarray:
    dheas, scale = world.fields["dheas"], LAYERS[name]
    uM = dheas.map * 1e-3  # noqa: N806 - a unit
    law = world.properties.get("potency")
    values = law.potency(uM * 1e3) if name == "potency" and law is not None else uM
    middle = (np.arange(canvas.pixels) + 0.5) / canvas.per_um
    last = dheas.n_voxels - 1
    column = np.clip(((canvas.left + middle) / dheas.voxel_um).astype(np.int64), 0, last)
    row = np.clip(((canvas.low + middle[::-1]) / dheas.voxel_um).astype(np.int64), 0, last)
    return scale.paint(values)[row[:, None], column[None, :]]


def _colours(world: World, name: str, look: Look) -> np.ndarray:
    """Return the colour of every cell of a population: of the number asked for, else of its state."""
    cells, kind = world.populations[name], world.cell_types[name]
    by = look.of(name, kind)
    one, scale = choices(kind).get(by), scale_of(kind, by)
    if one is not None and scale is not None and one.column in cells:
        return scale.paint(cells[one.column])
    two = (style.BLUE, style.VERMILION) if kind.role == "target" else pairs(world.cell_types)[name]
    is_second = cells.is_dying if kind.role == "target" else kind.is_engaged(cells)
    return np.array([rgb(colour) for colour in two], np.uint8)[is_second.astype(np.int64)]


def _lysed(world: World, name: str) -> Iterator[tuple[np.ndarray, np.ndarray, Rgb]]:
    """Yield the places of cells that have lysed, by cause, with its colour."""
    table = world.deaths.get(name)
    if table is None or not table.n:
        return
    causes = Fate().causes(world.populations[name])
    has_lysed = table["t_lysis_h"] <= world.t_h
    for code, (_, colour) in enumerate(cause_colours(causes).items()):
        rows = np.flatnonzero(has_lysed & (table["cause"] == code))
        yield table["x_um"][rows], table["y_um"][rows], rgb(colour)


def cause_colours(causes: list[str]) -> dict[str, str]:
    """Return one colour per cause of death, as in all figures."""
    return style.cause_colours(causes)
