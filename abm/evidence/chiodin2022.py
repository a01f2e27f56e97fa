"""Chiodin 2022: surface IgM, calcium and the course on ibrutinib of 70 patients with CLL."""

from collections.abc import Callable, Sequence

import numpy as np

from abm.evidence.claim import Case, Claim
from abm.evidence.cll_cohorts import FIRST, LATER, LOST, Found, column, treated
from abm.evidence.cohorts import share_percent
from abm.inference.counted import Counts
from abm.inference.measured import Correlation
from abm.statistics.correlation import pearson

SOURCE, N, SAMPLES = "Chiodin2022", 70, 13
CUT_MFI, LOW_CALCIUM = 50.0, 31 / 70
WHO = [FIRST, LATER, FIRST, LATER | LOST, FIRST]  # assumed: two in five of a clinic were treated before


def _cohort(seed: int) -> Sequence[Case]:
    """Return the patients of a seed, on ibrutinib for 54 to 78 months."""
    return treated(WHO, {})


def _correlation(a: str, b: str) -> Callable[[Found], float]:
    return lambda found: pearson(column(found, a), column(found, b))


def _progressed(mark: str, *, is_high: bool) -> Callable[[Found], float]:
    """Return the measure: percent that progress among patients above, or not above, the cut of a marker."""

    def measure(found: Found) -> float:
        values = column(found, mark)
        cut = CUT_MFI if mark == "surface_igm_MFI" else np.quantile(values, LOW_CALCIUM)
        return share_percent(column(found, "progressed")[(values > cut) == is_high].tolist())

    return measure


CLAIMS = (
    Claim(
        id="L1", role="fit", unit="r", observed=0.70, lo=0.60, hi=0.80,
        text="calcium mobilisation goes with surface IgM: r = 0.70",
        source=SOURCE,
        cases=_cohort, measure=_correlation("surface_igm_MFI", "calcium_percent"), group="cll", trial=N,
        paper=SOURCE, likelihood=Correlation(0.70, N),
    ),
    Claim(
        id="L2-high", role="fit", unit="%", observed=100 * 16 / 44, lo=22.4, hi=52.2,
        text="progression in 16 of 44 with surface IgM above 50 MFI",
        source=SOURCE,
        cases=_cohort, measure=_progressed("surface_igm_MFI", is_high=True), group="cll", trial=N,
        paper=SOURCE, likelihood=Counts(16, 44, 100),
    ),
    Claim(
        id="L2-low", role="fit", unit="%", observed=100 * 2 / 26, lo=0.9, hi=25.1,
        text="progression in 2 of 26 with surface IgM up to 50 MFI",
        source=SOURCE,
        cases=_cohort, measure=_progressed("surface_igm_MFI", is_high=False), group="cll", trial=N,
        paper=SOURCE, likelihood=Counts(2, 26, 100),
    ),
    Claim(
        id="L2-calcium-high", role="prediction", unit="%", observed=100 * 14 / 39, lo=21.2, hi=52.8,
        text="progression in 14 of 39 with more calcium mobilisation",
        source="Chiodin2022; assumed: split at the 44th centile",
        cases=_cohort, measure=_progressed("calcium_percent", is_high=True), group="cll", trial=N,
        paper=SOURCE, told_by=("L2-high", "L2-low"),
    ),
    Claim(
        id="L2-calcium-low", role="prediction", unit="%", observed=100 * 4 / 31, lo=3.6, hi=29.8,
        text="progression in 4 of 31 with less calcium mobilisation",
        source="Chiodin2022; assumed: split at the 44th centile",
        cases=_cohort, measure=_progressed("calcium_percent", is_high=False), group="cll", trial=N,
        paper=SOURCE, told_by=("L2-high", "L2-low"),
    ),
    Claim(
        id="L3", role="goal", unit="r", observed=-0.68, lo=-0.90, hi=-0.21,
        text="ibrutinib inhibits less in samples that signal more: r = -0.68",
        source=SOURCE,
        cases=_cohort, measure=_correlation("calcium_percent", "inhibition_frac"), group="cll", trial=SAMPLES,
        paper=SOURCE, likelihood=Correlation(-0.68, SAMPLES),
    ),
)  # fmt: skip
