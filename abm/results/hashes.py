"""One hash over every result array of a run, whatever the file format and the time."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from abm.results.tables import as_table, read_csv, read_npz, read_parquet


def result_hash(folder: Path) -> str:
    """Return the SHA-256 over names, order and values of series, deaths, start, cells, fields and draws.

    Parameters
    ----------
    folder : Path
        A run folder with merged tables; tables it lacks are skipped.
    """
    digest = hashlib.sha256()
    for name in ("series", "posterior/end_points", "posterior/series"):
        if (folder / f"{name}.csv").exists():
            _add_table(digest, name, read_csv(folder / f"{name}.csv"))
    for path in [
        *(folder / f"{name}.parquet" for name in ("deaths", "start", "events")),
        *sorted(folder.glob("cells/frame=*.parquet")),
    ]:
        if path.exists():
            _add_table(digest, str(path.relative_to(folder).with_suffix("")), read_parquet(path))
    for path in sorted(folder.glob("fields/frame=*.npz")):
        for name, values in read_npz(path).items():
            _add(digest, f"{path.stem}/{name}", np.asarray(values))
    return digest.hexdigest()


def _add_table(digest: "hashlib._Hash", label: str, table: pa.Table) -> None:
    table = as_table(table)
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_string(column.type):
            column = column.dictionary_encode()
            digest.update(json.dumps([label, name, column.dictionary.to_pylist()]).encode())
            column = column.indices
        elif pa.types.is_floating(column.type) or pa.types.is_null(column.type):
            column = column.cast(pa.float64()).fill_null(np.nan)
        if column.null_count:
            _add(digest, f"{label}/{name}/gaps", column.is_null().to_numpy(zero_copy_only=False))
            column = column.fill_null(pa.scalar(0).cast(column.type))
        _add(digest, f"{label}/{name}", column.to_numpy(zero_copy_only=False))


def _add(digest: "hashlib._Hash", label: str, values: np.ndarray) -> None:
    """Hash an array by value: integers as 64 bits, floats as doubles with one kind of NaN."""
    kind = values.dtype.kind
    plain = values.astype({"f": "<f8", "i": "<i8", "u": "<u8", "b": "u1"}[kind])
    if kind == "f":
        plain[np.isnan(plain)] = np.nan
    digest.update(f"{label} {kind} {values.shape}\n".encode())
    digest.update(plain.reshape(-1).view(np.uint8).data)
