"""Facts of a scenario's credibility, each with the command that made it; what is missing, with the one that would."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from abm.core.words import listing
from abm.document.reading import read_document
from abm.document.shipped import shipped
from abm.dossier.checkout import RESULTS, ended, last_results
from abm.dossier.measured import (
    OTHER_MODEL,
    SHOWN_HASH,
    Fact,
    Kept,
    Measured,
    checked,
    largest_change,
    shares_of,
    stamp,
)
from abm.plot.page.wording import number

POINT = 1.0  # design: half of a 95 % interval that is taken to suffice where no criterion says otherwise
CALIBRATIONS = {"assay": "calibration", "patient": "calibration_patient", "cll": "calibration_cll"}
COMPARISONS = {"assay": "interaction", "patient": "patient_variants"}
SENSITIVE = ("morris", "sobol", "one_at_a_time")
OPEN = "? open"
VERIFIED = Path("verify", "verify.json")


def missing(words: str, command: str, measure: str = "") -> Fact:
    """Return what has not been run."""
    return Fact(words, OPEN, command, measure=measure)


def of_run(of: Measured) -> Iterator[Fact]:
    """Yield what the run of the scenario itself says."""
    command = f"abm run {of.file}"
    if of.run is None:
        yield missing("Results of the scenario", command)
        return
    summary = of.run.run.summary()
    results = "; ".join(
        f"{name.replace('.', ' ').replace('_', ' ')} {value:.1f} %{'' if math.isnan(half) else f' ± {half:.1f}'}"
        for name, (value, half) in list(of.run.results.items())[:12]
    )
    yield Fact("Results of the scenario", results or "see its report", command, *_stamped(of.run), note=of.run.note)
    n = summary.get("replicates", summary.get("patients"))
    yield Fact("Replicates", f"{n} of each arm", command, *_stamped(of.run))


def _stamped(kept: Kept) -> tuple[str, str]:
    return kept.date, str(kept.run.summary().get("result_hash", ""))[:SHOWN_HASH]


def of_code(of: Measured) -> Iterator[Fact]:
    """Yield how the program was last checked: on this machine, and by its tests."""
    words, command, path = "Closed forms, plain twin, exact chance, known results", "abm verify", of.root / VERIFIED
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        total = len(found["checks"])
        yield Fact(words, f"{found['passed']} of {total} passed", command, *stamp(path))
    else:
        yield missing(words, command)
    for name, marker in RESULTS.items():
        words, command, path = f"Tests {marker}".strip(), f"scripts/test {marker}".strip(), of.root / name
        if path.is_file():
            yield Fact(words, ended(sum(last_results([path]).values(), Counter())), command, *stamp(path))
        else:
            yield missing(words, command)


def of_calculation(of: Measured) -> Iterator[Fact]:
    """Yield whether the numbers are solved well enough: balances and half the step."""
    words, again = "Conservation checks", f"abm run {of.file}"
    if of.run is None:
        yield missing(words, again, "conservation_failed")
    else:
        n_failed, n = checked(of.run)
        value = f"{n - n_failed} of {n} passed"
        yield Fact(words, value, again, *_stamped(of.run), "conservation_failed", n_failed, of.run.note)
    yield _half_step(of)


def _half_step(of: Measured) -> Fact:
    words, keeps = "Half the step, largest change of a result", of.scenario.space.keeps_cells
    steps = [("dt", of.scenario.dt), *((f"dt_later.{k}.dt", one.dt) for k, one in enumerate(of.scenario.dt_later))]
    halved = " ".join(f"--set {name}={dt / 2:g}h" for name, dt in steps)
    half = f"abm run {of.file} {'--check-step' if keeps else halved}"
    found = of.run.run.summary().get("step_check") if of.run else None
    if found:
        change = max((abs(one["mean"]) for one in found.values() if one.get("mean") is not None), default=math.nan)
        return _points(words, change, half, of.run, "half_step_points")
    other = next((one for one in of.runs if one.differs == "step"), None)
    if other and of.run:
        return _points(words, largest_change(of.run, other), half, other, "half_step_points")
    return missing(words, half, "half_step_points")


def _points(words: str, change: float, command: str, kept: Kept | None, measure: str) -> Fact:
    dated, note = (_stamped(kept), kept.note) if kept else (("", ""), "")
    return Fact(words, f"{change:.2f} points", command, *dated, measure, change, note)


def of_size(of: Measured) -> Iterator[Fact]:
    """Yield whether agents and replicates suffice."""
    words, n = "Another number of agents, largest change of a result", sum(of.scenario.counts().values())
    name = "n" if of.scenario.space.scale == "well" else "cells_per_agent"
    own = dict(of.scenario.cell_types()["b_cells"])[name]
    command = f"abm run {of.file} --set populations.b_cells.{name}={own * (2 if name == 'n' else 0.5):g}"
    other = next((one for one in of.runs if one.differs == "agents"), None)
    if other and of.run:
        counts = f"{n:,} against {sum(other.scenario.counts().values()):,} agents"
        yield _points(f"{words} ({counts})", largest_change(of.run, other), command, other, "agents_points")
    else:
        yield missing(words, command, "agents_points")
    yield _interval(of)


def _interval(of: Measured) -> Fact:
    """Return the widest interval over replicates, and how many of these would bring it to a point."""
    subjects, measure = f"{of.scenario.space.replicate.lower()}s", "interval_points"
    words = f"Luck: largest half of a 95 % interval over {subjects}"
    halves = [half for _, half in of.run.results.values() if not math.isnan(half)] if of.run else []
    if not of.run or not halves:
        return missing(words, f"abm run {of.file} --replicates {max(3, of.scenario.n_replicates)}", measure)
    widest, n = max(halves), of.scenario.n_replicates
    enough = max(1, math.ceil(n * (widest / POINT) ** 2))
    value = f"{widest:.2f} points with {n} {subjects}; about {enough:,} would bring it to {POINT:g} point"
    return Fact(words, value, f"abm run {of.file}", *_stamped(of.run), measure, widest, of.run.note)


def of_claims(of: Measured) -> Iterator[Fact]:
    """Yield how many claims hold, in and out of the sample, and papers left out."""
    command = f"abm evidence --group {of.group}"
    words = {"in_sample_frac": "Claims that hold, of those that may be calibrated on",
             "out_of_sample_frac": "Claims that hold, of goals and predictions"}  # fmt: skip
    if of.evidence is None:
        yield from (missing(text, command, name) for name, text in words.items())
    else:
        path, found = of.evidence
        note = "" if of.is_of_this_model(path) else OTHER_MODEL
        made = f"{command} --seeds {len(found['seeds'])}" + (
            "" if found["scale"] == 1 else f" --scale {found['scale']:g}"
        )
        for name, (n, total) in shares_of(found["claims"], of.claims).items():
            share = n / total if total else math.nan
            yield Fact(words[name], f"{n} of {total}", made, *stamp(path), name, share, note)
    yield _left_out(of)


def _left_out(of: Measured) -> Fact:
    words, name = "External validation: numbers inside their predicted 95 %, of papers left out", "left_out_frac"
    command = f"abm evidence --group {of.group} --leave-one-out {CALIBRATIONS[of.group]}"
    path, found = of.evidence or (Path(), {})
    for own in found.get("left_out", ()):
        if own["group"] == of.group and own["n_numbers"]:
            note = "" if of.is_of_this_model(path) else OTHER_MODEL
            value = f"{own['n_inside']} of {own['n_numbers']} numbers of {len(own['papers'])} papers"
            return Fact(words, value, command, *stamp(path), name, own["n_inside"] / own["n_numbers"], note)
    return missing(words, command, name)


def of_fits(of: Measured) -> Iterator[Fact]:
    """Yield the calibrations of the group that have ended."""
    n = 0
    for path, found in of.files("fit", "fit.json"):
        if set(found.get("claims", ())) & set(of.claims):
            n += 1
            k_hat = found.get("k_hat")
            value = f"{len(found['claims'])} claims, {len(found['estimates'])} free parameters, k-hat {number(k_hat)}, "
            value += "confirmed by the model" if found.get("is_good") else "not confirmed by the model"
            worst = math.nan if k_hat is None else float(k_hat)
            yield Fact(f"Calibration {found['name']}", value, f"abm fit {found['name']}", *stamp(path), "k_hat", worst)
    if not n:
        yield missing("Calibration", f"abm fit {CALIBRATIONS[of.group]}", "k_hat")


def of_studies(of: Measured) -> Iterator[Fact]:
    """Yield sensitivity studies, and what a posterior leaves open."""
    n = 0
    for path, found in of.files("studies", "study.json"):
        kind, base = found.get("design", {}).get("kind"), str(found.get("base", ""))
        if kind in SENSITIVE and f'"name": "{of.scenario.name}"' in base:
            n += 1
            axes = listing(list(found["design"].get("axes", {}))[:3])
            value = f"{kind.replace('_', ' ')} over {len(found['design'].get('axes', {}))} parameters, such as {axes}"
            yield Fact(
                f"Sensitivity: {found['title'] or found['name']}", value, f"abm study run {found['name']}", *stamp(path)
            )
    if not n:
        yield missing("Parameters: sensitivity of the results to them", f"abm study run {_study(of)}")
    drawn = of.run is not None and "posterior" in of.run.run.summary()
    command = f"abm run {of.file} --posterior FOLDER_OF_A_FIT"
    if drawn and of.run:
        yield Fact("Parameters: results under draws of a posterior", "in the run's report", command, *_stamped(of.run))
    else:
        yield missing("Parameters: results under draws of a posterior", command)


def _study(of: Measured) -> str:
    """Return a study of sensitivity that ships for a scenario, or what one of the user's must say."""
    for name, file in shipped("studies").items():
        data = read_document(file).data
        design = data.get("design")
        is_of = Path(str(data.get("base", ""))).stem == of.scenario.name
        if is_of and isinstance(design, Mapping) and design.get("kind") in SENSITIVE:
            return name
    return f"STUDY.yaml (base: {of.file}, design: morris)"


def of_comparisons(of: Measured) -> Iterator[Fact]:
    """Yield comparisons of hypotheses and variants."""
    every = [*of.files("compare", "comparison.json"), *of.files("compare", "variants.json")]
    found = [one for one in every if set(one[1].get("claims", ())) & set(of.claims)]
    for path, content in found:
        name = path.parent.name
        kind = "variants of the model" if path.name == "variants.json" else "hypotheses"
        value = f"preferred: {content['preferred']}" if "preferred" in content else "see its report"
        yield Fact(f"Comparison of {kind}: {name}", value, f"abm compare {name}", *stamp(path))
    if not found:
        known = COMPARISONS.get(of.group, "COMPARISON.yaml")
        yield missing("Comparison of hypotheses or variants", f"abm compare {known}")
