"""Answers when patients come to have symptoms: Kaplan and Meier's estimate of the time to the first."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from abm.plot.arms import label
from abm.plot.page import wording
from abm.plot.trial import time_to_progression
from abm.plot.trial.clock import YEARS
from abm.plot.trial.time_to_progression import Event
from abm.plot.trial.trial import Trial
from abm.statistics.survival import kaplan_meier

ORDER = 61
TITLE = "Time to symptoms"
CAPTION = (
    "Kaplan and Meier’s estimate with its 95 % band; ticks: patients last seen without symptoms. Below: patients at "
    "risk. A patient has symptoms from a viscosity of serum or a burden of the clone of the patient’s own."
)
SYMPTOMS = Event("time_to_symptoms_d", "symptomatic", "symptoms", "had symptoms", is_after_treatment=False)
TOLD_YEARS = (1, 3, 5, 10)


def applies(trial: Trial) -> bool:
    """Return whether patients were asked for symptoms."""
    return SYMPTOMS.time in trial.end_points and time_to_progression.is_seen(trial, SYMPTOMS)


def figure(trial: Trial) -> Figure:
    """Draw the curves above the numbers at risk."""
    return time_to_progression.curves(trial, SYMPTOMS)


def seen(trial: Trial) -> str:
    """Return each protocol's share with symptoms after some years, and each group's median."""
    return " ".join([*_shares(trial), time_to_progression.medians(trial, SYMPTOMS)])


def _shares(trial: Trial) -> list[str]:
    """Return the share with symptoms of each protocol, of all its patients, at the years that were seen."""
    told = []
    for name in trial.protocols:
        rows = trial.outcomes(name)
        times, came = rows[SYMPTOMS.time], rows[SYMPTOMS.time].notna()
        curve = kaplan_meier(times.fillna(rows["follow_up_d"]).to_numpy(dtype=float), came.to_numpy())
        years = [year for year in TOLD_YEARS if year * YEARS.days <= 1.01 * trial.end_d]
        after = [curve.share[np.searchsorted(curve.time, year * YEARS.days, side="right") - 1] for year in years]
        percent = ", ".join(wording.number(100.0 * (1.0 - share), 2) for share in after)
        told += [wording.sentence(f"{label(name)}: {percent} % with symptoms after {_years(years)}")] if years else []
    return told


def _years(years: list[int]) -> str:
    return f"{wording.listing([str(year) for year in years])} year{'s' if years != [1] else ''}"
