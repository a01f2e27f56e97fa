"""Below a run folder, what was run under draws of a posterior: a part for each arm and draw, then tables of all."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from abm.core.files import naming
from abm.results.folder import RunFolder, subject_name
from abm.results.merge import merge_draws
from abm.results.run import DRAWS
from abm.results.subject import SubjectFolder


def describe(run: RunFolder, name: str, content: Mapping[str, object]) -> None:
    """Write what the draws are into a file of that name, and beside it the arms that are run under them."""
    _make(run.path / DRAWS)
    run.write_table(f"{DRAWS}/arms.csv", run.arms())
    run.write_json(f"{DRAWS}/{name}", content)


def part(run: RunFolder, arm: str, draw: int) -> SubjectFolder:
    """Return the part of one arm under one draw, made if missing."""
    found = _part(run, arm, draw)
    _make(found.path)
    return found


def merge(run: RunFolder, pairs: Sequence[tuple[str, int]]) -> None:
    """Put the tables of arms under draws under one another, in the order given, and remove the parts.

    Safe to repeat after a crash at any moment.
    """
    parts = [_part(run, arm, draw) for arm, draw in pairs]
    if run.draws() is None:
        merge_draws(run.path / DRAWS, parts)
    for own in parts:
        own.remove()
    with suppress(OSError):
        (run.path / DRAWS / "parts").rmdir()


def _part(run: RunFolder, arm: str, draw: int) -> SubjectFolder:
    return SubjectFolder(run.path / DRAWS / "parts" / subject_name(arm, draw), arm, draw)


def _make(path: Path) -> None:
    with naming(path):
        path.parent.mkdir(exist_ok=True)
        path.mkdir(exist_ok=True)
