"""The verbs of single runs: run, resume, check, list, params, report."""

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.cli import shared
from abm.cli.shared import app
from abm.core.errors import Fault, InputError, RunFailed, nearest
from abm.core.paths import from_home

if TYPE_CHECKING:  # loading them takes longer than --help may
    from abm.results.run import Run
    from abm.scenario.schema import Scenario
    from abm.study.posterior import Posterior
    from abm.study.resume import Branch

OTHERS = {  # folders other than runs, by the file that only they have, with the verb that continues them
    "study.json": "abm study run",
    "fit.json": "abm fit",
    "comparison.json": "abm compare",
    "variants.json": "abm compare",
    "scores.json": "abm evidence",
}
RUNS = "*/*/provenance.json"  # of all scenarios below one root


@app.command()
def run(
    scenario: shared.File,
    sets: shared.Sets = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed, 0 to 2^64 - 1.")] = None,
    replicates: Annotated[int | None, typer.Option("--replicates", help="Wells per arm.")] = None,
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    explain: Annotated[bool, typer.Option("--explain", help="Print the step and the time each process takes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the run would take, and stop.")] = False,
    check_step: Annotated[bool, typer.Option("--check-step", help="Run again with half the step and compare.")] = False,
    posterior: shared.Posterior = None,
    draws: shared.Draws = 20,
    data: shared.Data = None,
    sheet: shared.SheetName = "",
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Number the patients of a table.")] = False,
    no_figures: shared.NoFigures = False,
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Run a scenario: every arm, every control, every replicate; ends with a table and a report."""
    sets = [*(sets or []), *(["cohort.anonymise=true"] if anonymise else []), *shared.observations(data, sheet)]
    loaded = _load(scenario, _with(sets, seed=seed, replicates=replicates))
    n_threads = shared.cores(threads)
    drawn = _drawn(loaded, scenario, _with(sets, seed=seed, replicates=replicates), posterior, draws)
    if explain:
        _explain(loaded, as_json)
    elif dry_run:
        _dry_run(loaded, n_threads, out, as_json, drawn)
    else:
        if unlock:
            _unlock(loaded, out, drawn)
        _run(loaded, out, _How(n_threads, as_json, not no_figures, check_step), (None, drawn))


@app.command()
def resume(
    folder: shared.Folder,
    sets: shared.Sets = None,
    threads: shared.Threads = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", parser=from_home, metavar="<path>", help="Root for a branch; default: beside the run."),
    ] = None,
    no_figures: shared.NoFigures = False,
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Go on with an interrupted run; with --set, branch from its last checkpoint into a new run."""
    from abm.study.posterior import Posterior
    from abm.study.resume import going_on

    other = _other(folder)
    if other:
        raise InputError(f"{folder} is no single run; {other} FILE goes on where it stopped")
    scenario, root, branch = going_on(folder, sets or [], out, unlock)
    _run(scenario, root, _How(shared.cores(threads), as_json, not no_figures), (branch, Posterior.read(folder)))


@app.command()
def check(scenario: shared.File, sets: shared.Sets = None, as_json: shared.Json = False) -> None:
    """Check a scenario file and show every fault at once."""
    from abm.scenario.build import subjects
    from abm.scenario.draws import warnings_of

    loaded = _load(scenario, sets or [])
    found = {"scenario": loaded.name, "arms": list(loaded.arms), "wells": len(subjects(loaded)), "ok": True}
    warnings = warnings_of(loaded)
    told = [f"{scenario}: ok, {len(loaded.arms)} arms, {found['wells']} {loaded.space.subject}s", *warnings]
    shared.show(found | {"warnings": warnings} if as_json else "\n".join(told))


@app.command("list")
def list_(
    what: Annotated[str, typer.Argument(help="scenarios, studies, processes, schema or references.")] = "processes",
    as_json: shared.Json = False,
) -> None:
    """List scenarios, studies, processes, the schema of scenario files, or references."""
    from abm.scenario import listing

    if what not in listing.LISTS:
        message, near = f"there is no list of {what!r}", nearest(what, listing.LISTS)
        raise InputError(Fault(message, allowed=", ".join(listing.LISTS), nearest=near))
    found = listing.LISTS[what]()
    if as_json or what == "schema":
        shared.show(found)
    else:
        shared.table([f"{what}", "what it is"], [[name, text] for name, text in found.items()])


@app.command()
def params(scenario: shared.File, sets: shared.Sets = None, as_json: shared.Json = False) -> None:
    """Show every parameter of a scenario with unit and source."""
    from abm.scenario.parameters import COLUMNS, parameters

    table = parameters(_load(scenario, sets or []))
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*table.values(), strict=True)]
    if as_json:
        shared.show({"parameters": rows})
    else:
        shared.table(list(COLUMNS), [list(row.values()) for row in rows])


@app.command()
def report(folder: shared.Folder, tables: shared.Tables = None, as_json: shared.Json = False) -> None:
    """Draw the figures and write the report anew: of a run, a study, a fit, a comparison or the evidence."""
    from abm.core.files import WriteError
    from abm.results.tables import ReadError

    try:
        whole = folder if _other(folder) else _whole(folder)
        with shared.drawing(shared.cores()) as draw:
            path = draw(whole)
        copies = shared.copy_tables(folder, tables)
    except WriteError as error:
        raise RunFailed(str(error)) from None
    except (ReadError, OSError) as error:
        raise InputError(str(error)) from None
    shared.show({"report": str(path), **copies} if as_json else "\n".join([str(path), *copies.values()]))


def _other(folder: Path) -> str:
    """Return the verb that continues a folder other than a run, "" for a run; refuse a file."""
    if folder.is_file():
        raise InputError(f"{folder} is a file; allowed: the folder of a run, study, fit, comparison or evidence")
    inner = [] if (folder / "provenance.json").exists() else [*folder.glob("*/provenance.json"), *folder.glob(RUNS)]
    if inner:
        shown = ", ".join(str(path.parent) for path in sorted(inner)[:3])
        raise InputError(f"{folder} is no run but holds {len(inner)}; allowed: one of them, such as {shown}")
    return next((verb for name, verb in OTHERS.items() if (folder / name).exists()), "")


def _whole(folder: Path) -> Path:
    """Return the folder of a run; if some of its files have changed or gone, it is made again first."""
    from abm.results.run import Run
    from abm.results.seal import FILES

    found = Run.open(folder)
    was_there = found.is_finished or found.has(FILES)
    lost = found.damaged() if was_there else []
    return _again(found.path, lost).path if lost else found.path


def _again(folder: Path, lost: list[str]) -> "Run":
    """Make again what is damaged in a finished run."""
    from abm.study.posterior import Posterior
    from abm.study.resume import going_on
    from abm.study.run import run_scenario

    try:
        scenario, root, branch = going_on(folder, [], None)
        posterior = Posterior.read(folder)
    except InputError as error:
        raise InputError(f"{folder}: {', '.join(lost)} changed or gone, and cannot be made again: {error}") from None
    return shared.watched(lambda monitor: run_scenario(scenario, root, shared.cores(), monitor, branch, posterior))


def _load(path: Path, sets: list[str]) -> "Scenario":
    from abm.scenario.from_file import load_scenario

    return load_scenario(path, tuple(sets))


def _drawn(scenario: "Scenario", file: Path, sets: list[str], posterior: Path | None, n: int) -> "Posterior | None":
    if posterior is None:
        return None
    from abm.evidence.draws import for_scenario

    found = for_scenario(posterior, n, scenario, file, tuple(sets))
    sys.stderr.write("".join(f"--posterior {posterior}: {text}\n" for text in found.notes))
    return found


def _unlock(scenario: "Scenario", out: Path, posterior: "Posterior | None") -> None:
    from abm.study.resume import free
    from abm.study.run import folder_of

    free(folder_of(scenario, out, posterior), unlocks=True)


def _with(sets: list[str] | None, seed: int | None, replicates: int | None) -> list[str]:
    extra = [f"{name}={value}" for name, value in (("seed", seed), ("replicates", replicates)) if value is not None]
    return [*(sets or []), *extra]


@dataclass(frozen=True)
class _How:
    """How something is run and told."""

    n_threads: int
    as_json: bool
    has_figures: bool
    checks_step: bool = False


def _run(
    scenario: "Scenario", out: Path, how: _How, past: "tuple[Branch | None, Posterior | None]" = (None, None)
) -> None:
    from abm.study.run import run_scenario
    from abm.study.steps import compare_half_step

    if (past[0] or how.checks_step) and not scenario.space.keeps_cells:
        raise InputError("patients are neither branched nor run with half the step; --set dt=2h is another run")
    with shared.drawing(how.n_threads) if how.has_figures else nullcontext() as draw:
        found = shared.watched(lambda monitor: run_scenario(scenario, out, how.n_threads, monitor, *past))
        if how.checks_step:
            shared.watched(lambda monitor: compare_half_step(found, scenario, out, how.n_threads, monitor))
        summary = found.summary()
        if not how.as_json:
            _tell(summary, scenario.space.keeps_cells)
        path = draw(found.path) if draw else found.path
    if how.as_json:
        shared.show({**summary, "folder": str(found.path), **({"report": str(path)} if draw else {})})
        return
    sys.stdout.write(f"{path}\n")
    shared.warn(summary)


def _tell(summary: dict, is_well: bool) -> None:
    """Write the numbers of a run, before its figures are drawn."""
    (_show if is_well else _show_trial)(summary)
    if "posterior" in summary:
        _show_draws(summary)
    sys.stdout.write(_precision(summary) + _stopped(summary))
    sys.stdout.flush()


def _precision(summary: dict) -> str:
    """Return how many were run until the intervals were as narrow as was wanted; what was not reached is a warning."""
    found = summary.get("precise_to", {"measures": {}})
    return "".join(
        f"{one['words']} to ± {one['factor'] * one['half']:.3g} {one['unit']} ({one['factor'] * one['wanted']:.3g} "
        f"wanted) with {one['n']} of at most {found['at_most']}\n"
        for one in found["measures"].values()
        if one["is_reached"]
    )


def _stopped(summary: dict) -> str:
    """Return when wells were stopped, an arm a line."""
    found = summary.get("stopped", {"at_h": {}})
    lines = []
    for arm, times in found["at_h"].items():
        known = [t_h for t_h in times if t_h is not None]
        when = f", after {min(known):.3g} to {max(known):.3g} h" if known else ""
        lines.append(f"{arm}: {len(known)} of {len(times)} stopped at {found['until']}{when}\n")
    return "".join(lines)


def _show_trial(summary: dict) -> None:
    """Print shares of patients, or of a single one what he had."""
    if summary["patients"] == 1:
        names = [name for name in next(iter(summary["arms"].values()))["medians"] if name != "follow_up_d"]
        rows = [[arm, *(_level(own["medians"][name]) for name in names)] for arm, own in summary["arms"].items()]
        shared.table(["protocol", *(name.replace("_", " ") for name in names)], rows)
        return
    names = list(next(iter(summary["arms"].values()))["shares"])
    rows = [
        [arm, str(own["n"]), *(_share(own["shares"][name], own["n"]) for name in names)]
        for arm, own in summary["arms"].items()
    ]
    shared.table(["protocol", "patients", *(f"{name.replace('_', ' ')} %" for name in names)], rows)


def _show_draws(summary: dict[str, Any]) -> None:
    """Print every number over draws, and what of its 95 % interval parameters and chance make; shares in percent."""
    found, rows = summary["posterior"], []
    for arm, each in found["arms"].items():
        shares = summary["arms"][arm].get("shares", each)  # of wells everything is one
        for name, own in each.items():
            values = [own[key] for key in ("median", "lo", "hi", "parameters", "chance")]
            words, show = name.replace("_", " "), shared.percent if name in shares else _number
            rows.append([arm, f"{words} %" if name in shares else words, *map(show, values)])
    header = ["arm", f"over {found['of']['draws']} draws", "median", "from", "to", "parameters +-", "chance +-"]
    shared.table(header, rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _level(found: dict[str, Any]) -> str:
    """Write a patient's level or time; if it did not occur, whether it was not reached or not observed."""
    if found["median"] is not None:
        return f"{found['median']:.3g}"
    return "not reached" if found["n_seen"] else "not observed"


def _share(found: dict[str, Any], n_patients: int) -> str:
    """Write a share with its interval, and the number observed where that is not everybody."""
    if not found["n"]:
        return "not observed"
    of = "" if found["n"] == n_patients else f" of {found['n']}"
    return f"{shared.percent(found['share'])} ({shared.percent(found['lo'])} to {shared.percent(found['hi'])}){of}"


def _explain(scenario: "Scenario", as_json: bool) -> None:
    from abm.study.explain import explain

    rows = explain(scenario)
    if as_json:
        shared.show({"step": rows})
    else:
        shared.table(
            ["phase", "process", "kind", "ms per step", "reads", "writes"], [list(row.values()) for row in rows]
        )


def _dry_run(scenario: "Scenario", n_threads: int, out: Path, as_json: bool, posterior: "Posterior | None") -> None:
    from abm.core.files import try_folder
    from abm.study.cost import cost_of_draws, cost_of_run, refuse_large_run

    try_folder(out)
    expected, drawn = cost_of_run(scenario, n_threads), cost_of_draws(scenario, posterior, n_threads)
    for cost in (expected, drawn):
        refuse_large_run(cost, out)
    found = {
        "wells": expected.n_subjects,
        "cells_per_well": expected.n_cells,
        "steps": expected.n_steps,
        "workers": expected.n_workers,
        "memory_GB": round(expected.memory_bytes / 1e9, 2),
        "disk_GB": round((expected.disk_bytes + drawn.disk_bytes) / 1e9, 3),
        "seconds": round(expected.seconds + drawn.seconds),
    } | ({"wells_under_draws": drawn.n_subjects} if posterior else {})
    if as_json:
        shared.show(found)
    else:
        shared.table(["", "about"], [[name, str(value)] for name, value in found.items()])


def _show(summary: dict) -> None:
    rows = []
    for name, arm in summary["arms"].items():
        deaths = [shared.percent(share) for share in arm["deaths"].values()]
        rows.append(
            [
                name,
                shared.spread(arm["survival"]),
                shared.spread(arm["survival_raw"]),
                shared.spread(arm["control"]),
                *deaths,
            ]
        )
        for cohort, survival in arm.get("cohorts", {}).items():
            which = "there from the start" if cohort == "0" else f"addition {cohort}"
            rows.append([f"  B cells: {which}", "", shared.spread(survival), ""])
    causes = list(next(iter(summary["arms"].values()))["deaths"])
    shared.table(["arm", "survival %", "raw %", "control %", *(f"{cause} %" for cause in causes)], rows)
