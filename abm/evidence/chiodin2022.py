"""Chiodin 2022: surface IgM, calcium and the course on ibrutinib of 70 patients with CLL."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.cohorts import PATIENTS, Patient, share_percent

SOURCE, N, SAMPLES = "Chiodin2022", 70, 13
CUT_MFI, LOW_CALCIUM = 50.0, 31 / 70
FEW_AGENTS = {"populations.b_cells.cells_per_agent": 1e10}  # design: agents lie evenly over surface IgM at any number
Found = Mapping[str, Values]


def _cohort(seed: int) -> Sequence[Case]:
    """Return the patients of a seed, on ibrutinib for 54 to 78 months."""
    point = FEW_AGENTS | {"arms": {"ibrutinib": {"add": [{"ibrutinib": "420 mg"}]}}}
    return [Patient(str(i), i, point) for i in range(PATIENTS)]


def _column(found: Found, name: str) -> np.ndarray:
    return np.array([one[f"ibrutinib.{name}"] for one in found.values()])


def _correlation(a: str, b: str) -> Callable[[Found], float]:
    def measure(found: Found) -> float:
        both = np.array([_column(found, a), _column(found, b)])
        x, y = both[:, np.isfinite(both).all(axis=0)]
        return float(np.corrcoef(x, y)[0, 1]) if x.size > 2 and x.std() > 0.0 and y.std() > 0.0 else math.nan

    return measure


def _progressed(mark: str, *, is_high: bool) -> Callable[[Found], float]:
    """Return the measure: percent that progress among those above, or up to, the cut of a mark."""

    def measure(found: Found) -> float:
        values = _column(found, mark)
        cut = CUT_MFI if mark == "surface_igm_MFI" else np.quantile(values, LOW_CALCIUM)
        return share_percent(_column(found, "progressed")[(values > cut) == is_high].tolist())

    return measure


CLAIMS = (
    Claim(
        "L1", "fit", "calcium mobilisation goes with surface IgM: r = 0.70", "r", 0.70, 0.60, 0.80, SOURCE,
        _cohort, _correlation("surface_igm_MFI", "calcium_percent"), "cll", N,
    ),
    Claim(
        "L2-high", "fit", "progression in 16 of 44 with surface IgM above 50 MFI", "%", 100 * 16 / 44, 22.4, 52.2,
        SOURCE, _cohort, _progressed("surface_igm_MFI", is_high=True), "cll", N,
    ),
    Claim(
        "L2-low", "fit", "and in 2 of 26 with less", "%", 100 * 2 / 26, 0.9, 25.1, SOURCE,
        _cohort, _progressed("surface_igm_MFI", is_high=False), "cll", N,
    ),
    Claim(
        "L2-calcium-high", "prediction", "progression in 14 of 39 with more calcium mobilisation", "%", 100 * 14 / 39,
        21.2, 52.8, "Chiodin2022; assumed: split at the 44th centile", _cohort,
        _progressed("calcium_percent", is_high=True), "cll", N,
    ),
    Claim(
        "L2-calcium-low", "prediction", "and in 4 of 31 with less", "%", 100 * 4 / 31, 3.6, 29.8,
        "Chiodin2022; assumed: split at the 44th centile", _cohort,
        _progressed("calcium_percent", is_high=False), "cll", N,
    ),
    Claim(
        "L3", "goal", "ibrutinib inhibits less in samples that signal more: r = -0.68", "r", -0.68, -0.90, -0.21,
        SOURCE, _cohort, _correlation("calcium_percent", "inhibition_frac"), "cll", SAMPLES,
    ),
)  # fmt: skip
