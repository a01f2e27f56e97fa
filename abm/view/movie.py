"""A short animation of a scenario: the floors of its arms, or a patient's IgM, with the course below."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.animation import AbstractMovieWriter, FFMpegWriter, PillowWriter
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import InputError
from abm.plot import arms as naming
from abm.plot.page import style
from abm.view import charts, raster
from abm.view.session import Session

KINDS = {".gif": PillowWriter, ".mp4": FFMpegWriter}
N_FRAMES = 60  # design: five seconds
FPS = 12  # design: fast enough to look like motion
DPI = 100
MAP_IN = 2.6


@dataclass(frozen=True)
class Film:
    """What a film shows and how.

    Attributes
    ----------
    n_frames : int
        Pictures from the start to the end.
    fps : int
        Pictures per second.
    look : Look
        How the floor is drawn.
    """

    n_frames: int = N_FRAMES
    fps: int = FPS
    look: raster.Look = field(default_factory=raster.Look)


def write(
    path: Path, session: Session, film: Film | None = None, beat: Callable[[int, int], None] | None = None
) -> None:
    """Run a session to its end and write what is seen.

    Parameters
    ----------
    path : Path
        ``.gif``, or ``.mp4`` where FFmpeg is installed.
    session : Session
        At its start.
    film : Film
        What is shown.
    beat : callable
        Called with frames done and frames in all.

    Raises
    ------
    InputError
        As of :func:`kind_of`, or the disk is full.
    """
    film = film or Film()
    writer, scene = kind_of(path)(fps=film.fps), _Scene(session, film.look)
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        with writer.saving(scene.figure, str(unfinished), DPI):
            for n, _ in enumerate(_moments(session, film.n_frames), start=1):
                scene.draw()
                writer.grab_frame()
                scene.figure.set_layout_engine(None)  # as the first was: a quarter of the time
                if beat:
                    beat(n, film.n_frames)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def kind_of(path: Path) -> type[AbstractMovieWriter]:
    """Return the format that a film of that name is written in.

    Raises
    ------
    InputError
        The ending is another, FFmpeg is missing, or there is no such folder to write to.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path.name} ends in {path.suffix or 'nothing'!r}; allowed: {', '.join(KINDS)}")
    if not kind.isAvailable():
        raise InputError(f"{path.suffix} needs FFmpeg, which is not installed; .gif needs nothing more")
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; allowed: a file in it")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}"):
            return kind
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def gif(session: Session) -> bytes:
    """Return what has happened in a session until now as a GIF; it is run again from the start."""
    again = Session(session.scenario, session.arms, session.replicate)
    again.n_ticks = max(1, session.tick)
    film = Film(n_frames=min(N_FRAMES, again.n_ticks + 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.gif"
        write(path, again, film)
        return path.read_bytes()


def _moments(session: Session, n_frames: int) -> Iterator[None]:
    """Yield at the start, at the end, and evenly between."""
    yield
    for k in range(1, n_frames):
        while session.tick < round(k * session.n_ticks / (n_frames - 1)) and not session.is_over:
            session.step()
        yield


class _Scene:
    """A figure whose pictures and lines are moved on."""

    def __init__(self, session: Session, look: raster.Look):
        self.session, self.look = session, look
        has_map = all(raster.has_map(s.world) for s in session.simulations.values())
        arms = session.arms if has_map else ()
        width = max(MAP_IN * max(1, len(arms)), 2 * MAP_IN)
        self.figure: Figure = style.new_figure(2.2 + (MAP_IN + 0.3) * bool(arms), width_in=width)
        grid = self.figure.add_gridspec(
            1 + bool(arms), max(1, len(arms)), height_ratios=[MAP_IN, 1.9][-1 - bool(arms) :]
        )
        self.maps = {arm: self._map(self.figure.add_subplot(grid[0, i]), arm) for i, arm in enumerate(arms)}
        self.course = self.figure.add_subplot(grid[-1, :])

    def _map(self, ax: Axes, arm: str) -> Any:
        world = self.session.simulations[arm].world
        left, low, side = self.look.square(world.space.side)
        style.bare_map(ax, (left, left + side), (low, low + side))
        style.scale_bar(ax, style.bar_length_um(side))
        ax.set_title(naming.label(arm), fontsize=style.FONT_PT, loc="left", fontweight="bold")
        return ax.imshow(raster.picture(world, self.look), extent=(left, left + side, low, low + side))

    def draw(self) -> None:
        """Draw the moment."""
        for arm, image in self.maps.items():
            image.set_data(raster.picture(self.session.simulations[arm].world, self.look))
        self.course.clear()
        charts.outcome(self.course, self.session)
