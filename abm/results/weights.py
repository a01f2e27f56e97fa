"""Weights of the patients of a run, beside its own files: ``weights/<name>/weights.parquet`` and ``weights.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.files import naming, write_json
from abm.results.run import Run
from abm.results.seal import file_hash
from abm.results.tables import ReadError, read_parquet, unreadable, write_parquet

FOLDER, TABLE, TOLD = "weights", "weights.parquet", "weights.json"


@dataclass(frozen=True)
class Weights:
    """How much each patient of a run counts.

    Attributes
    ----------
    told : mapping
        The content of ``weights.json``: name, targets before and after, effective number of patients.
    patient : array of int, shape (n,)
        Replicates of the run.
    weight : array, shape (n,)
        Of sum 1.
    """

    told: Mapping[str, Any]
    patient: NDArray[np.int64]
    weight: NDArray[np.float64]


def write_weights(
    run: Run, name: str, patients: Sequence[int], weights: Sequence[float], told: Mapping[str, Any]
) -> Path:
    """Write weights beside a run's files and return their folder; the table first, what tells of it last.

    Raises
    ------
    WriteError
        The folder cannot be written to.
    """
    folder = run.path / FOLDER / name
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_parquet(folder / TABLE, {"patient": patients, "weight": weights})
    hashes = {"result_hash": run.summary()["result_hash"], "weights_sha256": file_hash(folder / TABLE)}
    write_json(folder / TOLD, {**told, **hashes})
    return folder


def weights_of(run: Run) -> list[Weights]:
    """Return all weights that lie beside a run and were made of these very results, by name.

    Raises
    ------
    ReadError
        A file is damaged.
    """
    found = []
    for path in sorted((run.path / FOLDER).glob(f"*/{TOLD}")):
        told, table = _told(path), path.with_name(TABLE)
        if told.get("result_hash") != run.summary().get("result_hash"):
            continue
        if told.get("weights_sha256") != file_hash(table):
            raise ReadError(f"{table} changed or is gone; 'abm weigh' makes it again")
        columns = read_parquet(table)
        found.append(Weights(told, columns["patient"].to_numpy(), columns["weight"].to_numpy()))
    return found


def _told(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from error
    return content if isinstance(content, dict) else {}
