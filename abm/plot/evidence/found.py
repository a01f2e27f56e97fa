"""What was found when the model was held against measurements: claims scored, a fit, a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from abm.results.study import StudyFolder
from abm.results.tables import ReadError

KINDS = ("scores", "fit", "comparison", "variants")


class Found(Mapping[str, Any]):
    """What a folder of evidence says, read once.

    Attributes
    ----------
    kind : {"scores", "fit", "comparison", "variants"}
        Which of the four it is; it names the file that was read.

    Raises
    ------
    ReadError
        The file is missing, damaged or of a comparison before there were evidences.
    """

    def __init__(self, path: Path):
        self.kind = kind_of(path)
        self.folder = StudyFolder(path)
        self._values = self.folder.read_json(f"{self.kind}.json")
        if self.kind == "comparison" and "priors" not in self._values:
            raise ReadError(f"{path} holds a comparison by acceptance; abm compare weighs it anew")

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
