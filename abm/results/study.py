"""One folder per study: the plan, a line for every row that ended, and the table of both.

``plan.parquet`` names rows by identity, seed and content hash; ``rows.jsonl`` grows by one line per row, so that a
crash costs nothing that ended before; ``results.parquet`` is what people read. ``identity.json`` says what the folder
depends on: work of the same name that depends on anything else has a folder beside it, and takes over the rows they
share.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from abm.core.files import LEFTOVER, append_event, append_line, atomic_write, json_text, naming, write_json
from abm.core.measure import Measures
from abm.results.declared import measures
from abm.results.lock import LOCK_NAME
from abm.results.tables import ReadError, read_parquet, unreadable

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
KEYS = ("id", "seed", "hash")
POINT = "point"  # what the row changes in the base, as JSON
IDENTITY = "identity.json"
CHECK = "check"
Row = dict[str, Any]


def home(parent: Path, name: str, content: Mapping[str, Any]) -> StudyFolder:
    """Return the folder of a content: the one of its name, or one beside it where that holds something else.

    Parameters
    ----------
    parent : Path
        Folder of all of its kind.
    name : str
        What the user calls it.
    content : mapping
        All that its results depend on, as JSON can hold it.
    """
    own = json.loads(json_text(content))
    key = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()
    first, *others = (StudyFolder(parent / f"{name}{end}") for end in ("", f"-{key[:8]}", f"-{key}"))
    if first.takes(own):
        return first
    found = next((folder for folder in others if folder.takes(own)), others[-1])
    found.notice = f"{first.path} holds {first.differing(own)} under this name; this one is kept in {found.path}"
    found.first = first.path
    return found


class StudyFolder:
    """A study's folder; readers raise `ReadError` where a file is missing or damaged.

    Parameters
    ----------
    path : path-like
        The folder; made by whoever writes first.

    Attributes
    ----------
    notice : str
        Why it does not lie where its name says; empty where it does.
    """

    def __init__(self, path: str | Path):
        self.path = self.first = Path(path)
        self.notice = ""

    def takes(self, content: Mapping[str, Any]) -> bool:
        """Whether the folder holds this content, or nothing yet."""
        try:
            return self.read_json(IDENTITY) == content
        except ReadError:
            found = os.listdir(self.path) if self.path.is_dir() else []
            return all(name == LOCK_NAME or LEFTOVER.fullmatch(name) for name in found)

    def differing(self, content: Mapping[str, Any]) -> str:
        """Say in what the folder's content is another one."""
        try:
            known = self.read_json(IDENTITY)
        except ReadError:
            return "something else"
        return f"work with other {', '.join(key for key in content if known.get(key) != content[key])}"

    def kin(self) -> dict[str, Row]:
        """Return the rows that ended well in the folders of the same name beside this one, by hash."""
        beside = {self.first, *self.first.parent.glob(f"{self.first.name}-{'[0-9a-f]' * 8}")} - {self.path}
        found: dict[str, Row] = {}
        for path in sorted(beside):
            with suppress(ReadError):  # what a folder does not show is run
                found |= {one["hash"]: one for one in StudyFolder(path).records() if one["status"] == "done"}
        return found

    def make(self) -> None:
        """Make the folder if it is missing."""
        with naming(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def write_text(self, name: str, text: str) -> None:
        """Write one file of text."""
        atomic_write(self.path / name, text.encode())

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write one JSON object."""
        write_json(self.path / name, content)

    def read_json(self, name: str) -> dict[str, Any]:
        """Return one JSON object."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise unreadable(self.path / name, error) from error

    def measures(self) -> Measures:
        """Return what was measured; in a folder that does not say it, the endings of names tell."""
        return measures(self.path, "readouts")

    def write_plan(self, rows: Iterable[Row]) -> int:
        """Write the plan in pieces, so that a long one fits into little memory; return the number of rows.

        Parameters
        ----------
        rows : iterable of dict
            ``id``, ``seed``, ``hash`` and ``point``, a mapping of path to plain value, which is written as JSON: null
            is what the point switches off, and what it does not name stays as in the base.
        """
        schema = pa.schema([("id", pa.int64()), ("seed", pa.uint64()), ("hash", pa.string()), (POINT, pa.string())])
        n = 0

        def write(file: Any) -> None:
            nonlocal n
            with pq.ParquetWriter(file, schema) as writer:
                for piece in _pieces(rows):
                    columns = {key: [row[key] for row in piece] for key in KEYS}
                    columns[POINT] = [json.dumps(row[POINT]) for row in piece]
                    writer.write_table(pa.table(columns, schema))
                    n += len(piece)

        atomic_write(self.path / "plan.parquet", write)
        return n

    def plan(self) -> Iterator[Row]:
        """Yield the rows of the plan in order."""
        path = self.path / "plan.parquet"
        try:
            with open(path, "rb") as stream, pq.ParquetFile(stream) as file:
                for batch in file.iter_batches(CHUNK):
                    for row in batch.to_pylist():
                        yield {**row, POINT: json.loads(row[POINT])}
        except (OSError, KeyError, ValueError) as error:  # ArrowInvalid and JSON's errors are ValueErrors
            raise unreadable(path, error) from error

    def log(self, event: str, fields: Mapping[str, object]) -> None:
        """Add one line to ``log.jsonl``."""
        append_event(self.path / "log.jsonl", event, fields)

    def append(self, record: Mapping[str, Any]) -> None:
        """Add the line of a row that ended, with a hash of what it says."""
        append_line(self.path / "rows.jsonl", json.dumps({**record, CHECK: _check(record)}))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield every line, oldest first; one that a crash cut short, or that was damaged, is passed over."""
        try:
            with open(self.path / "rows.jsonl", encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        continue
                    if isinstance(record, dict) and record.pop(CHECK, "") == _check(record):
                        yield record
        except FileNotFoundError:
            return
        except OSError as error:
            raise unreadable(self.path / "rows.jsonl", error) from error

    def statuses(self) -> dict[str, str]:
        """Return how each row ended, by hash: done, refused or failed; the last attempt counts."""
        return {record["hash"]: record["status"] for record in self.records()}

    def write_table(self, shown: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Write ``results.parquet``: the plan with what came out, in the plan's order.

        Parameters
        ----------
        shown : callable
            From a point to its number, text or None in each column of the axes.
        """
        found = {record["hash"]: record for record in self.records()}
        names = sorted({name for record in found.values() for name in record.get("values", {})})
        rows = list(self.plan())
        columns: dict[str, Any] = {key: [row[key] for row in rows] for key in KEYS}
        columns[POINT] = [json.dumps(row[POINT]) for row in rows]
        axes = [shown(row[POINT]) for row in rows]
        columns |= {name: _column([row[name] for row in axes]) for name in (axes[0] if axes else ())}
        ended = [found.get(row["hash"], {}) for row in rows]
        columns["status"] = [record.get("status", "missing") for record in ended]
        columns["reason"] = [record.get("reason", "") for record in ended]
        for name in names:
            columns[name] = pa.array([record.get("values", {}).get(name) for record in ended], pa.float64())
        table = pa.table(columns)
        atomic_write(self.path / "results.parquet", lambda file: pq.write_table(table, file))

    def table(self) -> pd.DataFrame:
        """Return the results: one row per planned row, values as ``arm.measure``."""
        return read_parquet(self.path / "results.parquet").to_pandas()


def _check(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()[:16]


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    for row in rows:
        piece.append(row)
        if len(piece) == CHUNK:
            yield piece
            piece = []
    if piece:
        yield piece


def _column(values: list[Any]) -> pa.Array:
    """Return numbers as numbers and all else as text; null is left for what there is not."""
    if all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value).removesuffix(".0")
