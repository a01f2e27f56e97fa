"""A file of the user's that a scenario reads: named by its path, known by its content, never changed or copied."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from abm.core.errors import Fault, InputError
from abm.core.par import Model, key_of

CHUNK = 1 << 20
KNOWN = {"file", "sha256"}


class UserFile(Model):
    """A path, relative to the YAML file that says it, and the SHA-256 of what stood there when the scenario was read.

    YAML gives the path alone; a run folder keeps the hash, and what has another content is refused. Of a workbook with
    several sheets, ``{file: own.xlsx, sheet: Patients}`` says which.
    """

    file: str = Field(min_length=1)
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    sheet: str = Field(default="", max_length=31, description="Of a workbook with several")

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, data: Any) -> Any:
        return {"file": str(data)} if isinstance(data, str) else data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let editors take a bare path."""
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @property
    def name(self) -> str:
        """Name of the file, without its folder."""
        return os.path.basename(self.file)

    def known(self) -> "UserFile":
        """Return the same with the hash of its content.

        Raises
        ------
        InputError
            It cannot be read, or its content is not that of the hash.
        """
        found = content_hash(self.file)
        if self.sha256 and found != self.sha256:
            text = f"'{self.name}' has changed since the scenario was read"
            raise InputError(Fault(text, allowed=f"the content of SHA-256 {self.sha256[:12]}…, not {found[:12]}…"))
        return self.model_copy(update={"sha256": found})


def content_hash(file: str) -> str:
    """Return the SHA-256 of a regular file.

    Raises
    ------
    InputError
        It cannot be read.
    """
    digest, name = hashlib.sha256(), os.path.basename(file)
    if not os.path.isfile(file):
        found = "a directory" if os.path.isdir(file) else "no regular file" if os.path.lexists(file) else "not there"
        raise InputError(Fault(f"'{name}' is {found}", allowed="a file that can be read"))
    try:
        with open(file, "rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError(Fault(f"'{name}' cannot be opened: {error.strerror}")) from None
    return digest.hexdigest()


def with_paths(data: Any, path_of: Callable[[str], str]) -> Any:
    """Return plain data of a model in which the path of each user's file is another."""
    return _with_files(data, lambda own: {**own, "file": path_of(own["file"])})


def known_by_content(data: Any) -> Any:
    """Return plain data of a model in which a file has its name alone, wherever it lies: for hashes."""
    return _with_files(
        data, lambda own: {key: _named(key, value) for key, value in own.items() if key in KNOWN or value}
    )


def _named(key: str, value: str) -> str:
    return os.path.basename(value) if key == "file" else value


def _with_files(data: Any, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> Any:
    if isinstance(data, Mapping):
        if KNOWN <= set(data) <= set(UserFile.model_fields):
            return change(data)
        return {key: _with_files(value, change) for key, value in data.items()}
    return [_with_files(value, change) for value in data] if isinstance(data, list) else data


def files_of(data: Any, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], UserFile]:
    """Return the user's files that a model names, by where it does."""
    if isinstance(data, UserFile):
        return {path: data}
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(data, Model | Mapping):
        items = _by_key(data) if isinstance(data, Model) else data.items()
    elif isinstance(data, tuple):
        items = enumerate(data)
    return {at: file for key, value in items for at, file in files_of(value, (*path, key)).items()}


def _by_key(model: Model) -> Iterable[tuple[str, Any]]:
    fields = type(model).model_fields
    return ((key_of(name, fields[name]), value) for name, value in model)
