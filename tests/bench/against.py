"""Another revision beside this one: the same jobs in paired rounds of one run, each side in a process of its own.

Where the other revision is slow and cost is proportional, it runs a share of the patients or seeds, and its seconds are
scaled; the table says so.
"""

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import jobs, shown
from tests.bench.jobs import Job
from tests.bench.laws import Law, of_runs, of_scores
from tests.bench.rounds import paired, ratios, summary
from tests.bench.side import Side

ROOT = Path(__file__).parents[2]
GIT = ("git", "-C", str(ROOT))


@dataclass(frozen=True)
class Contest:
    """A job that both revisions run: how often, how many times faster it is to be, and what part the other one runs.

    ``share`` is the part of this revision's work that ``other`` does, by default all of it.
    """

    words: str
    own: Job
    n_rounds: int
    at_least: float
    other: Job = field(default_factory=dict)
    share: float = 1.0


def contests(is_full: bool) -> dict[str, Contest]:
    """Return what is compared by name; all of it on both sides, or the slow side's part of it."""
    return (
        {
            "well": Contest("full well, 60 000 cells, 24 h at 1 min", jobs.wells(jobs.WELL_CELLS), 5, 3),
            "million": Contest("10⁶ cells, 8 steps of 1 min", jobs.steps(1_000_000, 8), 5, 1),
            "patch": Contest(
                "16 patches of 5 000 cells, 24 h at 2.5 min", jobs.wells(jobs.PATCH_CELLS, dt_min=2.5, n_wells=16), 5, 6
            ),
            "row": Contest("16 rows of a sweep: three such patches and their controls", jobs.row(n_rows=16), 5, 6),
        }
        | _cohorts(is_full)
        | _evidence(is_full)
    )


def _cohorts(is_full: bool) -> dict[str, Contest]:
    def cohort(words: str, at_least: float, n: int, part: int, *how: Any) -> Contest:
        n_other = n if is_full else part
        own, other = (jobs.cohort(how[0], count, *how[1:]) for count in (n, n_other))
        return Contest(words, own, 1, at_least, other, n_other / n)

    return {
        "cohort": cohort("100 patients, 5 years, 10⁹ cells per agent", 30, 100, 20, "gertz2004", 5, 1e9, 12),
        "cohort8": cohort("100 patients, 5 years, 10⁸ cells per agent", 8, 100, 10, "gertz2004", 5, 1e8, 12),
        "cll": cohort("70 patients with CLL, 6 years, 10⁹ cells per agent", 15, 70, 14, "chiodin2022", 6, 1e9, 12),
    }


def _evidence(is_full: bool) -> dict[str, Contest]:
    def evidence(group: str, at_least: float, n_seeds: int, scale: float) -> Contest:
        n_other, size = (n_seeds, 1.0) if is_full else (2, scale)
        own, other = jobs.evidence(group, n_seeds), jobs.evidence(group, n_other, size)
        words = f"abm evidence --group {group} --seeds {n_seeds}"
        return Contest(words, own, 1, at_least, other, n_other * size / n_seeds)

    groups = {"assay": (4, 5, 1.0), "patient": (15, 10, 0.25), "cll": (10, 5, 0.25)}
    return {f"evidence-{group}": evidence(group, *how) for group, how in groups.items()}


@dataclass(frozen=True)
class Compared:
    """What a contest gave: seconds of one core on each side, round by round, and the laws."""

    name: str
    words: str
    at_least: float
    share: float
    before_s: list[float]
    after_s: list[float]
    n_busy: int
    laws: list[Law]

    @property
    def faster(self) -> dict[str, float]:
        """Return how many times faster this revision is, pair by pair."""
        return summary(ratios(self.before_s, self.after_s))

    @property
    def broken(self) -> list[Law]:
        """Return the laws that chance does not explain."""
        return [law for law in self.laws if not law.is_kept(len(self.laws))]

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> "Compared":
        """Return what JSON holds."""
        return cls(**dict(plain) | {"laws": [Law(**law) for law in plain["laws"]]})


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Lend a working tree of a revision, and take it away again, also when interrupted.

    Raises
    ------
    SystemExit
        There is no such revision, or this is no repository.
    """
    with tempfile.TemporaryDirectory(prefix="abm-bench-") as folder:
        place = Path(folder).resolve() / "tree"
        try:
            done = subprocess.run(
                [*GIT, "worktree", "add", "--quiet", "--detach", str(place), revision],
                stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                sys.exit(f"--against {revision}: {done.stderr.strip()}")
            yield place
        finally:
            subprocess.run([*GIT, "worktree", "remove", "--force", str(place)], stderr=subprocess.DEVNULL, check=False)


def compare(name: str, contest: Contest, roots: tuple[Path, Path], n_rounds: int | None = None) -> Compared:
    """Run a contest of two revisions, the earlier first."""
    with Side(roots[0], contest.other or contest.own) as other, Side(roots[1], contest.own) as own:
        _check([(other, roots[0]), (own, roots[1])])
        seeds: dict[str, Iterator[int]] = {"before": iter(range(1, 1000)), "after": iter(range(1, 1000))}
        sides: dict[str, Callable[[], dict[str, Any]]] = {
            "before": lambda: other.run(next(seeds["before"])),
            "after": lambda: own.run(next(seeds["after"])),
        }
        found, n_busy = paired(sides, n_rounds or contest.n_rounds)
    seconds = {side: [one["cpu_s"] for one in several] for side, several in found.items()}
    scaled = [s / contest.share for s in seconds["before"]]
    laws = _laws(contest, *([one["found"] for one in found[side]] for side in ("before", "after")))
    return Compared(name, contest.words, contest.at_least, contest.share, scaled, seconds["after"], n_busy, laws)


def _check(sides: Sequence[tuple[Side, Path]]) -> None:
    """See that each side has warmed up, and runs the model of its own revision."""
    for side, root in sides:
        model = side.heard()["model"]
        if model and not Path(model).resolve().is_relative_to(root.resolve()):
            raise RuntimeError(f"{root} runs the model of {model}")


def _laws(contest: Contest, before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> list[Law]:
    if contest.own["kind"] == "evidence":
        return of_scores(before[0], after[0])
    return of_runs(_together(before), _together(after))


def _together(found: list[Mapping[str, list[Any]]]) -> dict[str, list[Any]]:
    return {name: [value for one in found for value in one.get(name, [])] for name in found[0]}


def race(revision: str, names: Sequence[str], is_full: bool, n_rounds: int | None, console: Console) -> list[Compared]:
    """Compare this working tree with another revision, job by job."""
    known, found = contests(is_full), []
    with checkout(revision) as place:
        for name in names or known:
            console.print(f"comparing {name} …", style="dim")
            found.append(compare(name, known[name], (place, ROOT), n_rounds))
    return found


HEADINGS = ("job, seconds of one core", "before", "now", "times faster", "least", "most", "pairs")


def speed(found: Sequence[Compared], revision: str) -> Table:
    """Return how much faster this revision is, for people."""
    rows = [
        (*_row(one), str(one.n_busy or ""), f"≥ {one.at_least:g}", "" if one.faster["median"] >= one.at_least else "NO")
        for one in found
    ]
    return shown.table(f"against {revision}", (*HEADINGS, "busy", "asked", ""), rows)


def _row(one: Compared) -> tuple[str, ...]:
    part = f" (before: {one.share:.0%} of it, scaled)" if one.share < 1.0 else ""
    seconds = (summary(several)["median"] for several in (one.before_s, one.after_s))
    faster = (one.faster[name] for name in ("median", "min", "max"))
    return f"{one.words}{part}", *map(shown.written, (*seconds, *faster)), str(one.faster["n_rounds"])


def laws(found: Sequence[Compared]) -> Table:
    """Return all laws, for people."""
    headings = ("job", "law", "before", "now", "error", "z", "p", "")
    rows = [
        (one.name, law.name, *_numbers(law), "" if law.is_kept(len(one.laws)) else "BROKEN")
        for one in found
        for law in one.laws
    ]
    return shown.table("the same laws: differences and their standard errors", headings, rows, n_words=2)


def _numbers(law: Law) -> Iterator[str]:
    return (
        f"{value:.3g}" if math.isfinite(value) else "–" for value in (law.before, law.after, law.error, law.z, law.p)
    )


def page(found: Sequence[Compared], revision: str) -> str:
    """Return the comparison as the site shows it."""
    n_laws, n_broken = (sum(map(len, several)) for several in zip(*((o.laws, o.broken) for o in found), strict=True))
    kept = f"{n_laws - n_broken} of {n_laws} laws (survival, end points, claims) are the same within sampling error"
    said = f"Against revision {revision}, one thread, both in one run; {kept}:"
    return f"{said}\n\n{shown.markdown(HEADINGS, map(_row, found))}"
