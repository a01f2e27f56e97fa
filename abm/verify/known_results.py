"""Hashes of the results of tiny scenarios that this version is known to give; bytes are promised, not only numbers."""

import json
import platform
from functools import partial
from importlib import metadata
from pathlib import Path

import llvmlite.binding
import numpy as np

from abm.core.version import __version__
from abm.scenario.from_file import load_scenario
from abm.study.simulate import simulate
from abm.verify.check import Case, Check

KEPT = Path(__file__).with_name("known_results.json")
TINY = {
    "well": ("quick", ("populations.b_cells.n=40", "duration=2 h", "probes.cells.at=[2 h]", "probes.fields.at=[2 h]")),
    "patient": ("wm_patient", ("populations.b_cells.cells_per_agent=1e10", "duration=60 d")),
}
PARTS = ("machine", "processor", "NumPy", "Numba")
PROMISE = "the same version and libraries give the same bytes on processors of one family"


def here() -> list[str]:
    """Return what other bytes may come from: processor and the libraries that compute."""
    return [platform.machine(), llvmlite.binding.get_host_cpu_name(), np.__version__, str(metadata.version("numba"))]


def minor(version: str) -> str:
    """Return the first two numbers of a version: only they change with results."""
    return ".".join(version.split(".")[:2])


def found(name: str) -> str:
    """Return the hash of the results of one of the tiny scenarios."""
    file, sets = TINY[name]
    return simulate(load_scenario(file, sets)).summary["result_hash"]


def elsewhere() -> str:
    """Return in what the kept hashes are not those of this installation; empty where they are comparable."""
    kept = json.loads(KEPT.read_text())
    rows = [("abm", minor(kept["version"]), minor(__version__)), *zip(PARTS, kept["here"], here(), strict=True)]
    return ", ".join(f"known for {part} {known}, here {own}" for part, known, own in rows if known != own)


def known(name: str) -> list[Check]:
    """Compare the hash of one tiny scenario."""
    differs = elsewhere()
    kept = json.loads(KEPT.read_text())["result_hash"][name]
    words = {"well": "Hash of all results of a tiny well", "patient": "Hash of all results of a few small patients"}[
        name
    ]
    return [Check(words, "", found(name), kept, 0.0, differs or PROMISE, is_comparable=not differs)]


CASES: dict[str, Case] = {f"known-{name}": partial(known, name) for name in TINY}
