"""What is drawn into a folder, whatever it holds: its images and the report."""

import re
from pathlib import Path

from abm.core.files import atomic_write, naming
from abm.results.tables import unreadable

FIGURE = re.compile(r"[A-Za-z0-9._-]{1,64}\.(csv|png|svg|pdf)")


class PageFolder:
    """A folder that has, or gets, a report.

    Parameters
    ----------
    path : path-like
        The folder.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    def figure(self, name: str) -> bytes:
        """Return one image of ``figures/``.

        Raises
        ------
        ReadError
            It is missing.
        """
        try:
            return (self.path / "figures" / name).read_bytes()
        except OSError as error:
            raise unreadable(self.path / "figures" / name, error) from error

    def write_figure(self, name: str, content: bytes) -> Path:
        """Write one image, or the table of its data, into ``figures/`` and return its path."""
        if not FIGURE.fullmatch(name):
            raise ValueError(f"no file name for a figure: {name!r}")
        path = self.path / "figures" / name
        with naming(path):
            path.parent.mkdir(exist_ok=True)
        atomic_write(path, content)
        return path

    def remove_figure(self, name: str) -> None:
        """Remove one file of ``figures/`` where it is there."""
        path = self.path / "figures" / name
        with naming(path):
            path.unlink(missing_ok=True)

    def has_figure(self, name: str) -> bool:
        """Return whether there is such a file in ``figures/``."""
        return (self.path / "figures" / name).is_file()

    def write_report(self, html: str) -> Path:
        """Write ``report.html`` and return its path."""
        path = self.path / "report.html"
        atomic_write(path, html.encode())
        return path
