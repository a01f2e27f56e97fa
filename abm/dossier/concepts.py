"""The eleven design concepts of ODD, as far as they can be read from what a scenario has; what it lacks is said."""

import sys
from collections.abc import Iterator

from abm.biology.pools import POOLS
from abm.core import rng
from abm.core.process import Process
from abm.core.words import listing, moment, units
from abm.dossier.described import FIELDS, Described, about, is_of_engine
from abm.dossier.told import module_of, modules_of, of_class, sentence
from abm.plot.page.html import Cell, Row, Section, Table
from abm.readouts.readout import Readout

DRAWS = {  # functions of the random numbers, and what they draw
    "uniform": "uniform", "uniform2": "uniform", "fill_first": "uniform", "fill_both": "uniform",
    "pair_uniform": "uniform of a pair", "direction": "direction, even over the circle", "normal": "standard normal",
    "poisson": "Poisson", "poisson_of_each": "Poisson", "binomial": "binomial", "binomial_at": "binomial",
    "binomial_of_each": "binomial",
    "negative_binomial_at": "negative binomial",
}  # fmt: skip


def concepts(of: Described) -> Section:
    """Return all eleven, in the order of the protocol."""
    parts = [
        _basic(of),
        _emergence(of),
        Section("Adaptation", _adaptation(of)),
        Section("Objectives", ["None: no agent weighs what it does against an aim."]),
        Section("Learning", ["None: no agent changes how it decides. States that remember, such as granules that are "
                             "spent, are state variables with laws of their own."]),
        Section("Prediction", ["None: no agent foresees anything; hazards depend on the state as it is."]),
        _sensing(of),
        _interaction(of),
        _stochasticity(of),
        Section("Collectives", _collectives(of)),
        _observation(of),
    ]  # fmt: skip
    return Section("Design concepts", parts=parts)


def _basic(of: Described) -> Section:
    claims = {name: of_class(type(own))[0].claim for name, own in _own(of)}
    trials = [[Cell(name, look="code"), claim] for name, claim in claims.items() if claim.startswith("Hypothesis")]
    text = [
        f"{len(claims)} mechanisms act, each a claim of its own with its sources (part 7). They know nothing of one "
        "another and meet only through the state variables of part 2: what multiplies a rel_ variable may do so in any "
        "order, and any mechanism can be left out.",
        "Hypotheses that are on trial, and can be switched off:" if trials else "No hypothesis is on trial here.",
    ]
    return Section("Basic principles", text, tables=[Table(trials, look="facts")])


def _own(of: Described) -> Iterator[tuple[str, Process]]:
    """Yield the processes that the scenario names."""
    yield from ((name, own) for name, own in of.processes.items() if not is_of_engine(own))


def _emergence(of: Described) -> Section:
    shown = dict.fromkeys(end.words for own in of.scenario.readouts for end in own.measures)
    text = (
        "Imposed are the laws and parameters of the submodels, and how agents differ at the start. What follows from "
    )
    text += f"them and is nowhere put in: {listing(list(shown)[:12]) or 'the series of totals'}"
    return Section("Emergence", [text + (", and so on." if len(shown) > 12 else ".")])


def _adaptation(of: Described) -> list[str]:
    spread = [f"{column} of {name}" for name, columns in of.columns.items() for column in columns if "start" in column]
    text = (
        "No agent changes its rules to fare better. What looks like it is selection: agents differ for life, and those "
    )
    text += "that die leave the others"
    return [text + (f" (set points: {listing(spread)})." if spread else ".")]


def _sensing(of: Described) -> Section:
    rows: list[Row] = []
    for name, own in _own(of):
        if own.reads:
            rows.append([Cell(name, look="code"), ", ".join(own.reads)])
    text = "Agents know without error or delay what their process reads and what it writes itself, and nothing else:"
    return Section("Sensing", [text], tables=[Table(rows, ("Process", "Reads"), look="words")])


def _interaction(of: Described) -> Section:
    touching = [f"{name} (within {own.reach_um:g} µm)" for name, own in _own(of) if own.reach_um > 0]
    antibodies = {f"antibody_{name}" for arm in of.scenario.arms.values() for name in arm.antibodies}
    shared = [
        f"{one} ({POOLS.of(one).words})" for one in of.pools if one in antibodies or _is_shared(of, f"pools.{one}")
    ]
    shared += [f"{one} ({words})" for one, words in FIELDS.items() if _is_shared(of, f"fields.{one}")]
    bodies = of.scenario.space.scale == "body"
    direct = f"Direct, between cells that touch: {listing(touching)}." if touching else "No two agents meet directly."
    if bodies:
        direct = "No two agents meet directly: all act on, and are acted on by, amounts and totals of the patient."
    mediated = f"Through what they share: {listing(shared)}." if shared else "No pool is shared by two processes."
    return Section("Interaction", [direct, mediated])


def _is_shared(of: Described, name: str) -> bool:
    """Whether one process reads what another writes."""
    writers, readers = ({key for key, own in _own(of) if name in getattr(own, how)} for how in ("writes", "reads"))
    return any(writers - {reader} for reader in readers)


def _stochasticity(of: Described) -> Section:
    rows: list[Row] = []
    about = [(name, type(own)) for name, own in of.processes.items()]
    about += [(f"{name} at the start", type(kind)) for name, kind in of.cell_types.items()]
    for name, cls in about:
        drawn = sorted({law for module in (*modules_of(cls), cls.__module__) for law in _drawn_in(module)})
        if drawn:
            rows.append([Cell(name, look="code"), ", ".join(drawn)])
    told_of = module_of(rng.__name__)
    text = [*told_of.under("Model"), "What follows draws; everything else is deterministic, given these draws:"]
    return Section("Stochasticity", text, tables=[Table(rows, ("Process or cells", "Draws"), look="words")])


def _drawn_in(module: str) -> set[str]:
    """Return the laws of the random functions that a module uses, those of its own helpers included."""
    names = vars(sys.modules[module])
    found = {law for name, law in DRAWS.items() if name in names}
    return found | ({"standard normal"} if "draw_lognormal" in names else set())


def _collectives(of: Described) -> list[str]:
    if of.scenario.space.scale == "body":
        return ["Agents of a clone are collectives themselves: each stands for many cells that share a state."]
    return ["None but the conjugate of an effector cell and the target that it holds, which lasts until they part."]


def _observation(of: Described) -> Section:
    probes = {name: own for name, own in of.scenario.probes if own is not None}
    looks: list[Row] = []
    for name, own in probes.items():
        times = own.times_h(of.scenario.duration)
        told_of = module_of(type(own).__module__)
        looks.append([Cell(name, look="code"), " ".join([told_of.claim, *told_of.under("")]), _when(times)])
    ends = [_of_readout(own) for own in of.scenario.readouts]
    text = "Probes read the state and never change it. End points are computed from what they saw, by rules below."
    table = Table(looks, ("Probe", "What it sees", "When"), look="words", title="Probes")
    return Section("Observation", [text], tables=[table], parts=ends)


def _when(times: list[float]) -> str:
    if len(times) <= 6:
        return ", ".join(map(moment, times))
    return f"{len(times)} looks from {moment(times[0])} to {moment(times[-1])}"


def _of_readout(own: Readout) -> Section:
    told_of = module_of(type(own).__module__)
    rows: list[Row] = [[Cell(end.name, look="code"), end.words, units(end.shown), end.kind] for end in own.measures]
    header = ("Measure", "What it is", "Unit", "Is a")
    words = [told_of.claim, sentence(type(own)), *(text for part in told_of.parts.values() for text in part)]
    tables = [Table(rows, header, look="words"), *about(own, "Rules")]
    return Section(f"End points: {own.kind.replace('_', ' ')}", list(dict.fromkeys(words)), tables=tables)
