"""A picture of the floor of a well, drawn from the arrays: pixels instead of shapes, for a million cells."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image

from abm.core.fate import Fate
from abm.core.population import Population
from abm.core.world import World
from abm.plot.page import style

PIXELS = 512
CELL_UM = 9.0  # assumed: usual diameter of a lymphocyte, for drawing only
MAX_RADIUS = 7
FEW, MANY = 4_000, 30_000  # design: cells in a picture
NK_GREY, NK_ENGAGED = "#B5B5B5", style.PURPLE
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Scale:
    """What a colour stands for, always the same range, so that moments can be compared."""

    label: str
    unit: str
    lo: float
    hi: float
    is_log: bool = False
    colours: str = "viridis"

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return where values lie in the range, 0 to 1."""
        low, high = (np.log(self.lo), np.log(self.hi)) if self.is_log else (self.lo, self.hi)
        inside = np.clip(values, self.lo, self.hi)
        return ((np.log(inside) if self.is_log else inside) - low) / (high - low)

    def table(self) -> np.ndarray:
        """Return the colours from low to high, shape (256, 3)."""
        last = 0.92 if self.colours == "viridis" else 0.6  # the brightest yellow is lost on white paper
        return (colormaps[self.colours](np.linspace(0.0, last, 256))[:, :3] * 255).astype(np.uint8)

    def paint(self, values: np.ndarray) -> np.ndarray:
        """Return the colour of each value, shape (..., 3)."""
        return self.table()[(self.shares(values) * 255).astype(np.int64)]


B_BY = {
    "fate": None,
    "CD20": Scale("CD20", "sites per cell", 1e3, 1e6, is_log=True),
    "bound antibody": Scale("bound antibody", "molecules per cell", 1e3, 1e6, is_log=True),
    "C3b": Scale("C3b", "molecules per cell", 1e3, 1e6, is_log=True),
}
B_COLUMNS = {"CD20": "cd20_per_cell", "bound antibody": "bound_per_cell", "C3b": "c3b_per_cell"}
NK_BY = {
    "engaged": None,
    "potency": Scale("NK potency", "relative", 0.9, 1.6, colours="plasma"),
    "granules": Scale("NK granules", "of full", 0.0, 1.0, colours="plasma"),
}
NK_COLUMNS = {"potency": "potency", "granules": "granules"}
LAYERS = {
    "none": None,
    "DHEAS": Scale("DHEAS", "µM", 0.0, 2.0, colours="Blues"),
    "potency": Scale("potency that DHEAS gives", "relative", 1.0, 1.6, colours="Blues"),
}


@dataclass(frozen=True)
class Look:
    """What is drawn and how.

    Attributes
    ----------
    box : tuple of float
        Left, lower end and side of the square that is seen, µm; the whole floor where the side is 0.
    b_by, nk_by, layer : str
        One of ``B_BY``, ``NK_BY``, ``LAYERS``.
    """

    box: tuple[float, float, float] = (0.0, 0.0, 0.0)
    b_by: str = "fate"
    nk_by: str = "engaged"
    layer: str = "none"

    def square(self, side_um: float) -> tuple[float, float, float]:
        """Return left, lower end and side of what is seen of a floor, µm."""
        return self.box if self.box[2] > 0.0 else (0.0, 0.0, side_um)

    def scales(self) -> Iterator[Scale]:
        """Yield the scales of the colours in use."""
        for scale in (B_BY[self.b_by], NK_BY[self.nk_by], LAYERS[self.layer]):
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
    nk = world.populations.get("nk_cells")
    if nk is not None and nk.n:
        canvas.stamp(nk.x_um, nk.y_um, _nk_colours(nk, look.nk_by), 0.7)
    for x_um, y_um, colour in _lysed(world):
        canvas.ring(x_um, y_um, colour)
    b = world.populations["b_cells"]
    canvas.stamp(b.x_um, b.y_um, _b_colours(b, look.b_by), 1.0)
    return canvas.image


def png(image: np.ndarray) -> bytes:
    """Return a picture as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png", compress_level=1)
    return buffer.getvalue()


def rgb(colour: str) -> Rgb:
    """Return a colour as three bytes."""
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return red, green, blue


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
    field, scale = world.fields["dheas"], LAYERS[name]
    uM = field.values * 1e-3  # noqa: N806 - a unit
    law = world.properties.get("potency")
    values = law.potency(uM * 1e3) if name == "potency" and law is not None else uM
    middle = (np.arange(canvas.pixels) + 0.5) / canvas.per_um
    last = field.values.shape[0] - 1
    column = np.clip(((canvas.left + middle) / field.voxel_um).astype(np.int64), 0, last)
    row = np.clip(((canvas.low + middle[::-1]) / field.voxel_um).astype(np.int64), 0, last)
    return scale.paint(values)[row[:, None], column[None, :]]


def _b_colours(b: Population, by: str) -> np.ndarray:
    column = B_COLUMNS.get(by)
    if column is None or column not in b:
        return np.array([rgb(style.BLUE), rgb(style.VERMILION)], np.uint8)[b.is_dying.astype(np.int64)]
    return B_BY[by].paint(b[column])


def _nk_colours(nk: Population, by: str) -> np.ndarray:
    column = NK_COLUMNS.get(by)
    if column is not None and column in nk:
        return NK_BY[by].paint(nk[column])
    engaged = nk.partner >= 0 if "partner" in nk else np.zeros(nk.n, bool)
    return np.array([rgb(NK_GREY), rgb(NK_ENGAGED)], np.uint8)[engaged.astype(np.int64)]


def _lysed(world: World) -> Iterator[tuple[np.ndarray, np.ndarray, Rgb]]:
    """Yield the places of B cells that have lysed, by cause, with its colour."""
    table = world.deaths.get("b_cells")
    if table is None or not table.n:
        return
    causes = Fate().causes(world.populations["b_cells"])
    has_lysed = table["t_lysis_h"] <= world.t_h
    for code, (_, colour) in enumerate(cause_colours(causes).items()):
        rows = np.flatnonzero(has_lysed & (table["cause"] == code))
        yield table["x_um"][rows], table["y_um"][rows], rgb(colour)


def cause_colours(causes: list[str]) -> dict[str, str]:
    """Return one colour per cause of death, as in all figures."""
    return style.cause_colours(causes)
