"""Answers where in the well DHEAS is, and where it makes NK cells potent."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from abm.plot import arms
from abm.plot.page import style, wording
from abm.results.run import Run

ORDER = 80
TITLE = "Field maps"
CAPTION = (
    "Fields over the floor of the first replicate at the first frame with DHEAS and at the last; one scale per field."
)
FIELDS = {
    "dheas_uM": ("DHEAS", "DHEAS (µM)", "cividis"),
    "potency": ("NK potency", "NK potency (relative to no DHEAS)", "viridis"),
}
MAX_ARMS = 4


def applies(run: Run) -> bool:
    """Return whether the run kept field frames in which something varies or is above zero."""
    return bool(_maps(run))


def figure(run: Run) -> Figure:
    """Draw a row of maps per arm: each field at the first and the last frame."""
    maps, times = _maps(run), frame_times(run)
    names = _shown(maps)
    fields = [field for field in FIELDS if any((name, field) in maps for name in names)]
    fig = style.new_figure(0.6 + 1.95 * len(names), width_in=style.WIDTH_IN * max(0.55, len(fields) / 2))
    axes = fig.subplots(len(names), 2 * len(fields), squeeze=False)
    for row, name in enumerate(names):
        style.row_name(axes[row, 0], arms.label(name))
        for i, field in enumerate(fields):
            shown = maps.get((name, field), [None, None])
            voxel, limits = _voxel_um(run, name, field), _limits(maps, field)
            for ax, time, values in zip(axes[row, 2 * i : 2 * i + 2], times, shown, strict=True):
                _draw(ax, values, voxel, limits, FIELDS[field][2])
                ax.set_title(f"{FIELDS[field][0]}, {time}", fontsize=style.SMALL_PT, loc="left", y=1.0)
    for i, field in enumerate(fields):
        _colour_bar(fig, axes[:, 2 * i : 2 * i + 2], field, _limits(maps, field))
    return fig


def seen(run: Run) -> str:
    """Return mean and spread of each field at the last frame, in the arm where it is highest."""
    maps = _maps(run)
    parts = []
    for field, (words, _, _) in FIELDS.items():
        last = {name: pair[1] for (name, found), pair in maps.items() if found == field}
        if last:
            top = max(last, key=lambda name: last[name].mean())
            mean, spread = float(last[top].mean()), float(np.ptp(last[top]))
            parts.append(
                f"{words} in {arms.quoted(top)} averages {wording.number(mean)}{_unit(field)} and varies by "
                f"{wording.percent(spread / mean)} over the floor"
            )
    hidden = len({name for name, _ in maps}) - len(_shown(maps))
    more = f"; {hidden} further arms are not drawn" if hidden else ""
    return wording.sentence(f"At the last frame {wording.listing(parts)}{more}")


def steps(run: Run) -> list[int]:
    """Return the first step at which any field is above zero, and the last step; nothing without fields."""
    found = run.field_steps()
    first = next((step for step in found if _has_any(run.fields(step))), None)
    return [] if first is None else [first, found[-1]]


def _has_any(frame: dict[str, NDArray[np.float64]]) -> bool:
    return any(name.endswith("/dheas_uM") and values.max() > 0 for name, values in frame.items())


def _unit(field: str) -> str:
    return " µM" if field.endswith("_uM") else ""


def _maps(run: Run) -> dict[tuple[str, str], list[NDArray[np.float64]]]:
    """Return first and last map by arm and field, for the first replicate; neither zero nor mixed fields."""
    frames = [run.fields(step) for step in steps(run)]
    replicate = run.series()["replicate"].min()
    found = {}
    for name in arms.treated(run):
        for field in FIELDS:
            key = f"{name}/{replicate}/{field}"
            pair = [np.asarray(frame[key], dtype=float) for frame in frames if key in frame]
            if len(pair) == 2 and max(a.max() for a in pair) > 0 and pair[0].size > 1:
                found[name, field] = pair
    return found


def _shown(maps: dict[tuple[str, str], list[NDArray[np.float64]]]) -> list[str]:
    return list(dict.fromkeys(name for name, _ in maps))[:MAX_ARMS]


def _limits(maps: dict[tuple[str, str], list[NDArray[np.float64]]], field: str) -> tuple[float, float]:
    values = [a for (_, found), pair in maps.items() if found == field for a in pair]
    low, high = float(min(a.min() for a in values)), float(max(a.max() for a in values))
    margin = 0.02 * max(abs(high), 1e-12) if high - low < 1e-3 * abs(high) else 0.0
    return low - margin, high + margin


def _voxel_um(run: Run, name: str, field: str) -> float:
    frame = run.fields(steps(run)[0])
    replicate = run.series()["replicate"].min()
    for key in (f"{name}/{replicate}/{field}/voxel_um", f"{name}/{replicate}/voxel_um"):
        if key in frame:
            return float(np.ravel(frame[key])[0])
    return 1.0


def _draw(ax: Axes, values: NDArray | None, voxel: float, limits: tuple[float, float], colours: str) -> None:
    if values is None:
        style.bare_map(ax, (0, 1), (0, 1))
        ax.text(0.5, 0.5, "none", ha="center", va="center", fontsize=style.SMALL_PT, color=style.GREY)
        return
    width, height = (n * voxel for n in values.shape[::-1])
    ax.imshow(values, origin="lower", extent=(0, width, 0, height), cmap=colours, vmin=limits[0], vmax=limits[1])
    style.bare_map(ax, (0, width), (0, height))
    style.scale_bar(ax, style.bar_length_um(width))


def frame_times(run: Run) -> list[str]:
    """Return the times of the first and the last field frame as written over the maps."""
    seen = run.cell_steps()
    return [f"{run.cells(n)['time_h'].min():g} h" if n in seen else f"step {n:,}" for n in steps(run)]


def _colour_bar(fig: Figure, axes: NDArray, field: str, limits: tuple[float, float]) -> None:
    images = [image for ax in axes.flat for image in ax.get_images()]
    bar = fig.colorbar(images[0], ax=list(axes.flat), location="bottom", shrink=0.7, aspect=30, pad=0.03)
    bar.set_label(FIELDS[field][1], fontsize=style.FONT_PT)
    bar.ax.tick_params(labelsize=style.SMALL_PT)
    bar.ax.set_xlim(*limits)
    bar.locator.set_params(nbins=4)
