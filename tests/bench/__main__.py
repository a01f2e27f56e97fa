"""``scripts/bench``: what the simulator costs on this machine, and against another revision, as tables or as JSON.

``--page FILE …`` fills the tables of the page on speed from what ``--json`` printed before, and measures nothing.
"""

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mesa
import numba
import numpy as np
from rich.console import Console

from abm import __version__
from abm.core.jit import threading_layer
from tests.bench import against, everyday, figures, shown, sweep, view
from tests.bench.engine import ROOT
from tests.bench.figures import Plan
from tests.bench.jobs import NK_SHARE
from tests.bench.shown import Figure

MEASURES: dict[str, Callable[[Plan], list[Figure]]] = {
    "throughput": figures.throughput,
    "mesa": figures.mesa,
    "well": figures.well,
    "cohorts": figures.cohorts,
    "sweep": sweep.sweep,
    "plate": everyday.plate,
    "startup": everyday.startup,
    "first_result": everyday.first_result,
    "view": view.view,
}
LONG = "plate"  # takes longer than all that is quick
PAGE = ROOT / "docs" / "results" / "speed.md"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes, under two minutes")
    parser.add_argument("--threads", type=_numbers, help="numbers of threads, first the base: 1,2,4")
    parser.add_argument("--sizes", type=_numbers, help="cells: 1e4,1e5,1e6")
    parser.add_argument("--rounds", type=int, help="paired rounds")
    parser.add_argument("--nk-share", type=float, default=NK_SHARE, help="NK among cells")
    parser.add_argument("--only", type=_names(MEASURES), default=(), help=f"of {','.join(MEASURES)}")
    parser.add_argument("--against", metavar="REV", help="compare with another revision instead")
    jobs = against.contests(is_full=True)
    parser.add_argument("--jobs", type=_names(jobs), default=(), help=f"what to compare: of {','.join(jobs)}")
    parser.add_argument("--full", action="store_true", help="let the other revision run all of every job")
    parser.add_argument("--page", nargs="+", type=Path, metavar="FILE", help="fill the page on speed from --json files")
    return parser.parse_args(words)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(round(float(word)) for word in text.split(","))


def _names(known: dict[str, Any]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        unknown = [word for word in text.split(",") if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return tuple(text.split(","))

    return names


def plan_of(asked: argparse.Namespace) -> Plan:
    """Return what is measured; thread counts beyond the machine's are left out."""
    cores, quick = os.cpu_count() or 1, asked.quick
    return Plan(
        n_rounds=asked.rounds or (3 if quick else 5),
        threads=asked.threads or tuple(n for n in (1, 2, 4) if n <= cores),
        sizes=asked.sizes or ((10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)),
        nk_share=asked.nk_share,
        mesa_cells=10_000 if quick else 100_000,
        well_hours=1.0 if quick else 24.0,
        n_patients=4 if quick else 40,
        sweep_rows=4 if quick else 16,
        is_quick=quick,
    )


def measure(asked: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure what is asked, one after another, compilation outside every clock."""
    if asked.against:
        found = against.race(asked.against, asked.jobs, asked.full, asked.rounds, console)
        return {"against": {"revision": asked.against, "jobs": [one.plain() for one in found]}}
    plan, figures_found = plan_of(asked), []
    for name in asked.only or (one for one in MEASURES if not (plan.is_quick and one == LONG)):
        console.print(f"measuring {name} …", style="dim")
        figures_found += MEASURES[name](plan)
    return {"figures": [asdict(one) for one in figures_found]}


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "abm": __version__,
        "python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "mesa": mesa.__version__,
        "threading_layer": threading_layer(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def read(found: dict[str, Any]) -> tuple[list[Figure], list[against.Compared], str]:
    """Return the figures, comparisons and the other revision that JSON holds."""
    other = found.get("against", {"revision": "", "jobs": []})
    figures_found = [Figure(**one) for one in found.get("figures", [])]
    return figures_found, [against.Compared.read(one) for one in other["jobs"]], other["revision"]


def show(found: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    figures_found, compared, revision = read(found)
    if figures_found:
        said = ", ".join(f"{name} {value}" for name, value in found["machine"].items())
        console.print(shown.of_figures(figures_found, said))
    if compared:
        console.print(against.laws(compared))
        console.print(against.speed(compared, revision))


def fill_page(files: Sequence[Path]) -> None:
    """Put the tables of JSON files into the page on speed."""
    parts = []
    for file in files:
        found = json.loads(file.read_text())
        figures_found, compared, revision = read(found)
        parts += [shown.page(figures_found, found["machine"])] if figures_found else []
        parts += [against.page(compared, revision)] if compared else []
    PAGE.write_text(shown.filled(PAGE.read_text(), "\n\n".join(parts)))


def main() -> None:
    """Measure and print; end with 1 where laws differ."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was begun is ended too
    asked = arguments()
    if asked.page:
        fill_page(asked.page)
        return
    found = {"machine": machine()} | measure(asked, Console(stderr=True))
    if asked.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        show(found, Console(width=150))
    if any(one.broken for one in read(found)[1]):
        sys.exit(1)


if __name__ == "__main__":
    main()
