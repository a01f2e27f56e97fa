"""Answers who secretes the serum IgM of one patient: clonal B cells, the plasma cells they feed, or long-lived ones."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from abm.plot.arms import label
from abm.plot.page import style, wording
from abm.plot.page.panel import DASHES, Panel
from abm.plot.trial import curves
from abm.plot.trial.trial import IGM, OF_DRUG, Trial

ORDER = 20
TITLE = "Who secretes the serum IgM"
CAPTION = (
    "One patient (the first) under the first protocol. Areas, stacked: serum IgM by the cells that secreted it; fed "
    "plasma cells come from the clone. Black line: the total. Below: antibody in plasma and, as triangles, infusions."
)
PARTS = (
    Panel("igm_clone_g_per_L", "clonal B cells", style.ORANGE),
    Panel("igm_plasma_g_per_L", "fed plasma cells", style.SKY),
    Panel("igm_long_lived_g_per_L", "long-lived plasma cells", style.PURPLE),
)


def applies(trial: Trial) -> bool:
    """Return whether the trial kept the parts of IgM."""
    return trial.has(IGM, *trial.drugs, *(part.column for part in PARTS))


def figure(trial: Trial) -> Figure:
    """Draw stacked areas over time above the drug."""
    parts = stacked(trial)
    x = trial.clock.of(parts.index)
    fig = style.new_figure(4.4)
    above, below = fig.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.stackplot(x, parts.to_numpy().T, colors=[part.colour for part in PARTS], linewidth=0)
    above.plot(x, one(trial, IGM), color=style.INK, linewidth=1.2)
    above.tick_params(labelbottom=False)
    for column, dash in zip(_given(trial), DASHES, strict=False):
        below.plot(x, one(trial, column), color=style.INK, linewidth=0.9, linestyle=dash)
    curves.finish(above, trial, trial.protocols, trial.label(IGM), "")
    curves.finish(below, trial, trial.protocols, f"{_drug(_given(trial))}\n(µg/mL)")
    above.set_ylim(bottom=0)
    below.set_ylim(0, 1.2 * below.get_ylim()[1])
    curves.mark_infusions(below, trial, [shown(trial)], style.INK)
    keys = [part.area_key() for part in PARTS]
    style.legend_below(fig, [*keys, style.line_key("total", style.INK)])
    return fig


def seen(trial: Trial) -> str:
    """Return each secretor's share at the first and the last look."""
    shares = stacked(trial).dropna().pipe(lambda parts: parts.div(parts.sum(axis=1), axis=0))
    told = [
        f"{part.title} {wording.percent(shares[part.column].iloc[0])} of IgM at the start and "
        f"{wording.percent(shares[part.column].iloc[-1])} at the end"
        for part in PARTS
    ]
    who = "" if trial.is_single else f"patient {_first(trial)} under “{label(shown(trial))}”: "
    return wording.sentence(f"{who}{'; '.join(told)}")


def _given(trial: Trial) -> list[str]:
    """Return the levels of antibodies that the patient shown had, the first where he had none."""
    return [column for column in trial.drugs if (one(trial, column) > 0).any()] or trial.drugs[:1]


def _drug(columns: list[str]) -> str:
    """Return the name of the antibody, if it is one."""
    return columns[0].removesuffix(OF_DRUG).replace("_", " ") if len(columns) == 1 else "antibody"


def stacked(trial: Trial) -> pd.DataFrame:
    """Return the parts of one patient's IgM: a row per look (day), a column per secretor."""
    return pd.DataFrame({part.column: one(trial, part.column) for part in PARTS})


def one(trial: Trial, column: str) -> pd.Series:
    """Return a column of the patient shown."""
    return trial.table(shown(trial), column)[_first(trial)]


def shown(trial: Trial) -> str:
    """Return the protocol shown: the first that gives something."""
    return next((name for name in trial.protocols if trial.infusions_d(name).size), trial.protocols[0])


def _first(trial: Trial) -> int:
    return int(trial.table(shown(trial), IGM).columns.min())
