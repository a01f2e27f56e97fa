"""What a finished table says: the sensitivity of every summary to every axis, and what was undefined."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.study.columns import ALL
from abm.study.design import Morris, Saltelli
from abm.study.rows import ARM
from abm.study.sensitivity import Index, morris, sobol
from abm.study.spec import Planned

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMED = 20
BLOCKS = {"morris": "trajectories", "saltelli": "sample points"}


def indices(planned: Planned, table: "pd.DataFrame") -> dict[str, list[Index]]:
    """Return the indices of each summary; empty for a design that has none.

    A row without a value costs the trajectory, or the sample point, that it belongs to.
    """
    design, n_seeds = planned.study.design, len(planned.study.seeds)
    if not isinstance(design, Morris | Saltelli):
        return {}
    paths, found = list(design.axes), {}
    for name in planned.study.summaries:
        values = table[name].to_numpy() if name in table else np.full(len(table), np.nan)
        if isinstance(design, Morris):
            found[name] = morris(paths, design.shares(len(paths)), values.reshape(-1, n_seeds))
        else:
            found[name] = sobol(paths, design.n, values.reshape(-1, n_seeds))
    return found


def undefined(planned: Planned, table: "pd.DataFrame", found: dict[str, list[Index]]) -> dict[str, str]:
    """Return a sentence for each summary that is undefined in some rows, with what its indices leave out."""
    done, told = table.loc[table["status"] == "done"], {}
    for name in planned.study.summaries:
        arm = name.partition(".")[0]
        asked = done.loc[done[ARM].isin([ALL, arm])] if ARM in planned.paths else done
        gone = asked["id"] if name not in asked else asked.loc[asked[name].isna(), "id"]
        parts = [f"no value in {len(gone)} of {len(asked)} rows ({_named(gone)})"] if len(gone) else []
        if name in found:
            parts += _lost(found[name], BLOCKS[planned.study.design.kind])
        if parts:
            told[name] = "; ".join(parts)
    return told


def plain_indices(found: dict[str, list[Index]]) -> dict[str, list[dict[str, Any]]]:
    """Return indices as plain data."""
    return {name: [asdict(index) for index in rows] for name, rows in found.items()}


def _named(rows: "pd.Series") -> str:
    return ", ".join(map(str, rows[:MOST_NAMED])) + (", …" if len(rows) > MOST_NAMED else "")


def _lost(rows: list[Index], blocks: str) -> list[str]:
    if not rows:
        return [f"too few whole {blocks} for an index"]
    return [f"{rows[0].n} of {rows[0].planned} {blocks} are whole and used"] if rows[0].n < rows[0].planned else []
