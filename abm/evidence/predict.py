"""A prediction before the measurement: what a scenario says of rows that are planned, with its date and its hashes.

Each draw of a posterior, or without one each of as many seeds, is simulated once; the registration keeps what all of
them gave. Its hash covers everything that it says: whoever has noted it elsewhere can tell whether it was altered.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError
from abm.core.files import json_text
from abm.core.source import model_hash
from abm.core.user_file import UserFile
from abm.core.version import __version__
from abm.evidence.draws import FIT, SET, for_scenario
from abm.evidence.lab import Lab
from abm.evidence.own_data import factor_of, keys_of, names_of, unit_of, value_of
from abm.evidence.reading import digest
from abm.results.provenance import commit
from abm.results.study import StudyFolder
from abm.results.tables import ReadError
from abm.scenario.from_file import load_scenario
from abm.scenario.observations import PLANNED, Observations, Row
from abm.scenario.observed import OWN, Observed
from abm.scenario.published import Shown, shown
from abm.scenario.schema import Scenario
from abm.statistics.draws import ENDS
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine
from abm.study.posterior import Draw, Posterior
from abm.study.rows import LOOKS, RowJob, as_base, told_base

REGISTRATION = "registration.json"
HASH = "hash"


@dataclass(frozen=True)
class Planned:
    """What is to be predicted: a scenario, its rows, and under which draws; without a posterior, under seeds alone."""

    scenario: Scenario
    rows: tuple[Row, ...]
    n: int
    posterior: Posterior | None = None
    learnt: Mapping[str, Any] | None = None

    @property
    def base(self) -> str:
        """Return the scenario as the text that rows share, without a table of observations."""
        return as_base(self.scenario.model_copy(update={"observations": None}))

    def jobs(self) -> Iterator[RowJob]:
        """Yield a row for each draw, with a seed of its own."""
        looks = sorted({row.one.time for row in self.rows if row.one.time is not None})
        point = {LOOKS: looks} if looks else {}
        draws = self.posterior.draws if self.posterior else [Draw(k, {}) for k in range(self.n)]
        for draw in draws:
            yield RowJob(0, self.base, {**draw.changes, **point}, (self.scenario.seed + 1 + draw.row) % 2**63)


def planned(file: Path, sets: tuple[str, ...], posterior: Path | None, n: int, plan: UserFile | None) -> Planned:
    """Return what is to be predicted of a scenario's file, or of the folder of a fit with its own draws.

    Parameters
    ----------
    file : Path
        A scenario, or the folder of a fit: its parameter set, which has arms where it was fitted on a scenario.
    sets : tuple of str
        As after ``--set``.
    posterior : Path, optional
        Folder of a fit, or a table of draws.
    n : int
        Draws, or seeds.
    plan : UserFile, optional
        Table of what is planned: arm, of, time; by default every share at the end of every arm.

    Raises
    ------
    InputError
        All that is wrong with them.
    """
    is_fit = (file / FIT).is_file()
    source, drawn = (file / SET, posterior or file) if is_fit else (file, posterior)
    scenario = load_scenario(source, sets)
    found = for_scenario(drawn, n, scenario, source, sets) if drawn else None
    rows = _rows_of(Observations(scenario, plan, is_planned=True)) if plan else list(_all_rows(scenario))
    return Planned(scenario, tuple(rows), n, found, _learnt(drawn) if drawn else None)


def register(
    asked: Planned, name: str, root: Path, engine: Engine, monitor: Monitor
) -> tuple[StudyFolder, dict[str, Any]]:
    """Simulate what is asked for and keep the prediction; what has been registered once stays as it is.

    Raises
    ------
    InputError
        It has been registered before, and was altered since.
    RunFailed
        A draw could not be run.
    Stopped
        The monitor asked to stop; the same call goes on.
    """
    rows = [[row.arm, row.one.of, row.one.time, row.one.beside] for row in asked.rows]
    draws = asked.posterior.of if asked.posterior else {"seeds": asked.n}
    content = {"scenario": digest(told_base(asked.base)), "model": model_hash(), "rows": rows, "draws": draws}
    with at_home(root.resolve() / "predictions", name, content, monitor) as folder:
        if (folder.path / REGISTRATION).exists():
            return folder, read(folder.path)
        jobs = list(asked.jobs())
        lab = Lab(folder, engine, monitor)
        lab.run(lambda: iter(jobs))
        found = {
            "name": name,
            "registered": datetime.now(UTC).isoformat(timespec="seconds"),
            "software": __version__,
            "commit": commit(),
            "scenario_hash": content["scenario"],
            "model_hash": content["model"],
            "draws": draws,
            "learnt": asked.learnt,
            "scenario": json.loads(told_base(asked.base)),
            "rows": _predicted(asked, [lab.values(job) for job in jobs]),
        }
        folder.write_json(REGISTRATION, found | {HASH: hash_of(found)})
    return folder, read(folder.path)


def read(path: Path) -> dict[str, Any]:
    """Return a registration, of its file or its folder.

    Raises
    ------
    InputError
        There is none, or it is not what was registered.
    """
    file = path / REGISTRATION if path.is_dir() else path
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        known = found[HASH]
    except (OSError, ValueError, KeyError, TypeError):
        text = "no registration there" if not file.is_file() else "no registration, or a damaged one"
        raise InputError(Fault(text, file=str(file), allowed="what abm predict --register has written")) from None
    own = hash_of({key: value for key, value in found.items() if key != HASH})
    if own != known:
        text = f"altered since it was registered: its content has the SHA-256 {own[:12]}…"
        raise InputError(Fault(text, file=str(file), allowed=f"the content of {known[:12]}…, as registered"))
    return found


def hash_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a registration says."""
    return hashlib.sha256(json.dumps(json.loads(json_text(content)), sort_keys=True).encode()).hexdigest()


def _rows_of(plan: Observations) -> list[Row]:
    text, allowed = "of cells of one CD20, which is not predicted", "an empty cell, and what is of all cells"
    faults = [plan.sheet.fault(text, row.line, "cd20", allowed) for row in plan.found if row.one.cd20 is not None]
    if faults:
        raise InputError(*faults)
    return plan.found


def _all_rows(scenario: Scenario) -> Iterator[Row]:
    """Yield every share that a run tells at the end of every arm."""
    names = dict.fromkeys(own.name for own in shown(scenario).values() if own.at_end)
    for arm in scenario.arms:
        for name in names:
            yield Row(0, arm, Observed(of=name, words=PLANNED, source=f"{OWN} {PLANNED}"))


def _learnt(fit: Path) -> dict[str, Any] | None:
    """Return the table that a fit learnt from and its rows; nothing of a fit on papers, or a table of draws."""
    with suppress(ReadError):
        found = StudyFolder(fit).read_json(FIT)
        rows = [[row["arm"], row["of"], row["time_h"], row["seen"]] for row in found.get("observed", ())]
        return found["data"] | {"rows": rows} if "data" in found else None
    return None


def _predicted(asked: Planned, values: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    known, rows = shown(asked.scenario), []
    for row, name in zip(asked.rows, names_of(asked.rows), strict=True):
        own: Shown = known[row.one.of]
        each = factor_of(own) * np.array([value_of(one, keys_of(row, own)) for one in values])
        is_known = np.isfinite(each)
        if not is_known.any():  # such as what is relative to a control of an arm that has none
            continue
        lo, median, hi = np.quantile(each[is_known], (ENDS[0], 0.5, ENDS[1])).tolist()
        told = {"row": name, "arm": row.arm, "of": own.name, "time_h": row.one.time, "beside": row.one.beside}
        numbers = {"unit": unit_of(own), "median": median, "lo": lo, "hi": hi, "values": each[is_known].tolist()}
        rows.append(told | {"words": own.measure.words} | numbers)
    return rows
