"""All checks of an installation, side by side: what each found, and one page of it."""

import json
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from abm.core.errors import Fault, InputError, nearest
from abm.core.files import try_folder, write_json
from abm.core.jit import set_threads
from abm.results.provenance import collect
from abm.study.jobs import Flow, Monitor, Outcome
from abm.study.pool import outcomes
from abm.verify import closed_forms, exact_chance, known_results, step_halving, twin_agreement
from abm.verify.check import Check
from abm.verify.page import write_page

KINDS = {  # those that take longest first, so that no core waits for one of them at the end
    "step halving": step_halving,
    "exact simulation": exact_chance,
    "closed form": closed_forms,
    "plain twin": twin_agreement,
    "known result": known_results,
}
SHOWN = ("closed form", "plain twin", "exact simulation", "known result", "step halving")
KIND_OF = {name: kind for kind, module in KINDS.items() for name in module.CASES}


@dataclass(frozen=True)
class CaseJob:
    """One case, by name, on one thread."""

    name: str

    @property
    def label(self) -> str:
        """Name the case."""
        return self.name

    def to_json(self) -> str:
        """Return the job as text."""
        return json.dumps(self.name)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the job that a text holds."""
        return cls(json.loads(text))

    def run(self, flow: Flow) -> list[dict[str, Any]]:
        """Return what the checks of the case found, with the time that all of them took."""
        set_threads(1)
        start = time.monotonic()
        found = KINDS[KIND_OF[self.name]].CASES[self.name]()
        return told(self.name, found, time.monotonic() - start)


def told(name: str, found: Sequence[Check], seconds: float) -> list[dict[str, Any]]:
    """Return the checks of a case as rows of the page and of ``verify.json``."""
    return [
        {"case": name, "kind": KIND_OF[name]}
        | asdict(check)
        | {"difference": check.difference, "verdict": check.verdict, "seconds": round(seconds, 2)}
        for check in found
    ]


def chosen(names: Collection[str]) -> list[str]:
    """Return the cases that are meant: by name, or all of a kind; without names all.

    Raises
    ------
    InputError
        There is none of a name.
    """
    known = [*KIND_OF, *KINDS]
    unknown = [name for name in names if name not in known]
    if unknown:
        allowed = ", ".join(known)
        raise InputError(
            *(Fault(f"--only {n}: no such check", allowed=allowed, nearest=nearest(n, known)) for n in unknown)
        )
    return [case for case, kind in KIND_OF.items() if not names or case in names or kind in names]


def verify(names: Collection[str], root: Path, n_workers: int, monitor: Monitor) -> tuple[Path, dict[str, Any]]:
    """Check this installation and write ``verify/report.html`` and ``verify/verify.json`` below a folder.

    Parameters
    ----------
    names : collection of str
        Cases or kinds; none means all.
    root : Path
        Folder that holds all runs.
    n_workers : int
        Cases side by side.
    monitor : Monitor
        Progress and the wish to stop.

    Returns
    -------
    Path, dict
        The page; whether all passed, how many did, software, time and every check.
    """
    cases, start, folder = chosen(names), datetime.now(UTC), root / "verify"
    try_folder(root)
    monitor.begin(folder, len(cases))
    rows = [row for outcome in outcomes(map(CaseJob, cases), n_workers, monitor) for row in _rows(outcome)]
    rows.sort(key=lambda row: (SHOWN.index(row["kind"]), cases.index(row["case"])))
    count = {
        verdict: sum(row["verdict"] == verdict for row in rows) for verdict in ("passed", "failed", "not comparable")
    }
    counted = {name.replace(" ", "_"): n for name, n in count.items()}
    found = {"ok": not count["failed"], **counted, **collect(start, n_workers), "checks": rows}
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "verify.json", found)
    return write_page(folder, found), found


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the rows of a case; one that broke down has failed."""
    if outcome.event == "done":
        return outcome.content
    last = str(outcome.content).strip().splitlines()[-1]
    broken = Check(
        f"The case {outcome.job.label} runs to its end", "", last, "it does", 0.0, "whatever broke down failed"
    )
    return told(outcome.job.label, [broken], 0.0)
