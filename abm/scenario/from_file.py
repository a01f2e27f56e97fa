"""A scenario file to a :class:`Scenario`."""

from pathlib import Path

from abm.scenario.load import resolve, validate
from abm.scenario.schema import Scenario


def load_scenario(path: str | Path, sets: tuple[str, ...] = ()) -> Scenario:
    """Read and validate a scenario file.

    Parameters
    ----------
    path : str or Path
        YAML file.
    sets : tuple of str
        ``path=value`` as after ``--set``.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    """
    document = resolve(path, sets, Scenario)
    scenario = validate(Scenario, document)
    return scenario if "name" in document.data else scenario.model_copy(update={"name": Path(path).stem})
