"""Reading one YAML 1.2 file into plain data, every value with its file, line and column.

Built from the parser's events, nothing is constructed that a file does not spell out: no tags, no unbounded aliases.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from abm.core.errors import Fault, InputError
from abm.core.units import UnitError, split_quantity
from abm.document.opening import text_of

MAX_DEPTH = 50
MAX_NODES = 20_000
MAX_DIGITS = 40
KEY = re.compile(r"[A-Za-z0-9._~-]{1,64}")
KEYS_ALLOWED = "1 to 64 letters, digits and . _ ~ -"
ON_COMMAND_LINE = "--set"
NOT_YAML = "cannot be read as YAML"
NULL = re.compile(r"(?:null|Null|NULL|~|)")
BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)")
INT = re.compile(r"[-+]?[0-9]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
NAN = re.compile(r"\.(?:nan|NaN|NAN)")
TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

Keys = tuple[str | int, ...]


class Position(NamedTuple):
    """Where a value was written; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> str:
        """File, line and column joined by colons, as far as known."""
        return ":".join(str(part) for part in self if part is not None)


@dataclass(frozen=True)
class Document:
    """Plain data and where each part of it was written.

    Attributes
    ----------
    file : str
        Name of the file as the user gave it.
    data : dict
        Nested dict, list, str, int, float, bool and None.
    positions : dict
        From the path of a value, a tuple of keys and indices, to its `Position`.
    removed : frozenset
        Paths that a ``null`` took out; a model whose field may be null is told so.
    reach : tuple of str
        Folders below which the files lie that it may name.
    warnings : tuple of str
        What the user should know though nothing is wrong.
    """

    file: str
    data: dict[str, Any]
    positions: dict[Keys, Position] = field(default_factory=dict)
    removed: frozenset[Keys] = frozenset()
    reach: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def position(self, path: Keys) -> Position:
        """Return the position of a path, or of the nearest part above it that is in a file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.positions:
                return self.positions[path[:length]]
        return self.positions.get((), Position(self.file))

    def _is_written(self, path: Keys) -> bool:
        """Whether a value, or a part around it, is in a file and no default."""
        return any(path[:length] in self.positions for length in range(1, len(path) + 1))

    def is_later(self, path: Keys, other: Keys) -> bool:
        """Whether a value replaces that of another file: in the file that extends it, or on the command line."""
        if value_at(self.data, path) is None:
            return False
        above, below = (self._layer(self.position(one).file) for one in (path, other))
        return above > below

    def _layer(self, file: str) -> int:
        return 2 if file.startswith(ON_COMMAND_LINE) else int(file == self.file)

    def without(self, gone: Collection[Keys]) -> dict[Keys, Position]:
        """Return the positions without those of some paths and of everything below them."""
        return {path: position for path, position in self.positions.items() if not is_below(path, gone)}

    def placed(self, fault: Fault, top: Keys = ()) -> Fault:
        """Return a fault below some part with its place, and the places in other files of what it clashes with.

        Where its own value is a default, it stands where the first of the others does.
        """
        path, *others = (keys_in(self.data, f"{dotted(top)}.{text}") for text in (fault.path, *fault.beside))
        written = {other: self.position(other) for other in others if self._is_written(other)}
        position = self.position(path) if self._is_written(path) or not written else next(iter(written.values()))
        elsewhere = [f"{dotted(other)}: {at.place}" for other, at in written.items() if at.file != position.file]
        message = f"{fault.message} ({', '.join(elsewhere)})" if elsewhere else fault.message
        return Fault(message, dotted(path), *position, allowed=fault.allowed, nearest=fault.nearest)

    def fault(self, path: Keys, message: str, allowed: str = "", near: str = "") -> Fault:
        """Return a fault of the value at a path."""
        return Fault(message, dotted(path), *self.position(path), allowed=allowed, nearest=near)


def is_below(path: Keys, tops: Collection[Keys]) -> bool:
    """Whether a path is one of some paths or below one."""
    return any(path[:length] in tops for length in range(1, len(path) + 1))


def dotted(path: Keys) -> str:
    """Write a path with dots."""
    return ".".join(map(str, path))


def keys_in(data: Any, text: str) -> Keys:
    """Split a dotted path, items of lists as numbers; a key of the data may have dots of its own."""
    path: Keys = ()
    keys = [key for key in text.split(".") if key]
    while keys:
        parent = value_at(data, path)
        longer = [".".join(keys[:n]) for n in range(len(keys), 1, -1)] if isinstance(parent, Mapping) else []
        key = next((name for name in longer if name in parent), keys[0])
        path = (*path, int(key) if isinstance(parent, list) and key.isdecimal() else key)
        keys = keys[key.count(".") + 1 :]
    return path


def value_at(data: Any, path: Keys) -> Any:
    """Return the value at a path, None where there is none."""
    for key in path:
        if isinstance(data, Mapping):
            data = data.get(key)
        else:
            data = data[key] if isinstance(data, list) and isinstance(key, int) and key < len(data) else None
    return data


def read_document(path: str | Path, is_quoted: bool = True) -> Document:
    """Read a YAML file whose top level is a mapping.

    Parameters
    ----------
    path : str or Path
        YAML file.
    is_quoted : bool
        Whether faults may quote it; not of a file that another one names, which may be anything.

    Raises
    ------
    InputError
        The file cannot be read, or is no plain YAML.
    """
    file = str(path)
    try:
        data, positions = read_text(text_of(file), file)
    except InputError as error:
        if is_quoted:
            raise
        raise InputError(*(_unquoted(fault) for fault in error.faults)) from None
    if not isinstance(data, dict):
        found = "empty" if data is None else f"a {'list' if isinstance(data, list) else 'single value'}"
        raise InputError(Fault(f"the document is {found}", "", *positions[()], allowed="a mapping of keys to values"))
    return Document(file, data, positions)


def read_text(text: str, file: str) -> tuple[Any, dict[Keys, Position]]:
    """Read a text as one YAML document.

    Returns
    -------
    data : object
        Plain data.
    positions : dict
        Position of each path.

    Raises
    ------
    InputError
        The text is no plain YAML; all duplicate and unusable keys are reported at once.
    """
    _refuse_characters(text, file)
    builder = _Builder(file)
    try:
        data = builder.document(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as error:
        raise InputError(_syntax_fault(error, text, file)) from None
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        # the parser lets these through on some malformed escapes and directives
        raise InputError(Fault(f"{NOT_YAML} ({error})", file=file)) from None
    if builder.faults:
        raise InputError(*builder.faults)
    return data, builder.positions


def _unquoted(fault: Fault) -> Fault:
    """Return a fault without quotations from the file; a file that could not be opened has none."""
    if fault.line is None and not fault.message.startswith(NOT_YAML):
        return fault
    return Fault("is no plain YAML", "", fault.file, fault.line, fault.column, "a file that 'abm check' takes")


def _refuse_characters(text: str, file: str) -> None:
    nul = re.compile("\0").search(text)
    if nul:
        raise InputError(Fault("NUL byte", "", *_place(text, nul.start(), file), allowed="text in UTF-8"))
    tab = TAB_INDENT.search(text)
    if tab:
        place = _place(text, text.index("\t", tab.start()), file)
        raise InputError(Fault("tab used as indentation", "", *place, allowed="spaces"))


def _place(text: str, offset: int, file: str) -> Position:
    return Position(file, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _syntax_fault(error: YAMLError, text: str, file: str) -> Fault:
    """Name the place where the parser gave up, or where an unfinished part began."""
    mark = getattr(error, "problem_mark", None)
    begun = getattr(error, "context_mark", None)
    message = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None) or ""
    if mark is None:
        return Fault(f"not YAML: {message}", "", *_place(text, getattr(error, "position", 0), file))
    is_open = "flow" in context or "end of stream" in message
    if begun is not None and is_open:
        message = f"{message} in line {mark.line + 1}"
        mark = begun
    message = f"not YAML: {message}{f' ({context})' if context else ''}"
    return Fault(message, "", file, mark.line + 1, mark.column + 1)


class _Builder:
    """Builds plain data from parser events and notes positions and faults."""

    def __init__(self, file: str):
        self.file = file
        self.positions: dict[Keys, Position] = {}
        self.faults: list[Fault] = []
        self.anchors: dict[str, tuple[Any, int] | None] = {}
        self.n_nodes = 0

    def document(self, events: Iterator[Event]) -> Any:
        """Build the only document of the stream."""
        self.events = events
        next(events)
        start = next(events)
        self.positions[()] = Position(self.file, 1, 1)
        if isinstance(start, StreamEndEvent):
            return None
        if isinstance(start, DocumentStartEvent) and (start.version or start.tags):
            self._stop(start, (), "directives (%) are not taken")
        data = self.node(next(events), ())
        next(events)
        end = next(events)
        if not isinstance(end, StreamEndEvent):
            self._stop(end, (), "a second document begins", "one document per file")
        return data

    def node(self, event: Any, path: Keys) -> Any:
        """Build the value that begins with an event."""
        self.positions.setdefault(path, self._position(event))
        if len(path) > MAX_DEPTH:
            self._stop(event, path[:3], "nested too deeply", f"at most {MAX_DEPTH} levels")
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self._stop(event, path, f"tag '{tag}'", "plain values without tags")
        before = self.n_nodes
        self._count(1, event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        data = self._content(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = (data, self.n_nodes - before)
        return data

    def _content(self, event: Any, path: Keys) -> Any:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, path)
        return self._mapping(path) if isinstance(event, MappingStartEvent) else self._sequence(path)

    def _mapping(self, path: Keys) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if cut := _cut_number(event, data):
                self._note(event, (*path, next(reversed(data))), str(cut), cut.allowed)
                next(self.events)
                continue
            key = self._key(event, path)
            here = (*path, key)
            if key in data:
                first = self.positions[here].line
                self._note(event, here, f"duplicate key '{key}', first in line {first}", "each key once")
            self.positions.setdefault(here, self._position(event))
            data[key] = self.node(next(self.events), here)
        return data

    def _sequence(self, path: Keys) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            data.append(self.node(event, (*path, len(data))))
        return data

    def _key(self, event: Event, path: Keys) -> str:
        if not isinstance(event, ScalarEvent):
            self._stop(event, path, "a key that is a list, a mapping or an alias", KEYS_ALLOWED)
        key = str(event.value)
        if key == "<<":
            self._note(event, path, "merge keys '<<' are not taken", "'extends' for what files share")
        elif not KEY.fullmatch(key):
            self._note(event, path, f"key {key[:64]!r}", KEYS_ALLOWED)
        return key

    def _alias(self, event: AliasEvent, path: Keys) -> Any:
        if event.anchor not in self.anchors:
            self._stop(event, path, f"alias '*{event.anchor}' without an anchor before it")
        anchor = self.anchors[event.anchor]
        if anchor is None:
            self._stop(event, path, f"alias '*{event.anchor}' refers to itself")
        data, size = anchor
        self._count(size, event, path)
        return data

    def _count(self, n: int, event: Event, path: Keys) -> None:
        self.n_nodes += n
        if self.n_nodes > MAX_NODES:
            self._stop(event, path, "too many values, aliases counted in full", f"at most {MAX_NODES}")

    def _scalar(self, event: ScalarEvent, path: Keys) -> Any:
        text = str(event.value)
        if event.style is None and event.implicit[0]:
            return plain_scalar(text)
        if CONTROL.search(text):
            self._note(event, path, "a control character in a text", "printable characters")
        return text

    def _position(self, event: Event) -> Position:
        return Position(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _fault(self, event: Event, path: Keys, message: str, allowed: str) -> Fault:
        return Fault(message, dotted(path), *self._position(event), allowed=allowed)

    def _note(self, event: Event, path: Keys, message: str, allowed: str = "") -> None:
        self.faults.append(self._fault(event, path, message, allowed))

    def _stop(self, event: Event, path: Keys, message: str, allowed: str = "") -> NoReturn:
        raise InputError(*self.faults, self._fault(event, path, message, allowed))


def _cut_number(event: Any, data: dict[str, Any]) -> UnitError | None:
    """Return what is wrong with a number cut at its decimal comma: of ``{dose: 1,5 mg}`` the rest became a key."""
    before = next(reversed(data.values()), None)
    begins = isinstance(event, ScalarEvent) and event.style is None and str(event.value)[:1].isdigit()
    if not begins or type(before) is not int or event.start_mark.buffer[event.start_mark.pointer - 1] != ",":
        return None
    try:
        split_quantity(f"{before},{event.value}", "1")
        return None
    except UnitError as error:
        return error


def plain_scalar(text: str) -> Any:
    """Read an unquoted scalar by the core schema of YAML 1.2: ``yes`` and ``12:30`` are texts."""
    if NULL.fullmatch(text):
        return None
    if BOOL.fullmatch(text):
        return text.lower() == "true"
    if INT.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    if INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float("nan") if NAN.fullmatch(text) else text
