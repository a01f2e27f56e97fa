"""The report of a run of wells: what was asked, who survived and how the others died."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from abm.plot import arms, draws
from abm.plot.page import enough, wording
from abm.plot.page import sections as shared
from abm.plot.page.html import Cell, Drawn, Section, Table
from abm.plot.page.question import chosen_controls, question_of
from abm.plot.tables import Tables
from abm.plot.well import donors
from abm.plot.well.survival_by_arm import estimate
from abm.results.run import Run
from abm.statistics.intervals import NO_INTERVAL, of_share

FIGURES = "well"
CONTROLS = "Every arm is compared with its own control, the same without antibody."
KILLERS = {"cdc": "complement (CDC)", "adcc": "effector cells (ADCC)"}
TERMS = {
    "serum": "Serum is human, a share of the well’s volume; it brings complement, IgG, IgM and DHEAS.",
    "DHEAS": "DHEAS is dehydroepiandrosterone sulfate, a hormone that may make NK cells more potent.",
}
ALONE_ALL = "No arm is compared with a control: survival is over the start."
SHARES = {"survival": "Survival", "survival_raw": "Survival, of the start", "control": "Control"}
CAPTION = (
    "Survival: alive and not committed to die, over the same in the control of the same replicate. Of the start, "
    "control and deaths: over the cells started or added. The cause of a death is its first commitment: CDC, "
    "complement-dependent cytotoxicity; ADCC, antibody-dependent cellular cytotoxicity; background, as without drug. "
    "{intervals}"
)
INTERVALS = (
    "Below each number: its 95 % interval over {n} replicates (Student’s t, for survival on the log scale and at most "
    "100 %, for shares on the logit scale); it covers {what}, not what is unknown about the parameters."
)
BY_CHANCE = "chance between wells"
BY_DONOR = "what differs between donors, and chance between wells"
ALONE = "One replicate: the interval of survival is Wilson’s over its cells; there is none between wells."


def holds(path: Path) -> bool:
    """Return whether a folder is that of a run."""
    return (path / "provenance.json").exists()


def tables(path: Path) -> Tables:
    """Return the tables of a run."""
    return Tables(path)


def head(run: Run) -> tuple[str, str]:
    """Return the title of the scenario."""
    return question_of(run).title, ""


def in_short(run: Run) -> list[str]:
    """Return who survived, how the others died, and what the numbers rest on, a sentence each."""
    found = {name: estimate(run, name) for name in arms.treated(run)}
    order = sorted((name for name in found if math.isfinite(found[name].mean)), key=lambda name: found[name].mean)
    if not order:
        return []
    least, most = order[0], order[-1]
    over = "relative to the same without antibody" if least in arms.control_of(run) else "of those at the start"
    left = f"{arms.ending(run)} {wording.percent_interval(*found[least])} of the B cells are left in"
    others = f", the fewest, and {wording.percent_interval(*found[most])} in {arms.quoted(most)}, the most"
    first = f"{left} {arms.quoted(least)}{others if most != least else ''}, {over}"
    died = {cause: float(own.mean()) for cause, own in arms.death_shares(run, least).items() if own.mean() > 0}
    parts = [
        f"{wording.percent(died[c])} by {KILLERS.get(c, arms.cause_name(c))}"
        for c in sorted(died, key=died.get, reverse=True)
    ]
    how = wording.listing(parts).replace("by background", "as without drug")
    second = f"of the cells started or added in {arms.quoted(least)} died {how}" if parts else "no cell died"
    n = arms.n_replicates(run)
    rests = f"means of {n} {arms.word(run)}s" if n > 1 else f"those of one {arms.word(run)}"
    known = "intervals cover chance alone, and what is assumed of the cells stands under Parameters"
    third = f"numbers of an arm are {rests}; {known}"
    return [wording.sentence(text) for text in (first, second, third)]


def sections(run: Run, drawn: Sequence[Drawn], references: Mapping[str, str]) -> list[Section]:
    """Return what is told of a run of wells."""
    return [
        _asked(run),
        _key_numbers(run),
        *draws.sections(run, "wells"),
        Section("Figures", figures=[replace(one, caption=_of_whom(run, one.caption)) for one in drawn]),
        shared.parameters(run, references),
        shared.conservation(run),
        shared.step_size(run),
        shared.again(run),
        shared.limits("wells", run.draws() is not None),
    ]


def _asked(run: Run) -> Section:
    """Return what was asked, and what the words of its arms mean."""
    question = question_of(run)
    given = " ".join(question.arms.values())
    terms = [text for word, text in TERMS.items() if word in given or ("serum" in given and word == "DHEAS")]
    return shared.asked(question, "Arms", " ".join([_compared(run), *terms]))


def _compared(run: Run) -> str:
    """Return with what the arms are compared."""
    alone, of_others = arms.without_control(run), chosen_controls(run)
    sharing = {own: [arm for arm in of_others if of_others[arm] == own] for own in of_others.values()}
    others = [f"{_quoted(those)} with that of {arms.quoted(own)}" for own, those in sharing.items()]
    if len(alone) == len(arms.treated(run)):
        return ALONE_ALL
    parts = [wording.listing(others)] if others else []
    parts += [f"{_quoted(alone)} with none: survival is over the start"] if alone else []
    return wording.sentence("; but ".join([CONTROLS.removesuffix("."), "; ".join(parts)])) if parts else CONTROLS


def _quoted(names: Iterable[str]) -> str:
    return wording.listing([arms.quoted(name) for name in names])


def _key_numbers(run: Run) -> Section:
    n = arms.n_replicates(run)
    died = [f"Died: {arms.cause_name(cause)}" for cause in arms.causes(run)]
    over = [_over_draws(run, name) for name in arms.treated(run)]
    shown = SHARES if arms.control_of(run) else {"survival_raw": SHARES["survival_raw"]}
    rows = [
        [arms.label(name), *_shares(run, name, shown, own)] for name, own in zip(arms.treated(run), over, strict=True)
    ]
    what = BY_DONOR if run.has("donors.csv") else BY_CHANCE
    caption = _of_whom(run, CAPTION.format(intervals=INTERVALS.format(n=n, what=what) if n > 1 else ALONE))
    first, *others = shown.values()
    between = ["Between donors"] * donors.applies(run)
    table = Table(rows, ("Arm", first, *between, *["Survival over draws"] * any(over), *others, *died), caption)
    precision = enough.table(run, f"{arms.word(run)}s")
    return Section(f"Key numbers {arms.ending(run)}", shared.warnings(run), tables=[table, *precision])


def _over_draws(run: Run, name: str) -> list[Cell]:
    """Return median and interval of an arm's survival over draws; nothing where there are none."""
    over = draws.number(run, name, "survival")
    return [Cell(wording.percent(over["median"]), wording.interval(over["lo"], over["hi"]))] if over else []


def _shares(run: Run, name: str, shown: Iterable[str], over: list[Cell]) -> list[Cell]:
    """Return an arm's survivals, its control and its deaths by cause; nothing of what takes a control that it lacks."""
    died, has_control = arms.death_shares(run, name), name in arms.control_of(run)
    found = [estimate(run, name, key) if has_control or key == "survival_raw" else NO_INTERVAL for key in shown]
    found += [of_share(died[cause]) if len(died) else NO_INTERVAL for cause in arms.causes(run)]
    looks = ["strong"] + [""] * (len(found) - 1)
    cells = [
        Cell(wording.percent(one.mean), wording.interval(one.lo, one.hi), look)
        for one, look in zip(found, looks, strict=True)
    ]
    apart = [Cell(donors.ends(arms.survival(run, name)), "lowest to highest")] if donors.applies(run) else []
    return [cells[0], *apart, *over, *cells[1:]]


def _of_whom(run: Run, text: str) -> str:
    """Return a text about replicates as one about what they are."""
    return text.replace("replicate", arms.word(run)).replace("Replicate", arms.word(run).capitalize())
