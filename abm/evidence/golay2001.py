"""Golay 2001: lysis by complement goes with CD20 across patients with CLL, PLL and MCL."""

from collections.abc import Mapping

from abm.evidence.claim import Case, Claim, Values
from abm.evidence.protocols import donor, donor_medians, lysis
from abm.inference.measured import Correlation
from abm.statistics.correlation import pearson

N_DONORS = 8  # assumed: of each disease
DISEASES = ("CLL", "B-PLL", "MCL")


def _patients(seed: int) -> list[Case]:
    drawn = [(disease, median) for disease in DISEASES for median in donor_medians(disease, N_DONORS, seed)]
    return [donor(f"{disease}{i} {median}", median, i) for i, (disease, median) in enumerate(drawn)]


def _correlation(found: Mapping[str, Values]) -> float:
    cd20 = [float(name.split()[1]) for name in found]
    return pearson(cd20, [lysis(values) for values in found.values()])


CLAIMS = (
    Claim(
        id="V2", role="fit", unit="r", observed=0.905, lo=0.79, hi=0.96,
        text="lysis correlates with CD20 across CLL, PLL and MCL patients",
        source="Golay2001; assumed: 95 % interval of r = 0.905 in 24 patients",
        cases=_patients, measure=_correlation,
        paper="Golay2001", likelihood=Correlation(0.905, 24),
    ),
)  # fmt: skip
