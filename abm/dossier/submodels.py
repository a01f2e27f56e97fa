"""Every process of a scenario with equation, assumptions, parameters, what it reads and writes: part 7 of ODD."""

from collections.abc import Iterator

from abm.core import fate, fields
from abm.core.process import Phase, Process
from abm.core.words import moment
from abm.dossier.described import Described, about, is_of_engine, linked
from abm.dossier.told import Told, module_of, of_class, sentence
from abm.plot.page.html import Cell, Row, Section, Table

SHOWN = ("", "Model", "Assumes")
EXACT = "“Exact” means: advanced over the step by the closed solution with everything else held as it is, so that the "
EXACT += "length of the step bears on it only through what is held."


def submodels(of: Described) -> Section:
    """Return a part for each process, in the order of a step."""
    parts = [_of_process(of, name, own) for name, own in of.processes.items()]
    if any(own.world.fields for own in of.built.values()):
        parts.append(
            Section("Fields", _lines(module_of(fields.__name__)), tables=[_sources([module_of(fields.__name__)])])
        )
    return Section("Submodels", [EXACT], parts=parts)


def _of_process(of: Described, name: str, own: Process) -> Section:
    cls = type(own)
    told_of = of_class(cls) if cls is not fate.Fate else [module_of(fate.__name__)]
    text = [f"{sentence(cls)} {told_of[0].claim}", *(line for one in told_of for line in _lines(one))]
    for other in told_of[1:]:
        text.insert(-len(_lines(other)) or len(text), other.claim)
    text += [f"In this scenario: {line}" for line in own.told(of.scenario.space)]
    tables = [_facts(name, own), _sources(told_of)] if not is_of_engine(own) else [_sources(told_of)]
    tables += about(own) if own.kind and cls is not fate.Fate else []
    return Section(f"{name} ({own.kind})" if own.kind and own.kind != name else name, text, tables=tables)


def _lines(own: Told) -> list[str]:
    return [f"{word}: {line}" if word else line for word in SHOWN for line in own.under(word)]


def _facts(name: str, own: Process) -> Table:
    rows: list[Row] = [
        ["Acts in", Phase(own.phase).name],
        ["Reads", ", ".join(own.reads) or "nothing"],
        ["Writes", ", ".join(own.writes) or "nothing"],
        *_limits(own),
    ]
    return Table(rows, look="facts")


def _limits(own: Process) -> Iterator[Row]:
    if own.longest_step_h < float("inf"):
        yield ["Longest step", moment(own.longest_step_h)]
    if own.may_wait_h:
        yield ["May wait", f"up to {moment(own.may_wait_h)}, then it acts at once for all that time (part 3)"]


def _sources(told_of: list[Told]) -> Table:
    rows: list[Row] = [
        ["References", Cell("", links=linked(line))] for one in told_of for line in one.under("References")
    ]
    return Table(rows, look="facts")
