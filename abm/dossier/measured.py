"""What a folder of runs holds that speaks for or against a scenario: who made it, when, and its hash."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.core.errors import InputError
from abm.core.source import SHOWING, model_hash
from abm.dossier.checkout import RESULTS
from abm.evidence.reading import digest
from abm.evidence.score import PARAMETERS, group_of
from abm.plot.page import checks
from abm.results.run import Run
from abm.results.seal import file_hash
from abm.results.tables import ReadError
from abm.scenario.from_file import load_scenario
from abm.scenario.schema import Scenario
from abm.study.resume import scenario_hash
from abm.study.rows import as_base

IN_SAMPLE = ("fit", "decide")
OTHER_MODEL = "made by another version of the model or its parameters: to be run again"
SHOWN_HASH = 16


@dataclass(frozen=True)
class Fact:
    """One thing measured.

    Attributes
    ----------
    words, value : str
        What it is, and what was found.
    command : str
        What made it.
    date, hash : str
        When, and of what content.
    number : float
        What a criterion looks at, under its name in `measure`.
    note : str
        What lessens it.
    """

    words: str
    value: str
    command: str
    date: str = ""
    hash: str = ""
    measure: str = ""
    number: float = math.nan
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """A run of the scenario, or of one that differs in its step or in its number of agents alone."""

    run: Run
    scenario: Scenario
    differs: str

    @property
    def note(self) -> str:
        """What lessens it: that the model, or what it computes with, has changed since."""
        is_drawn = "posterior" in self.run.summary()  # is part of the hash
        return "" if is_drawn or self.run.scenario_hash == scenario_hash(self.scenario) else OTHER_MODEL

    @property
    def date(self) -> str:
        """When it began."""
        return str(self.run.provenance().get("start", ""))[:10]

    @cached_property
    def results(self) -> dict[str, tuple[float, float]]:
        """Shares of each arm with half of their 95 % interval, percentage points."""
        found = {}
        for arm, own in self.run.summary()["arms"].items():
            shares = own["shares"] if "shares" in own else {"survival": own["survival"]}
            for name, one in shares.items():
                value, lo, hi = one.get("share", one.get("mean")), one.get("lo"), one.get("hi")
                if value is not None:
                    half = math.nan if lo is None or hi is None else 50.0 * (hi - lo)
                    found[f"{arm}.{name}"] = (100.0 * value, half)
        return found


@dataclass(frozen=True)
class Measured:
    """What lies below a root for a scenario.

    Attributes
    ----------
    file : str
        How the scenario is called on the command line.
    """

    root: Path
    scenario: Scenario
    file: str

    @cached_property
    def group(self) -> str:
        """Which claims the scenario is for."""
        return group_of(self.scenario)

    @cached_property
    def runs(self) -> list[Kept]:
        """Finished runs of the scenario and of its relatives, the newest first."""
        found = []
        for path in self.root.glob("*/*/summary.json"):
            with suppress(ReadError, InputError, KeyError):
                run = Run.open(path.parent)
                other = load_scenario(path.parent / "scenario.yaml")
                differs = difference(self.scenario, other)
                if differs is not None:
                    found.append(Kept(run, other, differs))
        return sorted(found, key=lambda one: one.date, reverse=True)

    @cached_property
    def run(self) -> Kept | None:
        """The newest run of the scenario itself."""
        return next((one for one in self.runs if not one.differs), None)

    def files(self, folder: str, name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield JSON files of a kind below the root, the newest first."""
        paths = sorted(self.root.glob(f"{folder}/*/{name}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in paths:
            with suppress(OSError, ValueError):
                content = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(content, dict):
                    yield path, content

    @property
    def results_of_tests(self) -> list[Path]:
        """What pytest has written of its last runs."""
        return [self.root / name for name in RESULTS if (self.root / name).is_file()]

    @cached_property
    def evidence(self) -> tuple[Path, dict[str, Any]] | None:
        """The newest scores that have claims of the scenario's group."""
        for path, found in self.files("evidence", "scores.json"):
            if any(claim["id"] in self.claims for claim in found["claims"]):
                return path, found
        return None

    @cached_property
    def claims(self) -> dict[str, str]:
        """Role of each claim of the group."""
        from abm.evidence.claim import claims

        return {claim.id: claim.role for claim in claims(self.group)}

    def is_of_this_model(self, path: Path) -> bool:
        """Whether a folder of evidence is of this version of the model and of the group's parameter set."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            identity = json.loads((path.parent / "identity.json").read_text(encoding="utf-8"))
            base = digest(as_base(load_scenario(PARAMETERS[self.group])))
            return identity["model"] == model_hash(SHOWING) and identity["parameters"][self.group] == base
        return False


def difference(scenario: Scenario, other: Scenario) -> str | None:
    """Return in what another scenario differs from one: "" in nothing, a step, agents; None in something else."""
    if scenario == other:
        return ""
    same_step = other.model_copy(update={"dt": scenario.dt, "dt_later": scenario.dt_later, "name": scenario.name})
    if same_step == scenario and other.dt < scenario.dt:
        return "step"
    same_agents = other.model_copy(update={"populations": scenario.populations})
    return "agents" if same_agents == scenario else None


def stamp(path: Path) -> tuple[str, str]:
    """Return date and short hash of a file."""
    date = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    return date, file_hash(path)[:SHOWN_HASH]


def checked(kept: Kept) -> tuple[int, int]:
    """Return how many conservation checks of a run failed, and of how many."""
    found = checks.conservation(kept.run)
    return sum(one.verdict == checks.FAILED for one in found), len(found)


def largest_change(one: Kept, other: Kept) -> float:
    """Return the largest difference of the shares of two runs, percentage points."""
    pairs = [(one.results[name][0], other.results[name][0]) for name in one.results if name in other.results]
    return max((abs(a - b) for a, b in pairs), default=math.nan)


def shares_of(claims: list[Mapping[str, Any]], roles: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Return how many claims hold, and of how many, in and out of the sample."""
    found = {}
    for name, is_in in (("in_sample_frac", True), ("out_of_sample_frac", False)):
        own = [claim for claim in claims if claim["id"] in roles and (roles[claim["id"]] in IN_SAMPLE) is is_in]
        found[name] = (sum(bool(claim["holds"]) for claim in own), len(own))
    return found
