"""The verb of the evidence: every published observation against the model."""

from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from abm.cli import shared
from abm.cli.studies import Engine, Scheduler, choose_engine, tell
from abm.core.paths import from_home

Parameters = Annotated[
    Path | None,
    typer.Option(
        "--parameters", parser=from_home, metavar="<path>", help="Parameter set (YAML) instead of the group's own."
    ),
]
Record = Annotated[
    Path | None,
    typer.Option(
        "--record",
        parser=from_home,
        metavar="<path>",
        help="Table (CSV) in which each claim's row under its parameter set is replaced by this one.",
    ),
]
OwnData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        parser=from_home,
        metavar="<path>",
        help="Table of your own observations (arm, of, time [h], value [unit] with sd, or lo and hi, or k and n): "
        "every row becomes a claim about an arm of the file's scenario.",
    ),
]

HEADER = [
    *("claim", "role", "observed", "published range", "simulated"),
    *("95 % interval", "z", "holds", "as extreme", "posterior"),
]
LEFT_OUT = ["paper, left out", "claims inside", "log score", "k-hat", "refitted"]


@shared.app.command()
def evidence(
    group: Annotated[str, typer.Option("--group", help="Claims of one group only.")] = "",
    claim: Annotated[list[str] | None, typer.Option("--claim", help="One claim; repeatable.")] = None,
    parameters: Parameters = None,
    seeds: Annotated[int, typer.Option("--seeds", min=2, max=1000, help="Seeds 1 to this.")] = 3,
    scale: Annotated[float, typer.Option("--scale", min=0.02, max=10, help="Size of every patch.")] = 1.0,
    posterior: shared.Posterior = None,
    draws: shared.Draws = 20,
    leave_one_out: Annotated[
        list[Path] | None,
        typer.Option(
            "--leave-one-out",
            parser=from_home,
            metavar="<path>",
            help="Calibration file (YAML) of a group: each of its papers predicted by a fit on all others; repeatable.",
        ),
    ] = None,
    record: Record = None,
    engine: Engine = "local",
    scheduler: Scheduler = "",
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Hold every published observation against the model: observed, simulated with interval, z and verdict."""
    from abm.evidence import record as kept
    from abm.evidence.claim import chosen, claims
    from abm.evidence.fit import load_calibration
    from abm.evidence.report import evaluate
    from abm.plot.page.report import write_report

    asked = chosen(dict.fromkeys(claim)) if claim else claims(group)
    problems = [load_calibration(file).of_papers() for file in leave_one_out or ()]
    if record:
        kept.read(record)  # another file is refused before the work, not after it
    run = choose_engine(engine, scheduler, shared.cores(threads))
    folder, found = shared.watched(
        lambda monitor: evaluate(
            asked,
            parameters,
            out,
            run,
            monitor,
            seeds=range(1, seeds + 1),
            scale=scale,
            posterior=posterior,
            draws=draws,
            left_out=problems,
        ),
        shared.same_call(),
        unlock,
    )
    if record:
        kept.record(record, asked, parameters, found)
    path = write_report(folder.path)
    if as_json:
        shared.show({**found, "report": str(path)})
    else:
        shared.table(HEADER, [_row(score) for score in found["claims"]])
        if "left_out" in found:
            shared.table(LEFT_OUT, [row for own in found["left_out"] for row in _left_out(own)])
        shared.show(str(path))
        shared.warn(found)


def _row(score: dict[str, Any]) -> list[str]:
    lo, hi = score["interval"]
    interval = "-" if lo is None else f"{lo:.3g} to {hi:.3g}"
    numbers = [_number(score["observed"]), f"{score['lo']:.3g} to {score['hi']:.3g}", _number(score["simulated"])]
    return [score["id"], score["role"], *numbers, interval, _number(score["z"]), "yes" if score["holds"] else "NO",
            "" if score["as_extreme"] is None else f"{score['as_extreme']:.2f}",
            "" if score["probability"] is None else f"{score['probability']:.2f}"]  # fmt: skip


def _left_out(own: dict[str, Any]) -> list[list[str]]:
    """Return a row for each paper of a group; where none can be left out, one that says so."""
    if not own["papers"]:
        return [[f"{own['group']}: fewer than two papers", "-", "-", "-", "-"]]
    rows = []
    for one in own["papers"]:
        inside = sum(claim["is_inside"] for claim in one["claims"])
        numbers = [f"{inside} of {len(one['claims'])}", _number(one["log_score"]), _number(one["k_hat"])]
        rows.append([one["paper"], *numbers, "yes" if one["is_refitted"] else "no"])
    return rows


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


@shared.app.command()
def compare(
    comparison: Annotated[Path, typer.Argument(parser=from_home, help="Comparison file (YAML).", show_default=False)],
    sets: shared.Sets = None,
    engine: Engine = "local",
    scheduler: Scheduler = "",
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the runs would take, and stop.")] = False,
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Compare hypotheses or variants of the model: Bayes factors, probabilities, and what they hang on.

    A file with `panel` and `decide` weighs the combinations of the hypotheses and tells which experiment decides; one
    with `variants` fits each of them and tells which the papers prefer.
    """
    from abm.evidence import compare as hypotheses
    from abm.evidence import variants
    from abm.plot.page.report import write_report

    own = variants if variants.is_of_variants(comparison, sets or []) else hypotheses
    asked = own.load_comparison(comparison, tuple(sets or []))
    n_workers = shared.cores(threads)
    if dry_run:
        tell(own.cost(asked, n_workers), as_json)
        return
    run = choose_engine(engine, scheduler, n_workers)
    folder, found = shared.watched(lambda monitor: own.compare(asked, out, run, monitor), shared.same_call(), unlock)
    path = write_report(folder.path)
    if as_json:
        shared.show({**found, "report": str(path)})
        return
    _show_variants(found) if own is variants else _show_compared(found)
    shared.show(str(path))
    shared.warn(found)


def _show_variants(found: dict[str, Any]) -> None:
    """Print the variants, the one of greatest evidence first, and which is to be preferred."""
    header = ["variant", "free", "log evidence", "+-", "probability", "from", "to", "Bayes factor", "from", "to",
              "k-hat", "confirmed", "mean log score", "inside"]  # fmt: skip
    keys = ("probability", "lo", "hi")
    rows = [
        [
            *(own["name"], str(own["n_free"]), f"{own['log_evidence']:.2f}", f"{own['error']:.2f}"),
            *(f"{own[key]:.3f}" for key in keys),
            *(_number(own["against_best"][key]) for key in ("bayes_factor", "lo", "hi")),
            *(_number(own["k_hat"]), "yes" if own["is_good"] else "NO", _number(own["mean_log_score"])),
            f"{own['n_inside']} of {own['n_numbers']}",
        ]
        for own in sorted(found["variants"], key=lambda own: -own["log_evidence"])
    ]
    shared.table(header, rows)
    shared.show(f"preferred: {found['preferred']}")


def _show_compared(found: dict[str, Any]) -> None:
    """Print combinations, hypotheses and experiments, the first of each the one that matters most."""
    from abm.evidence.combinations import name_of

    keys = ("probability", "lo", "hi")
    best_first = sorted(found["combinations"], key=lambda c: -c["probability"])
    shared.table(
        ["hypotheses on", "log evidence", "+-", "probability", "from", "to"],
        [
            [
                name_of(c["on"]),
                f"{c['log_decided']:.2f}",
                f"{c['error_decided']:.2f}",
                *(f"{c[key]:.3f}" for key in keys),
            ]
            for c in best_first
        ],
    )
    keys = ("bayes_factor", "lo", "hi")
    rows = [
        [name, f"{own['probability']:.3f}", *(_number(own[key]) for key in keys)]
        for name, own in found["hypotheses"].items()
    ]
    shared.table(["hypothesis", "probability", "Bayes factor", "from", "to"], rows)
    header = ["experiment", *(f"bits, n = {n}" for n in found["replicates"]), "n for half"]
    rows = [
        [own["arm"], *(f"{bits:.3f}" for bits in own["bits"]), str(own["needed"] or "-")]
        for own in found["experiments"]
    ]
    shared.table(header, rows)


@shared.app.command()
def fit(
    calibration: Annotated[Path, typer.Argument(parser=from_home, help="Calibration file (YAML).", show_default=False)],
    data: OwnData = None,
    sheet: shared.SheetName = "",
    sets: shared.Sets = None,
    engine: Engine = "local",
    scheduler: Scheduler = "",
    threads: shared.Threads = None,
    out: shared.Out = Path("runs"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the fit would take, and stop.")] = False,
    unlock: shared.Unlock = False,
    as_json: shared.Json = False,
) -> None:
    """Learn from published claims, or from a table of your own: the posterior of all free parameters.

    A file with `parameters` and `claims` learns from papers, each of which is then predicted without itself; one with
    `scenario` learns from the rows of `data:`, or of `--data`.
    """
    from abm.evidence.calibrate import calibrate, cost
    from abm.evidence.fit import load_calibration
    from abm.plot.page.report import write_report

    problem = load_calibration(calibration, (*(sets or []), *shared.observations(data, sheet, "data")))
    n_workers = shared.cores(threads)
    if dry_run:
        tell(cost(problem, n_workers), as_json)
        return
    run = choose_engine(engine, scheduler, n_workers)
    folder, found = shared.watched(lambda monitor: calibrate(problem, out, run, monitor), shared.same_call(), unlock)
    path = write_report(folder.path)
    if as_json:
        shared.show({**found, "parameters": str(folder.path / "parameters.yaml"), "report": str(path)})
        return
    keys = ("point", "median", "lo", "hi")
    rows = [[row["path"], *(_number(row[key]) for key in keys), row["unit"]] for row in found["estimates"]]
    shared.table(["parameter", "best point", "median", "from", "to", "unit"], rows)
    shared.show(f"{folder.path / 'parameters.yaml'}\n{path}")
    shared.warn(found)


@shared.app.command()
def weigh(
    folder: shared.Folder,
    population: Annotated[Path, typer.Argument(parser=from_home, help="Weights file (YAML).", show_default=False)],
    sets: shared.Sets = None,
    as_json: shared.Json = False,
) -> None:
    """Weigh the patients of a finished run so that they are as published ones; the report shows both."""
    from abm.evidence.targets import load_population
    from abm.evidence.weigh import weigh as weigh_patients

    asked = load_population(population, tuple(sets or []))
    with shared.drawing(shared.cores()) as draw:
        own, found = weigh_patients(*asked, folder)
        path = draw(folder)
    if as_json:
        shared.show({**found, "folder": str(own), "report": str(path)})
        return
    keys = ("published", "before", "after")
    rows = [
        [row["target"], *(_shown(row, row[key]) for key in keys), "missed" if row["missed"] else ""]
        for row in found["targets"]
    ]
    shared.table(["target", *keys, ""], rows)
    shared.show(f"effective patients: {found['n_effective']:.1f} of {found['n_patients']}\n{own}\n{path}")


def _shown(row: dict[str, Any], value: float) -> str:
    return f"{row['factor'] * value:.4g} {row['shown']}".rstrip() if isfinite(value) else "not reached"
