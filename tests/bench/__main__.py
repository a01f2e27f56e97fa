"""``scripts/bench``: prints a table, or with ``--json`` one JSON object, of what the engine costs on this machine."""

import argparse
import json
import os
import platform
import sys
from typing import Any

import mesa
import numba
import numpy as np
from rich.console import Console
from rich.table import Table

from abm import __version__
from abm.core.jit import threading_layer
from tests.bench import figures
from tests.bench.engine import STEPS, WELL_NK_PER_B
from tests.bench.figures import BATCH_AGENTS, Plan
from tests.bench.patient import patient
from tests.bench.sweep import sweep
from tests.bench.view import view

FIGURES = ("throughput", "mesa_ratio", "well", "batch", "startup", "first_result", "sweep", "patient", "view")
OWN = {"sweep": sweep, "patient": patient, "view": view}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes, under two minutes")
    parser.add_argument("--threads", type=_numbers, help="numbers of threads, first the base: 1,2,4")
    parser.add_argument("--sizes", type=_numbers, help="cells: 1e4,1e5,1e6")
    parser.add_argument("--rounds", type=int, help="paired rounds")
    parser.add_argument("--nk-share", type=float, default=WELL_NK_PER_B / (WELL_NK_PER_B + 1.0), help="NK among cells")
    parser.add_argument("--only", choices=FIGURES, action="append", help="measure only this; repeatable")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(round(float(word)) for word in text.split(","))


def plan_of(asked: argparse.Namespace) -> Plan:
    """Return what is measured; thread counts beyond the machine's are left out."""
    cores = os.cpu_count() or 1
    quick = asked.quick
    return Plan(
        n_rounds=asked.rounds or (3 if quick else 5),
        threads=asked.threads or tuple(n for n in (1, 2, 4) if n <= cores),
        sizes=asked.sizes or ((10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)),
        well_hours=2.0 if quick else 24.0,
        mesa_agents=10_000 if quick else 100_000,
        n_batch=4 if quick else 16,
        nk_share=asked.nk_share,
        sweep_rows=40 if quick else 1000,
    )


def measure(asked: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure what is asked, one figure after another, compilation outside every clock."""
    plan, wanted = plan_of(asked), asked.only or FIGURES
    found: dict[str, Any] = {"plan": vars(plan) | {"steps": STEPS}}
    console.print(f"{plan.n_rounds} paired rounds; threads {plan.threads}; {plan.nk_share:.0%} NK cells", style="dim")
    for name in wanted:
        console.print(f"measuring {name} …", style="dim")
        extra = {"is_cold": not asked.quick} if name == "first_result" else {}
        found[name] = OWN[name](plan) if name in OWN else getattr(figures, name)(plan, **extra)
    if "throughput" in found:
        sizes = found["throughput"]["sizes"]
        found["exponent"] = found["throughput"].pop("exponent")
        found["threads"] = sizes[max(sizes, key=int)]["speed_up"]
    return {"machine": machine()} | found


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


def rows(found: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """Return (figure, case, summary) of everything that was measured."""
    lines = []
    for size, one in found.get("throughput", {}).get("sizes", {}).items():
        lines += _rows_of_size(f"{int(size):.0e} cells", one)
    for n, one in found.get("exponent", {}).items():
        if isinstance(one, dict):
            lines.append(("growth exponent", f"{n} threads", one))
    for n, one in found.get("mesa_ratio", {}).get("ratio", {}).items():
        lines.append(("over the Mesa model", f"{found['mesa_ratio']['agents']} cells, {n} threads", one))
    for n, one in found.get("well", {}).get("run_s", {}).items():
        lines += [(f"full well, {found['well']['hours']:g} h: s", f"{n} threads", one)]
        lines += [("full well: peak MB", f"{n} threads", found["well"]["peak_MB"][n])]
    for n, one in found.get("batch", {}).items():
        lines.append((f"wells of {BATCH_AGENTS} cells at once", f"{n} workers", one["ratio"]))
    for name, one in found.get("sweep", {}).items():
        if isinstance(one, dict):
            lines.append(
                (name.replace("_", " "), f"{found['sweep']['rows']} rows, {found['sweep']['workers']} workers", one)
            )
    for one in found.get("patient", []):
        lines.append(("patient-year: s", f"{one['agents']} agents, 1 thread", one["seconds_per_patient_year"]))
    lines += _rows_of_view(found.get("view", {}))
    for name in ("startup", "first_result"):
        lines += [(f"{name}: s", case, one) for case, one in found.get(name, {}).items() if isinstance(one, dict)]
    return lines


def _rows_of_view(found: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    lines = [
        ("a frame of the map: s", "Mesa, 10000 cells" if name == "mesa" else f"{name} cells", one)
        for name, one in found.get("frame_s", {}).items()
    ]
    if "mesa_over_ours" in found:
        lines.append(("a frame, Mesa over ours", "10000 cells", found["mesa_over_ours"]))
    if "until_usable_s" in found:
        lines.append(("page usable: s", "quick.yaml", found["until_usable_s"]))
    return lines


def _rows_of_size(size: str, one: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    lines = []
    for n, speed in one["cells_steps_per_s"].items():
        case = f"{size}, {n} threads"
        lines += [
            ("million cell-steps /s", case, _scaled(speed, 1e-6)),
            ("over the first thread count", case, one["speed_up"][n]),
            ("share of the triad", case, one["triad_share"][n]),
        ]
    return [*lines, ("bytes per cell", size, _single(one["bytes_per_agent"]))]


def busy_rounds(found: dict[str, Any]) -> int:
    """Count the rounds in which others took more than a tenth of the machine."""
    if not isinstance(found, dict):
        return 0
    return sum(value if name == "busy_rounds" else busy_rounds(value) for name, value in found.items())


def _scaled(one: dict[str, float], factor: float) -> dict[str, float]:
    return {name: value * (factor if name != "rounds" else 1) for name, value in one.items()}


def _single(value: float) -> dict[str, float]:
    return {"median": value, "min": value, "max": value, "rounds": 1}


def table(found: dict[str, Any]) -> Table:
    """Return the figures for people."""
    caption = f"{busy_rounds(found)} rounds shared the machine with others"
    shown = Table(title=", ".join(f"{name} {value}" for name, value in found["machine"].items()), caption=caption)
    for heading in ("figure", "case", "median", "min", "max", "rounds"):
        shown.add_column(heading, justify="left" if heading in ("figure", "case") else "right")
    for figure, case, one in rows(found):
        shown.add_row(figure, case, *(f"{one[k]:.4g}" for k in ("median", "min", "max")), str(one["rounds"]))
    return shown


def processes(found: dict[str, Any]) -> Table:
    """Return the time per process at the largest size."""
    sizes = found["throughput"]["sizes"]
    largest = max(sizes, key=int)
    seconds = sizes[largest]["seconds_by_process"]
    shown = Table(title=f"one step of {largest} cells on one thread")
    for heading in ("process", "ms", "share"):
        shown.add_column(heading, justify="left" if heading == "process" else "right")
    for name, value in seconds.items():
        shown.add_row(name, f"{1e3 * value:.3f}", f"{value / sum(seconds.values()):.1%}")
    return shown


def main() -> None:
    """Measure and print."""
    asked = arguments()
    found = measure(asked, Console(stderr=True))
    if asked.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    console = Console(width=120)
    console.print(table(found))
    if "throughput" in found:
        console.print(processes(found))


if __name__ == "__main__":
    main()
