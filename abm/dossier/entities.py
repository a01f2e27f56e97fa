"""Entities, state variables and scales of a model, and how a step is scheduled: parts 2 and 3 of ODD."""

import textwrap
from collections.abc import Iterator

from abm.biology.pools import POOLS
from abm.core import simulation
from abm.core.measure import readable
from abm.core.pace import Pace
from abm.core.process import Phase, Process
from abm.core.table import Column
from abm.core.words import moment
from abm.dossier.described import FIELDS, Described, about, is_of_engine
from abm.dossier.told import module_of, of_class, plain, sentence, told
from abm.plot.page.html import Cell, Row, Section, Table
from abm.plot.page.sections import unit

COLUMN_RULES = "A row begins with what part 5 draws, else with the default, and keeps it until a process writes it."


def entities(of: Described) -> Section:
    """Return entities, their state variables, and scales."""
    subject = of.scenario.space.subject
    text = [
        f"A {subject} is the unit of replication, apart from all others. In it are the populations below, one row a "
        "cell or a group of cells that share a state, and amounts that are dissolved in its volume. Every "
        f"{subject} of an arm has the same law and chance of its own."
    ]
    kinds: list[Row] = [
        [Cell(name, look="code"), kind.word, kind.role, sentence(type(kind))] for name, kind in of.cell_types.items()
    ]
    table = Table(kinds, ("Population", "One row is a", "Role", "What they are"), look="words")
    return Section(
        "Entities, state variables and scales",
        text,
        tables=[table],
        parts=[*_populations(of), _amounts(of), _scales(of)],
    )


def _populations(of: Described) -> Iterator[Section]:
    for name, columns in of.columns.items():
        header = (
            "Variable",
            "Unit",
            "What it is",
            Cell("Default", look="number"),
            "Each step",
            "At division, at death",
        )
        rows: list[Row] = [
            [
                Cell(own.name, look="code"),
                unit(own.unit),
                own.doc or _of_rule(own.name),
                Cell(f"{own.default:g}", look="number"),
                "back to the default" if own.resets else "kept",
                _at_ends(own),
            ]
            for own in columns.values()
        ]
        yield Section(f"State variables of {name}", [COLUMN_RULES], tables=[Table(rows, header, look="words")])


def _of_rule(name: str) -> str:
    """Return what a column is of which only its name speaks: a moment at which a cell was committed, or by whom."""
    if name.endswith("_by"):
        return "row of the cell that committed it to die"
    return "moment inside the step at which a process has committed it to die; infinite: none"


def _at_ends(column: Column) -> str:
    parts = ["halved between daughters"] if column.splits else []
    parts += [f"at lysis released into pools.{column.spills}"] if column.spills else []
    parts += ["recorded at commitment"] if column.recorded else []
    parts += [f"follows the row of {column.refers}"] if column.refers else []
    return "; ".join(parts)


def _amounts(of: Described) -> Section:
    """Return pools, fields and what the subject is given to know."""
    rows: list[Row] = []
    for name in of.pools:
        measure = POOLS.of(name)
        reads, writes = (_who(of, f"pools.{name}", how) for how in ("reads", "writes"))
        writes = writes or ("lysis, in fate" if name in _spilt(of) else "what is given")
        rows.append([Cell(name, look="code"), readable(measure.unit), measure.words, writes, reads])
    pools = Table(rows, ("Pool", "Unit", "What it is", "Written by", "Read by"), look="words", title="Pools")
    names = dict.fromkeys(name for own in of.built.values() for name in own.world.fields)
    fields: list[Row] = [
        [Cell(name, look="code"), "nM", FIELDS[name], *(_who(of, f"fields.{name}", how) for how in ("writes", "reads"))]
        for name in names
    ]
    maps = Table(fields, ("Field", "Unit", "What it is", "Written by", "Read by"), look="words", title="Fields")
    text = "A pool is one amount in the whole volume, 0 at the start unless part 5 says otherwise. One nM in one µL is "
    text += "6.02214076e8 molecules. Pools that end in a fate only count what has become of something, so that it "
    text += "balances. Who writes a pool reads it too; of antibodies all are named that change any of their pools."
    return Section("Pools and fields", [text], tables=[pools, maps])


def _who(of: Described, name: str, how: str) -> str:
    found = [
        key
        for key, own in of.processes.items()
        if any(_is_of(name, pattern) for pattern in getattr(own, how)) and not is_of_engine(own)
    ]
    return ", ".join(found)


def _spilt(of: Described) -> set[str]:
    """Return the pools that receive what lysed cells held."""
    return {column.spills for columns in of.columns.values() for column in columns.values()}


def _is_of(name: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    return name.startswith(before) and name.endswith(after) if star else name == pattern


def _scales(of: Described) -> Section:
    space = of.scenario.space
    is_well = space.scale == "well"
    text = [f"Space: {sentence(type(space))}", *(module_of(type(space).__module__).under("") if is_well else [])]
    text.append("The clock runs in hours. Concentrations are nM, amounts molecules, unless a unit is named.")
    steps = [f"{moment(dt)} from {moment(start)} on" for start, dt in of.scenario.steps_h]
    rows: list[Row] = [
        ["Simulated time", moment(of.scenario.duration)],
        ["Step", "; ".join(steps)],
        [f"{space.subject.capitalize()}s in each arm", str(of.scenario.n_replicates)],
        ["Seed", str(of.scenario.seed)],
    ]
    place = about(space, "The place" if is_well else "The plasma", without=() if is_well else ("side",))
    tables = [Table(rows, look="facts", title="Time and numbers"), *place]
    return Section("Scales", text, tables=tables)


def schedule(of: Described) -> Section:
    """Return the step in order: phases, then what acts in them."""
    paragraphs = (simulation.__doc__ or "").strip().split("\n\n")
    rows: list[Row] = [_acts(number, name, own) for number, (name, own) in enumerate(of.processes.items(), start=1)]
    header = ("", "Phase", "Process", "Kind", "What it claims", "Writes")
    table = Table(rows, header, look="words", title="Processes in the order in which they act")
    text = [plain(one) for one in paragraphs[2:]]
    waiting = dict.fromkeys(name for own in of.built.values() for name in _waiting(own))
    if waiting:
        text.append(f"Processes that may wait here: {', '.join(waiting)}. {_pace()}")
    code = textwrap.dedent(paragraphs[1]).replace("``", "")
    return Section("Process overview and scheduling", text, code, [table], note=_in_some_arms(of))


def _acts(number: int, name: str, own: Process) -> Row:
    claim = of_class(type(own))[0].claim if not is_of_engine(own) else sentence(type(own))
    writes = ", ".join(own.writes) or ("rows of every population" if is_of_engine(own) else "nothing at each step")
    return [str(number), Phase(own.phase).name, Cell(name, look="code"), own.kind or name, claim, writes]


def _waiting(own: simulation.Simulation) -> list[str]:
    return list(Pace(own.world, own.processes, own.grid_h, set().union(*own.due.values()), set(own.renewals)).waiting)


def _pace() -> str:
    return " ".join(told(_doc_of_pace()).under("")[:1])


def _doc_of_pace() -> str:
    from abm.core import pace

    return pace.__doc__ or ""


def _in_some_arms(of: Described) -> str:
    """Return which processes some arms have and others lack."""
    arms = {name: [arm for arm, own in of.built.items() if name in own.processes] for name in of.processes}
    parts = [f"{name}: only in {', '.join(found)}" for name, found in arms.items() if len(found) < len(of.built)]
    return "; ".join(parts)
