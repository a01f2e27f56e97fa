"""Weights under which simulated patients are as published ones: a virtual population.

The weights have the largest entropy under which published shares, medians, means, spreads, correlations and curves
hold; with a number of published patients each may be missed by its own error.

*References*: Jaynes1957.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import Fault, InputError
from abm.document.load import Document
from abm.evidence.asked import Asked, Stated
from abm.evidence.patients import Patients
from abm.evidence.targets import VirtualPopulation, contradictions
from abm.results.weights import write_weights
from abm.statistics.draws import n_independent
from abm.statistics.intervals import Array, Z
from abm.statistics.tilting import out_of_reach, tilted

MOST_ROUNDS = 200  # design: correlations and censored curves settle in some ten
SETTLED = 1e-10  # design: of a weight relative to an equal one
MET = 1e-6  # design: an exact target is met to that share of the largest miss of a patient

WITH_ERRORS = "'n', the published patients: then a target may be missed by its own error"


def weigh(population: VirtualPopulation, document: Document, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Weigh the patients of a run and write the weights beside it.

    Returns
    -------
    Path
        Folder of the weights.
    dict
        What ``weights.json`` tells of them.

    Raises
    ------
    InputError
        Targets that the run cannot have, with their places; or too few patients would count.
    """
    patients = Patients(folder)
    n = patients.patient.size
    if population.at_least > n:
        text = f"the run has {n} patients, fewer than {population.at_least:g}"
        raise InputError(document.fault(("at_least",), text, "fewer, or a run of more patients"))
    stated = _stated(Asked(population, document, patients), n)
    _refuse_apart(stated, np.full(n, 1.0 / n), document)
    mass = weights(stated, n)
    if _is_unmet(stated, mass):
        _refuse_apart(stated, mass, document)
        raise InputError(Fault("no weights were found", file=document.file, allowed=WITH_ERRORS))
    _refuse_few(mass, stated, population, document)
    told = _told(population, stated, mass)
    return write_weights(patients.run, population.name, patients.patient.tolist(), mass.tolist(), told), told


def weights(stated: Sequence[Stated], n: int) -> Array:
    """Return the weights, of sum 1, of n patients; equal ones where nothing is stated.

    What is standardised by the weights themselves (correlations, the followed share of censored curves) is found by
    repetition.
    """
    mass = np.full(n, 1.0 / n)
    errors = np.array([one.moment.error for one in stated])
    for _ in range(MOST_ROUNDS if stated else 0):
        before, mass = mass, tilted(_misses(stated, mass), errors)
        if np.abs(mass - before).max() * n < SETTLED:
            break
    return mass


def _misses(stated: Sequence[Stated], mass: Array) -> Array:
    return np.column_stack([one.moment.misses(mass) for one in stated])


def _stated(asked: Asked, n: int) -> list[Stated]:
    """Return the numbers of all targets; raise every fault of those that the run cannot have."""
    targets, document = asked.population.targets, asked.document
    faults = [fault for index in range(len(targets)) for fault in asked.faults(index)]
    pairs = [] if faults else contradictions(targets, asked.number)
    faults += [
        document.fault(("targets", one), f"contradicts targets.{other}, or says it again", "one of the two")
        for one, other in pairs
    ]
    if not faults:
        stated = [one for index in range(len(targets)) for one in asked.stated(index)]
        faults = [fault for one in stated for fault in asked.out_of_range(one, n)]
    if faults:
        raise InputError(*faults)
    return stated


def _refuse_apart(stated: Sequence[Stated], mass: Array, document: Document) -> None:
    """Refuse exact targets that no weights have together."""
    exact = [one for one in stated if one.moment.error == 0.0]
    is_out = out_of_reach(_misses(exact, mass)) if exact else []
    faults = [
        document.fault(
            ("targets", one.index),
            f"{one.words} {one.text(one.moment.published)}: no weights have it together with the other targets",
            WITH_ERRORS,
        )
        for one, out in zip(exact, is_out, strict=True)
        if out
    ]
    if faults:
        raise InputError(*faults)


def _is_unmet(stated: Sequence[Stated], mass: Array) -> bool:
    misses = _misses(stated, mass)
    is_exact = np.array([one.moment.error == 0.0 for one in stated])
    return bool(((np.abs(mass @ misses) > MET * np.abs(misses).max(axis=0)) & is_exact).any())


def _refuse_few(mass: Array, stated: Sequence[Stated], population: VirtualPopulation, document: Document) -> None:
    """Refuse weights under which too few patients count, and name the target that costs most."""
    n = n_independent(mass)
    if n >= population.at_least:
        return
    left = {
        index: n_independent(weights([one for one in stated if one.index != index], mass.size))
        for index in range(len(population.targets))
    }
    index = max(left, key=lambda key: left[key])
    words = "; ".join(one.words for one in stated if one.index == index)
    text = f"only {n:.1f} of {mass.size} patients count, without this target ({words}) {left[index]:.1f}"
    allowed = f"at_least {population.at_least:g}: targets nearer to the cohort, or more patients"
    raise InputError(document.fault(("targets", index), text, allowed))


def _told(population: VirtualPopulation, stated: Sequence[Stated], mass: Array) -> dict[str, Any]:
    """Return what is kept beside the weights; numbers of targets in the units of their columns."""
    equal = np.full(mass.size, 1.0 / mass.size)
    given = {name: getattr(population, name) for name in ("name", "title", "source", "at_least")}
    rows = [_row(population, one, equal, mass) for one in stated]
    return given | {"n_patients": mass.size, "n_effective": n_independent(mass), "targets": rows}


def _row(population: VirtualPopulation, one: Stated, equal: Array, mass: Array) -> dict[str, Any]:
    target, moment = population.targets[one.index], one.moment
    off = abs(float(mass @ moment.misses(mass)))
    return {
        "target": one.words,
        "columns": list(target.between or (target.of,)),
        "arm": target.arm,
        "shown": one.shown,
        "factor": one.factor,
        "source": target.source or population.source,
        "n": population.n_of(target),
        "published": moment.published,
        "before": moment.value(equal),
        "after": moment.value(mass),
        "missed": bool(moment.error) and off > Z * moment.error,
    }
