"""What the patients that trials share show, patient by patient: of it figures answer what users ask."""

import math
from collections.abc import Sequence

from abm.evidence.claim import Claim
from abm.evidence.cohorts import cohort
from abm.evidence.lab import Lab
from abm.evidence.score import Jobs

COLUMNS = (
    "single.baseline_igm_g_per_L",
    "single.baseline_albumin_g_per_L",
    "single.baseline_viscosity_cP",
    "single.first_rise",
    "single.up_2_months",
    "single.up_4_months",
    "single.drug_left_60d_frac",
    "single.drug_left_120d_frac",
    "single.best_change_frac",
    "single.partial",
    "double.best_change_frac",
    "double.partial",
    "double.progressed",
    "double.time_to_progression_d",
    "double.follow_up_d",
)


def outcomes(claims: Sequence[Claim], jobs: Jobs, seeds: Sequence[int], lab: Lab) -> dict[str, list[float | None]]:
    """Return end points of the patients of all seeds by column, null where not observed; none where no claim has them.

    Raises
    ------
    RunFailed
        A patient was not run.
    """
    sharing = [claim for claim in claims if claim.cases is cohort][:1]
    patients = [one for claim in sharing for seed in seeds for one in jobs.values(claim, seed, lab).values()]
    columns = COLUMNS if patients else ()
    return {name: [None if math.isnan(one[name]) else one[name] for one in patients] for name in columns}
