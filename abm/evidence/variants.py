"""Which variant of the model do the papers prefer? Each is fitted to the same claims, and evidences are compared.

A variant is a calibration with other values set, further or other ranges, or fewer of them. Each is a fit of its own
under ``fit/``, named after the comparison and itself, so that only what has not been fitted yet is. A variant that
changes nothing is the calibration's own fit, and one with something ``off`` lies within it and needs no further runs.

*References*: Kass1995 (Bayes factors in words).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from abm.core.errors import Fault, InputError, nearest
from abm.core.names import Name
from abm.core.par import Model
from abm.document.load import Document, named_file, resolve, validate
from abm.document.reading import keys_in
from abm.evidence import calibrate as fits
from abm.evidence import within
from abm.evidence.compare import Comparison
from abm.evidence.fit import Problem, calibration_of, load_calibration
from abm.evidence.weighing import MOST_LOG
from abm.inference.information import bayes_factor, probabilities
from abm.results.study import StudyFolder
from abm.scenario.from_file import named
from abm.scenario.renamed import RENAMED
from abm.study.axis import Axis
from abm.study.execute import at_home
from abm.study.jobs import Monitor
from abm.study.pool import Engine

KEY = "variants"
BARELY = 3.0  # Kass1995: a Bayes factor up to this is not worth more than a bare mention


class Variant(Model):
    """What a variant changes in the calibration."""

    set: dict[str, Any] = Field(default_factory=dict)
    free: dict[str, Axis] = Field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    @property
    def is_within(self) -> bool:
        """Whether the calibration's own emulators know it."""
        return not (self.set or self.free or self.fixed)


class Variants(Model):
    """What a comparison file may say of variants."""

    name: Name = "comparison"
    title: str = ""
    question: str = ""
    calibration: str
    variants: dict[Name, Variant] = Field(min_length=2)


@dataclass(frozen=True)
class Rivals:
    """Variants with the fit that each asks for, in the order of the file."""

    asked: Variants
    calibration: Problem
    problems: Mapping[str, Problem]

    def identity(self) -> dict[str, Any]:
        """Return all that the runs depend on.

        Raises
        ------
        InputError
            What fits is not installed.
        """
        off = {name: list(own.off) for name, own in self.asked.variants.items() if own.off}
        return {KEY: {name: problem.identity() for name, problem in self.problems.items()}, "off": off}


def is_of_variants(path: Path, sets: Sequence[str] = ()) -> bool:
    """Return whether a comparison file, or what is set, names variants.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    return KEY in resolve(path).data or any(own.startswith((f"{KEY}.", f"{KEY}=")) for own in sets)


def load_comparison(path: Path, sets: tuple[str, ...] = ()) -> Rivals:
    """Read a comparison file of variants; paths in it are relative to it.

    Raises
    ------
    InputError
        All faults of the file; a variant that cannot be fitted.
    """
    document = resolve(path, sets, Variants, names=RENAMED)
    others = [key for key in Comparison.model_fields if key in document.data and key not in Variants.model_fields]
    if others:
        text = "it is of a comparison of hypotheses, this one is of variants"
        raise InputError(*(document.fault((key,), text, f"either {KEY}, or panel and decide") for key in others))
    asked = named(validate(Variants, document), document)
    calibration = load_calibration(Path(named_file(document, ("calibration",))), reach=document.reach)
    faults: list[Fault] = []
    for name, own in asked.variants.items():
        faults += _clashes(document, name, own, calibration)
    if faults:
        raise InputError(*faults)
    problems: dict[str, Problem] = {}
    for name, own in asked.variants.items():
        try:
            problems[name] = calibration
            if not own.is_within:
                problems[name] = calibration_of(_changed(document, asked.name, name, calibration))
        except InputError as error:
            faults += [_of_variant(document, name, fault) for fault in error.faults]
    if faults:
        raise InputError(*faults)
    return Rivals(asked, calibration, problems)


def _clashes(document: Document, name: str, own: Variant, calibration: Problem) -> list[Fault]:
    """Return what is wrong between the parts of a variant, and between them and the calibration."""
    free, here, faults = list(calibration.calibration.free), (KEY, name), []
    may_be_off = [calibration.ranges[place].path for place in calibration.from_nothing]
    for place, path in enumerate(own.off):
        at = (*here, "off", place)
        if not own.is_within:
            text = "what is off is so in the calibration's own fit, which this variant changes"
            faults.append(document.fault(at, text, "off alone; or fixed, with what it is set to"))
        elif path not in may_be_off:
            text, file = f"{path} does not begin at nothing", calibration.given.document.file
            allowed = f"of what is free in {file}: {', '.join(may_be_off) or 'nothing'}"
            faults.append(document.fault(at, text, allowed, nearest(path, may_be_off)))
    for place, path in enumerate(own.fixed):
        if path in own.free:
            faults.append(document.fault((*here, "fixed", place), f"{path} is free in the same variant", "either"))
        elif path not in free:
            text, file = f"{path} is not free", calibration.given.document.file
            near = nearest(path, free)
            faults.append(document.fault((*here, "fixed", place), text, f"what is free in {file}", near))
    for path, value in own.set.items():
        ranges = [one for one in [*free, *own.free] if f"{one}.".startswith(f"{path}.") and one not in own.fixed]
        inside = [one for one in ranges if _holds(value, one[len(path) + 1 :])]
        if inside:
            text = f"{inside[0]} is free, so that what is set is never seen"
            faults.append(document.fault((*here, "set", path), text, f"with {inside[0]} among what is fixed"))
    return faults


def _holds(value: Any, path: str) -> bool:
    """Return whether what is set says something of a path in it, if only that there is none."""
    for key in path.split(".") if path else ():
        if not isinstance(value, Mapping):
            return True
        if key not in value:
            return False
        value = value[key]
    return True


def _changed(document: Document, comparison: str, name: str, calibration: Problem) -> Document:
    """Return the calibration's document with the changes of a variant, each where it stands in the comparison."""
    own, known, here = document.data[KEY][name], calibration.given.document, (KEY, name)
    changes, ranges = own.get("set") or {}, own.get("free") or {}
    before = known.data.get("set") or {}
    gone = {("free", path) for path in (*(own.get("fixed") or ()), *ranges)}
    gone |= {("set", path) for path in before for new in changes if f"{path}.".startswith(f"{new}.")}
    free = {path: value for path, value in known.data["free"].items() if ("free", path) not in gone or path in ranges}
    kept = {path: value for path, value in before.items() if ("set", path) not in gone}
    data = known.data | {"name": f"{comparison}.{name}", "free": free | ranges, "set": kept | changes}
    moved = {
        path[len(here) :]: position
        for path, position in document.positions.items()
        if path[: len(here)] == here and path[len(here) : len(here) + 1] in (("set",), ("free",)) and len(path) > 3
    }
    return replace(known, data=data, positions=known.without(gone) | moved)


def _of_variant(document: Document, name: str, fault: Fault) -> Fault:
    """Return a fault of a changed calibration where the variant stands, or the change that it comes from."""
    here, own = (KEY, name), document.data[KEY][name]
    place = keys_in(document.data, f"{KEY}.{name}.{fault.path}") if fault.path else here
    part, *below = place[len(here) :] or ("",)
    if part in ("set", "free") and part in own and (not below or below[0] in own[part]):
        return document.fault(place, fault.message, fault.allowed, fault.nearest)
    text = f"{fault.path}: {fault.message}" if fault.path else fault.message
    return document.fault(here, text, fault.allowed, fault.nearest)


def cost(rivals: Rivals, n_workers: int) -> dict[str, Any]:
    """Return what all fits take at most: places, experiments, and hours of simulation where all waves are needed."""
    fitted = {problem.calibration.name: problem for problem in rivals.problems.values()}
    each = [fits.cost(problem, n_workers) for problem in fitted.values()]
    return {"variants": len(rivals.problems)} | {key: sum(own[key] for own in each) for key in each[0]}


def compare(rivals: Rivals, root: Path, engine: Engine, monitor: Monitor) -> tuple[StudyFolder, dict[str, Any]]:
    """Fit every variant that has not been fitted yet, and compare what the papers say of them.

    Returns
    -------
    folder, found : StudyFolder, dict
        ``variants`` with evidence, Bayes factors, probability and how they foretell papers; ``papers`` with the log
        score under each; ``preferred`` by name.

    Raises
    ------
    InputError, RunFailed, Stopped
        As :func:`abm.evidence.calibrate.calibrate` raises them.
    """
    with at_home(root.resolve() / "compare", rivals.asked.name, rivals.identity(), monitor) as folder:
        found = _fitted(rivals, root, engine, monitor)
        told = _told(rivals, [own for _, own in found], [own.path.name for own, _ in found])
        folder.write_json("variants.json", told)
        for (name, own), (_, fit) in zip(rivals.asked.variants.items(), found, strict=True):
            if own.off:  # the others have folders of their own
                fits.write_set(rivals.calibration, fit, folder.path / f"{name}.yaml", folder.path / f"{name}.parquet")
    return folder, told


def _fitted(rivals: Rivals, root: Path, engine: Engine, monitor: Monitor) -> list[tuple[StudyFolder, dict[str, Any]]]:
    """Fit the calibration where a variant lies within it, then each of the others."""
    off = {name: own.off for name, own in rivals.asked.variants.items() if own.is_within}
    found = {}
    if off:
        folder, each = within.fitted(rivals.calibration, off, root, engine, monitor)
        found = {name: (folder, own) for name, own in each.items()}
    for name, problem in rivals.problems.items():
        if name not in off:
            try:
                found[name] = fits.calibrate(problem, root, engine, monitor)
            except InputError as error:
                faults = (replace(fault, path=f"{KEY}.{name}: {fault.path}") for fault in error.faults)
                raise InputError(*faults) from None
    return [found[name] for name in rivals.problems]


def _told(rivals: Rivals, found: Sequence[Mapping[str, Any]], folders: Sequence[str]) -> dict[str, Any]:
    """Return what was asked and what was found, as JSON can hold it."""
    asked, calibration = rivals.asked, rivals.calibration.calibration
    rows = weighed(found, calibration.seed)
    for (name, own), row, folder in zip(asked.variants.items(), rows, folders, strict=True):
        ranges = {one.path: [one.lo, one.hi, one.unit] for one in rivals.problems[name].ranges if one.path in own.free}
        row |= {"name": name, "fit": folder, "free": ranges, "fixed": list(own.fixed), "set": dict(own.set)}
        row |= {"off": list(own.off)}
    warnings = [text for own in found for text in own["warnings"]]
    return {
        "name": asked.name,
        "title": asked.title,
        "question": asked.question,
        "calibration": calibration.name,
        "claims": [claim.id for claim in rivals.calibration.claims],
        "warnings": list(dict.fromkeys(warnings)),
        "variants": rows,
        "preferred": rows[preferred(rows)]["name"],
        "papers": _papers(found),
    }


def weighed(found: Sequence[Mapping[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Return for each fit its evidence against the others', all equally probable beforehand, and how it foretells.

    Parameters
    ----------
    found : sequence of mapping
        What fits to the same claims found.
    seed : int
        Of the draws of the evidences within their errors.
    """
    log_p, error = np.array([(own["log_evidence"], own["log_evidence_error"]) for own in found]).T
    p, best = probabilities(log_p, error, seed=seed), int(np.argmax(log_p))
    rows = []
    for place, own in enumerate(found):
        row = {"n_free": len(own["estimates"]), "log_evidence": float(log_p[place]), "error": float(error[place])}
        row |= {"probability": float(p.mean[place]), "lo": float(p.lo[place]), "hi": float(p.hi[place])}
        row |= {"against_best": _factor(log_p, error, place, best), "against_first": _factor(log_p, error, place, 0)}
        rows.append(row | {"k_hat": own["k_hat"], "is_good": own["is_good"]} | _foretold(own))
    return rows


def _factor(log_p: np.ndarray, error: np.ndarray, one: int, other: int) -> dict[str, float]:
    """Return the Bayes factor of one against another, 1 for certain against itself."""
    gap = float(np.clip(log_p[one] - log_p[other], -MOST_LOG, MOST_LOG))
    own = bayes_factor([gap, 0.0], [0.0, 0.0] if one == other else error[[one, other]])
    return {"bayes_factor": float(own.mean), "lo": float(own.lo), "hi": float(own.hi)}


def _foretold(own: Mapping[str, Any]) -> dict[str, Any]:
    """Return how well a fit foretells papers that it has not seen; no score where there is one only."""
    papers = _left_out(own)
    numbers = [claim["is_inside"] for one in papers for claim in one["claims"]]
    score = float(np.mean([one["log_score"] for one in papers])) if papers else None
    return {"mean_log_score": score, "n_inside": sum(numbers), "n_numbers": len(numbers)}


def _left_out(own: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a fit says of each paper, or each row or group of a table, that was left out of it."""
    return [one for one in own["papers"] if one["is_paper"] or own.get("data")]


def _papers(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the log score of each paper under each variant, in their order."""
    each = zip(*map(_left_out, found), strict=True)
    return [{"paper": own[0]["paper"], "log_scores": [one["log_score"] for one in own]} for own in each]


def preferred(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return which variant is to be preferred: of those that are hardly less likely than the best, the simplest."""
    near = [k for k, row in enumerate(rows) if row["against_best"]["bayes_factor"] > 1.0 / BARELY]
    return min(near, key=lambda k: (rows[k]["n_free"], -rows[k]["log_evidence"]))
