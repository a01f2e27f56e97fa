"""What was found when the model was held against measurements: claims scored, a fit, or hypotheses compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from abm.results.study import StudyFolder

KINDS = ("scores", "fit", "comparison")


class Found(Mapping[str, Any]):
    """What a folder of evidence says, read once.

    Attributes
    ----------
    kind : {"scores", "fit", "comparison"}
        Which of the three it is; it names the file that was read.

    Raises
    ------
    ReadError
        The file is missing or damaged.
    """

    def __init__(self, path: Path):
        self.kind = kind_of(path)
        self.folder = StudyFolder(path)
        self._values = self.folder.read_json(f"{self.kind}.json")

    def __getitem__(self, name: str) -> Any:
        """Return one of the things found."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Yield their names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Return their number."""
        return len(self._values)


def kind_of(path: Path) -> str:
    """Return the kind of a folder, "" of one that holds no evidence."""
    return next((kind for kind in KINDS if (path / f"{kind}.json").exists()), "")
