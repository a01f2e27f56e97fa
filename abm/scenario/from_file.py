"""From a scenario file to a :class:`Scenario`."""

from pathlib import Path
from typing import Any

from abm.biology.populations import EFFECTORS
from abm.core.errors import InputError
from abm.core.names import name_of
from abm.document.arguments import Sets, as_path, as_sets
from abm.document.load import AnyModel, Document, resolve, with_files
from abm.document.reading import Keys
from abm.scenario.arms import Arm
from abm.scenario.draws import check_cohort
from abm.scenario.measured import check_measured
from abm.scenario.observations import told_of_observations
from abm.scenario.patient_table import with_all_patients
from abm.scenario.renamed import RENAMED
from abm.scenario.schema import Scenario
from abm.scenario.start import scenario_of

SHARED = ("name", "title", "question", "seed", "replicates", "until", "duration", "dt", "dt_later",
          "checkpoint_every", "arms", "probes", "x_axis", "cohort", "observations", "end_points")  # fmt: skip


def load_scenario(path: str | Path, sets: Sets = (), reach: tuple[str, ...] | None = None) -> Scenario:
    """Read and validate a scenario file.

    Parameters
    ----------
    path : str or Path
        YAML file, or the name of one that ships.
    sets : sequence of str, str or mapping
        ``path=value`` as after ``--set``, one of them, or values by dotted path.
    reach : tuple of str, optional
        Of the document that names the file; without it the user does.

    Raises
    ------
    InputError
        All faults of the file, with their places.
    """
    document = resolve(as_path(path), as_sets(sets), Scenario, reach, RENAMED)
    return named(checked(document), document)


def checked(document: Document) -> Scenario:
    """Return the scenario of a document with its warnings, after a check of its arms, its cohort and its events.

    Raises
    ------
    InputError
        All faults of the document, with their places.
    """
    scenario = with_files(Scenario, document)
    scenario = scenario if "replicates" in document.data else with_all_patients(scenario)
    check_arms(scenario, document)
    check_cohort(scenario, document)
    told = (*document.warnings, *check_measured(scenario, document), *told_of_observations(scenario))
    return scenario.telling(told)


def named(content: AnyModel, document: Document) -> AnyModel:
    """Return the content of a file, under the file's name where it gives none."""
    if "name" in document.data:
        return content
    name = name_of(Path(document.file)) or type(content).model_fields["name"].default
    return content.model_copy(update={"name": name})


def _moments(name: str, arm: Arm) -> list[tuple[Keys, float]]:
    """Return where in the file an arm says how it differs, and from when on."""
    changes = [(("arms", name, "change", i, "set"), change.at) for i, change in enumerate(arm.change)]
    return [(("arms", name, "set"), 0.0), *changes]


def check_arms(scenario: Scenario, document: Document) -> None:
    """Validate what every arm sets, and say in which arm a fault lies."""
    faults = []
    kept: dict[tuple[str, str, str], Any] = {}
    moments = [(name, arm, place, t_h) for name, arm in scenario.arms.items() for place, t_h in _moments(name, arm)]
    idle = {name for name in scenario.cell_types() if name in EFFECTORS and not _is_used(name, scenario)}
    for name, arm, place, t_h in moments:
        try:
            own = scenario_of(scenario, arm, t_h)
        except InputError as error:
            faults += [document.fault(place, f"{f.path}: {f.message}", f.allowed, f.nearest) for f in error.faults]
            continue
        changed = [key for key in SHARED if getattr(own, key) != getattr(scenario, key)]
        faults += [document.fault(place, f"an arm cannot set {key}: all arms share it") for key in changed]
        idle = {population for population in idle if not _is_used(population, own)}
        for key, process in own.processes.items():
            for parameter in process.kept:
                value = dict(process)[parameter]
                if value != (before := kept.setdefault((name, key, parameter), value)):
                    text = f"{key} keeps its {parameter} during a run, found {value} instead of {before}"
                    faults.append(document.fault(place, text))
    for population in sorted(idle):
        text, allowed = "no process uses these cells", "null, or a process such as engagement"
        faults.append(document.fault(("populations", population), text, allowed))
    if faults:
        raise InputError(*faults)


def _is_used(population: str, scenario: Scenario) -> bool:
    """Whether a process of a scenario is for a population."""
    return any(population in process.about for process in scenario.processes.values())
