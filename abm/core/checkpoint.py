"""Checkpoints: named arrays and a header in one file that is checked before anything of it is believed.

The file is an uncompressed ``.npz``: NumPy opens it, and it holds neither pickle nor state of a random generator.
"""

import hashlib
import json
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from abm.core.errors import RunFailed
from abm.core.files import WriteError, atomic_write, naming, remove_leftovers

FORMAT = "abm-checkpoint"
VERSION = 1
HEADER = "header.json"
REQUIRED = {"scenario_hash": str, "step": int, "time_h": float}
RESERVED = {"format", "version", "arrays"}
MAX_BYTES = 64 * 2**30
MAX_HEADER_BYTES = 256 * 2**20
MAX_DIMENSIONS = 8
CHUNK_BYTES = 2**20
DTYPE = re.compile(r"\|[biu]1|<[iu][248]|<f[248]")
NAME = re.compile(r"[A-Za-z0-9_./~-]{1,200}")
UNREADABLE = (OSError, ValueError, EOFError, MemoryError, RuntimeError, OverflowError, struct.error, zipfile.BadZipFile)
FILE_NAME = re.compile(r"step=(\d{6,})\.npz")


class CheckpointError(RunFailed):
    """A checkpoint cannot be written, or is damaged, cut, foreign or hostile."""


def save(path: Path, arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Write a checkpoint in place of an older one of that name, or leave the older one whole.

    Parameters
    ----------
    path : Path
        File to write.
    arrays : mapping of str to ndarray
        Numbers and booleans of any shape.
    header : mapping
        ``scenario_hash``, ``step``, ``time_h`` and anything else that JSON can hold.

    Raises
    ------
    CheckpointError
        The file cannot be written, or something in it cannot be stored.
    """
    plain = {name: _plain(name, values) for name, values in arrays.items()}
    text = _header_text(plain, header)
    try:
        atomic_write(path, lambda file: _write(file, plain, text))
    except WriteError as error:
        raise CheckpointError(str(error)) from error


def _plain(name: str, values: np.ndarray) -> np.ndarray:
    """Return the values in C order and little-endian."""
    array = np.asarray(values)
    array = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    if not DTYPE.fullmatch(array.dtype.str) or array.ndim > MAX_DIMENSIONS:
        raise CheckpointError(f"array {name!r} cannot be stored: {array.dtype} with {array.ndim} dimensions")
    if not NAME.fullmatch(name):
        raise CheckpointError(f"array name {name!r} cannot be stored")
    return array


def _header_text(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> bytes:
    _check_fields(header)
    if RESERVED & header.keys():
        raise CheckpointError(f"header keys {sorted(RESERVED)} are the file's own")
    rows = [
        {"name": name, "dtype": a.dtype.str, "shape": list(a.shape), "sha256": hashlib.sha256(_raw(a)).hexdigest()}
        for name, a in arrays.items()
    ]
    try:
        own = {"format": FORMAT, "version": VERSION, **header, "arrays": rows}
        return json.dumps(own, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the header cannot be stored: {error}") from error


def _check_fields(header: Mapping[str, Any]) -> None:
    for key, kind in REQUIRED.items():
        value = header.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CheckpointError(f"header: {key} is {value!r:.80}, not of type {kind.__name__}")
    if header["step"] < 0 or not math.isfinite(header["time_h"]):
        raise CheckpointError(f"header: step {header['step']} and time {header['time_h']} h are impossible")


def _raw(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _write(file: BinaryIO, arrays: Mapping[str, np.ndarray], header: bytes) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(HEADER), header)
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                member.write(_npy_prefix(array.dtype.str, array.shape))
                member.write(_raw(array))


def _npy_prefix(dtype: str, shape: tuple[int, ...]) -> bytes:
    """Return the npy 1.0 header, byte for byte the same under every NumPy."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = text.ljust(-(-(len(text) + 11) // 64) * 64 - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


def load(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a checkpoint; sizes are compared with the file's before memory is taken, contents with their hashes.

    Raises
    ------
    CheckpointError
        With the reason why the file cannot be used.
    """
    path = Path(path)
    try:
        n_bytes = _file_size(path)
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, n_bytes)
            header = _read_header(archive, members.pop(HEADER, None))
            rows = _checked_rows(header.pop("arrays", None), members)
            arrays = {row.name: _read_array(archive, row) for row in rows}
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except UNREADABLE as error:
        raise CheckpointError(f"{path}: damaged or cut: {str(error) or type(error).__name__}") from error
    return {key: value for key, value in header.items() if key not in RESERVED}, arrays


@dataclass(frozen=True)
class _Row:
    """What the header says about one array."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * int(self.dtype[2])


def _file_size(path: Path) -> int:
    if not path.is_file():
        raise CheckpointError("there is no such file" if not path.exists() else "not a regular file")
    n_bytes = path.stat().st_size
    if n_bytes > MAX_BYTES:
        raise CheckpointError(f"its {n_bytes} bytes are more than the allowed {MAX_BYTES}")
    return n_bytes


def _members(archive: zipfile.ZipFile, n_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """Return the archive's members after a look at their sizes alone."""
    infos = archive.infolist()
    members = {info.filename: info for info in infos}
    if len(members) != len(infos):
        raise CheckpointError("two members have the same name")
    if any(info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size for info in infos):
        raise CheckpointError("foreign file: its members are compressed")
    if sum(info.file_size for info in infos) > n_bytes:
        raise CheckpointError(f"its members claim more than the file's {n_bytes} bytes")
    return members


def _read_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo | None) -> dict[str, Any]:
    if member is None or member.file_size > MAX_HEADER_BYTES:
        raise CheckpointError(f"foreign file: no {HEADER} of at most {MAX_HEADER_BYTES} bytes")
    header = json.loads(archive.read(member), parse_constant=_refuse_constant)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise CheckpointError("foreign file: its header is no checkpoint's")
    if header.get("version") != VERSION:
        raise CheckpointError(f"format version {header.get('version')!r:.20}; this software reads {VERSION}")
    _check_fields(header)
    return header


def _refuse_constant(name: str) -> None:
    raise CheckpointError(f"the header holds {name}")


def _checked_rows(rows: object, members: dict[str, zipfile.ZipInfo]) -> list[_Row]:
    if not isinstance(rows, list):
        raise CheckpointError("the header lists no arrays")
    parsed = [_row(row) for row in rows]
    if sorted(f"{row.name}.npy" for row in parsed) != sorted(members):
        raise CheckpointError("the header lists other arrays than the file holds")
    for row in parsed:
        size = members[f"{row.name}.npy"].file_size
        if size != row.n_bytes + len(_npy_prefix(row.dtype, row.shape)):
            raise CheckpointError(f"array {row.name}: {row.dtype} of shape {row.shape} cannot have {size} bytes")
    return parsed


def _row(row: object) -> _Row:
    """Check the types of one header row; NumPy sees nothing of it before."""
    if not isinstance(row, dict) or row.keys() != {"name", "dtype", "shape", "sha256"}:
        raise CheckpointError("a row of the header is malformed")
    name, dtype, shape = row["name"], row["dtype"], row["shape"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CheckpointError("an array has a malformed name")
    if not isinstance(dtype, str) or not DTYPE.fullmatch(dtype):
        raise CheckpointError(f"array {name}: type {dtype!r:.40} is not one of plain numbers")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(_is_length(n) for n in shape):
        raise CheckpointError(f"array {name}: its shape is malformed or larger than {MAX_BYTES}")
    return _Row(name, dtype, tuple(shape), str(row["sha256"]))


def _is_length(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_BYTES


def _read_array(archive: zipfile.ZipFile, row: _Row) -> np.ndarray:
    prefix = _npy_prefix(row.dtype, row.shape)
    with archive.open(f"{row.name}.npy") as member:
        if member.read(len(prefix)) != prefix:
            raise CheckpointError(f"array {row.name}: its own header differs from the file's")
        array = np.empty(row.shape, row.dtype)
        view, digest, start = _raw(array), hashlib.sha256(), 0
        while chunk := member.read(CHUNK_BYTES):  # no longer than announced: zipfile reads `file_size` bytes
            view[start : start + len(chunk)] = chunk
            digest.update(chunk)
            start += len(chunk)
    if digest.hexdigest() != row.sha256:
        raise CheckpointError(f"array {row.name} is damaged: its hash differs from the header's")
    return array


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    Attributes
    ----------
    header : dict
        What was saved, ``scenario_hash``, ``step`` and ``time_h`` among it.
    arrays : dict
        Arrays by name.
    refused : str
        Why a newer checkpoint could not be used; empty where this is the newest.
    """

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]
    refused: str = ""


class CheckpointStore:
    """The last two checkpoints of one well.

    Parameters
    ----------
    folder : path-like
        Made if missing, inside an existing one.
    scenario_hash : str
        Checkpoints of another scenario are refused.
    """

    def __init__(self, folder: str | Path, scenario_hash: str):
        self.folder = Path(folder)
        self.scenario_hash = scenario_hash
        try:
            with naming(self.folder):
                self.folder.mkdir(exist_ok=True)
        except WriteError as error:
            raise CheckpointError(str(error)) from error
        remove_leftovers(self.folder)

    def save(self, step: int, time_h: float, arrays: Mapping[str, np.ndarray], extra: Mapping[str, Any]) -> Path:
        """Write ``step=000720.npz``, then drop all but it and the newest one before it."""
        path = self.folder / f"step={step:06d}.npz"
        header = {**extra, "scenario_hash": self.scenario_hash, "step": int(step), "time_h": float(time_h)}
        save(path, arrays, header)
        found = self._found()
        keep = {step, *[older for older in found if older < step][-1:]}
        for other in found.keys() - keep:  # later ones are of a course that was given up
            with suppress(OSError):
                found[other].unlink()
        return path

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint that is intact, or None where none was ever written.

        Raises
        ------
        CheckpointError
            There are checkpoints but none of them can be used.
        """
        found, refused = self._found(), []
        for step in reversed(found):
            try:
                header, arrays = self._load(step, found[step])
            except CheckpointError as error:
                refused.append(str(error))
                continue
            return Checkpoint(header, arrays, "; ".join(refused))
        if refused:
            raise CheckpointError(
                f"no checkpoint can be used: {'; '.join(refused)}; remove {self.folder} to start this well anew"
            )
        return None

    def clear(self) -> None:
        """Remove all checkpoints: their course is given up."""
        for path in self._found().values():
            path.unlink()

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, oldest first."""
        return list(self._found())

    def read(self, step: int) -> Checkpoint:
        """Return the checkpoint of one step.

        Raises
        ------
        CheckpointError
            There is none, or it cannot be used.
        """
        return Checkpoint(*self._load(step, self.folder / f"step={step:06d}.npz"))

    def _load(self, step: int, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        header, arrays = load(path)
        if header["scenario_hash"] != self.scenario_hash:
            raise CheckpointError(f"{path}: belongs to another scenario, {header['scenario_hash']!r:.80}")
        if header["step"] != step:
            raise CheckpointError(f"{path}: holds step {header['step']}")
        return header, arrays

    def _found(self) -> dict[int, Path]:
        """Return the checkpoint files by step, in that order."""
        matches = ((FILE_NAME.fullmatch(entry.name), entry) for entry in self.folder.glob("step=*.npz"))
        return dict(sorted((int(match[1]), entry) for match, entry in matches if match))
