"""What one volume of human serum brings into the well.

*Model*: a share x of serum adds x times the concentration in neat serum of each constituent: complement components as
the limiting protein of each group (C2 stands for C2/C4, C9 for the terminal C5-C9), IgG, IgM (950 kDa) and DHEAS. It
changes neither the volume nor what else is dissolved. ``lacking`` takes constituents away: heat-inactivated serum lacks
``complement``, charcoal-stripped serum ``dheas``.

*References*: Orentreich1984 (DHEAS by age and sex).
"""

import math
from typing import Literal

from abm.biology.covariates import Covariates
from abm.core.par import Model, par

COMPLEMENT = ("c1q", "c2c4", "c3", "c5c9")
CONSTITUENTS = (*COMPLEMENT, "igg", "igm_serum", "dheas")
DHEAS_NG_PER_ML_PER_UM = 368.5


class Donor(Model):
    """What the donor's DHEAS depends on beside age and sex.

    *Model*: DHEAS in neat serum is ``peak exp(-slope (age - from)) conversion exp(spread (deviation_sd + il6_r
    il6_sd))``: it falls with age from the peak of early adulthood, times a conversion-rate factor, times a factor for
    inflammation (IL-6), times the person's own log-normal deviation. Men: 3470 ng/mL, 0.0329 a year from 22 years;
    women: 2470 ng/mL, 0.0310 a year from 17 years; 368.5 ng/mL is 1 uM.
    """

    conversion: float = par(1.0, "1", "design: relative production", "Sulfation of DHEA relative to usual", ge=0, le=5)
    il6_sd: float = par(
        0.0, "1", "design: population mean", "Log IL-6 in standard deviations from the mean", ge=-4, le=4
    )
    deviation_sd: float = par(
        0.0, "1", "design: the typical person", "Own deviation in standard deviations", ge=-4, le=4
    )
    spread: float = par(0.5, "1", "assumed: between-person log-SD", "Log-SD between persons", ge=0, le=2)
    il6_r: float = par(-0.32, "1", "Straub1998", "Correlation of log DHEAS with log IL-6", ge=-1, le=1)

    def dheas_uM(self, subject: Covariates) -> float:
        """DHEAS of a subject's neat serum."""
        peak, slope, from_age = (3470.0, 0.0329, 22.0) if subject.sex == "male" else (2470.0, 0.0310, 17.0)
        usual = peak * math.exp(-slope * (subject.age_years - from_age)) / DHEAS_NG_PER_ML_PER_UM
        return usual * self.conversion * math.exp(self.spread * (self.deviation_sd + self.il6_r * self.il6_sd))


class Serum(Model):
    """Concentrations in neat serum, of the subject unless age or sex say that somebody else gave it."""

    age_years: float | None = par(None, "years", "design: as the subject", "Age of who gave the serum", ge=17, le=100)
    sex: Literal["male", "female"] | None = None

    c1q_nM: float = par(174.0, "nM", "assumed: 80 ug/mL at 460 kDa", "C1q", ge=0, le=1e5)
    c2c4_nM: float = par(196.0, "nM", "assumed: C2 20 ug/mL at 102 kDa limits C2/C4", "C2/C4", ge=0, le=1e5)
    c3_nM: float = par(7030.0, "nM", "assumed: 1300 ug/mL at 185 kDa", "C3", ge=0, le=1e6)
    c5c9_nM: float = par(
        85.0, "nM", "assumed: C9 60 ug/mL at 71 kDa, ten per pore, limits C5-C9", "C5-C9", ge=0, le=1e5
    )
    igg_uM: float = par(66.0, "uM", "assumed: 10 mg/mL at 150 kDa", "IgG", ge=0, le=1e4)
    igm_ug_per_mL: float = par(1200.0, "ug/mL", "assumed: usual adult level", "IgM of the serum itself", ge=0, le=2e5)
    donor: Donor = Donor()

    def nM_of(self, constituent: str) -> float:  # noqa: N802 - a unit
        """Concentration in neat serum of a constituent that is the same whoever gave it, nM."""
        if constituent in COMPLEMENT:
            return getattr(self, f"{constituent}_nM")
        return {"igg": 1e3 * self.igg_uM, "igm_serum": 1e3 * self.igm_ug_per_mL / 950.0}[constituent]

    def dheas_nM(self, subject: Covariates) -> float:
        """Concentration of DHEAS in neat serum, nM: of a subject, or of who gave it in the subject's place."""
        own = {name: own for name in ("age_years", "sex") if (own := getattr(self, name)) is not None}
        return 1e3 * self.donor.dheas_uM(subject.model_copy(update=own))

    def constituents(self, frac: float, lacking: tuple[str, ...], subject: Covariates) -> dict[str, float]:
        """Return nM in the well for a subject's serum at a volume fraction, without what is lacking."""
        gone = set(lacking) | (set(COMPLEMENT) if "complement" in lacking else set())
        left = [name for name in CONSTITUENTS if name not in gone]
        return {name: frac * (self.dheas_nM(subject) if name == "dheas" else self.nM_of(name)) for name in left}
