"""What the arms of a run vary in steps, such as a dose: read from arms.csv or, failing that, from the arms' names."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

COLUMNS = ["arm", "x", "x_name", "x_unit", "group"]
# What a name such as rtx_0.1 or serum_25 varies, where arms.csv does not say it.
KNOWN = {
    "rtx": ("rituximab", "µg/mL"),
    "rituximab": ("rituximab", "µg/mL"),
    "serum": ("serum", "% by volume"),
    "dheas": ("DHEAS", "µM"),
    "et": ("effector:target ratio", "NK per B cell"),
    "nk": ("effector:target ratio", "NK per B cell"),
}
NUMBERED = re.compile(r"^(?P<stem>[A-Za-z][A-Za-z_]*?)_?(?P<x>\d+(?:\.\d+)?)$")
MIN_POINTS = 3


def points(arms: pd.DataFrame) -> pd.DataFrame:
    """Return arm, x, x_name, x_unit and group of the arms that form a series of at least three values, sorted by x.

    Parameters
    ----------
    arms : DataFrame
        The table of arms; ``x_value``, ``x_name``, ``x_unit`` and ``group`` are optional columns.
    """
    rows = arms.loc[~arms["is_control"].astype(bool)].to_dict("records")
    named = pd.DataFrame([_point(row) for row in rows], columns=COLUMNS).dropna(subset=["x"])
    sizes = named.groupby(COLUMNS[2:])["x"].transform("nunique")
    return named.loc[sizes >= MIN_POINTS].sort_values("x", kind="stable").reset_index(drop=True)


def _point(row: dict) -> list:
    arm = str(row["arm"])
    if pd.notna(row.get("x_value")):
        name, unit, group = (_text(row.get(key)) for key in ("x_name", "x_unit", "group"))
        name = name or "value"
        return [arm, float(row["x_value"]), name, unit, group or name]
    match = NUMBERED.match(arm)
    if not match:
        return [arm, np.nan, "", "", ""]
    stem = match["stem"].rstrip("_")
    name, unit = KNOWN.get(stem.lower(), (stem, "as in the arm’s name"))
    return [arm, float(match["x"]), name, unit, name]


def _text(value: object) -> str:
    return str(value) if value is not None and pd.notna(value) else ""
