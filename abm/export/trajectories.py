"""One well as a film in three dimensions (``.simularium``): cells as spheres, coloured by kind and state.

Lysed cells stay where they died, as in the map of the report. Places are centred and scaled so that the floor is a
hundred units wide, as the viewer's camera expects; ``spatialUnits`` says how many µm a unit is.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from simulariumio import AgentData, DisplayData, JsonWriter, MetaData, ModelMetaData, TrajectoryData, UnitData
from simulariumio.constants import DISPLAY_TYPE

from abm.core.errors import Fault, InputError
from abm.export.chosen import Chosen
from abm.export.floor import has_places, side_um
from abm.plot import arms, kinds
from abm.plot.page import style

RADIUS_UM = 5.0  # design: of a B cell, as in the contact distances of the model
WIDTH = 100.0  # units, design: what the viewer's camera shows
SPHERE = 1000.0  # how the form calls what is no fibre
STATES = {"target": ("alive", "committed to die"), "effector": ("free", "engaged")}
MARK = {"target": "is_dying", "effector": "is_engaged"}


def content(chosen: Chosen) -> tuple[bytes, dict[str, Any]]:
    """Return the file of the first chosen arm and replicate, and how much it holds."""
    run = chosen.run
    if not has_places(run):
        text, allowed = "its cells have no places", "a run of wells in 'space: {kind: floor}'"
        raise InputError(Fault(text, file=str(run.path), allowed=allowed))
    arm = (chosen.arms or tuple(arms.treated(run)))[0]
    replicate = (chosen.replicates or (int(run.series()["replicate"].min()),))[0]
    one = replace(chosen, arms=(arm,), replicates=(replicate,))
    frames = [_frame(one, cells) for _, cells in one.frames()]
    data = _trajectory(one, frames, f"{run.provenance().get('scenario', '')}: {arms.label(arm)}, replicate {replicate}")
    text = json.dumps(JsonWriter.format_trajectory_data(data))
    return text.encode(), {"arm": arm, "replicate": replicate, "frames": len(frames)}


def _frame(one: Chosen, cells: pd.DataFrame) -> pd.DataFrame:
    """Return place, radius, name and colour of all cells of a moment, and of those lysed by then."""
    t_h, found = float(cells["time_h"].iloc[0]), []
    for role, own in (("effector", kinds.effectors(one.run)), ("target", kinds.targets(one.run))):
        for kind in own:
            rows = kinds.of(cells, kind)
            mark = rows[MARK[role]].eq(True) if MARK[role] in rows else pd.Series(False, rows.index)
            for is_so, state, colour in zip((False, True), STATES[role], kind.colours, strict=True):
                found.append(_spheres(rows.loc[mark == is_so], kind, state, colour))
    return pd.concat([*found, *_lysed(one, t_h)], ignore_index=True).assign(time_h=t_h)


def _lysed(one: Chosen, t_h: float) -> list[pd.DataFrame]:
    deaths, targets = arms.deaths(one.run), kinds.targets(one.run)
    if deaths.empty or not targets:
        return []
    gone = one.of(deaths.loc[deaths["t_lysis_h"] <= t_h])
    colours = style.cause_colours(arms.causes(one.run))
    return [_spheres(rows, targets[0], f"lysed by {arms.cause_name(str(cause))}", colours.get(cause, style.GREY))
            for cause, rows in gone.groupby("cause")]  # fmt: skip


def _spheres(rows: pd.DataFrame, kind: kinds.Kind, state: str, colour: str) -> pd.DataFrame:
    labels = {"who": kind.population, "name": f"{kind.word}#{state}", "colour": colour}
    return rows[["uid", "x_um", "y_um"]].assign(**labels, radius_um=RADIUS_UM * kind.rel_size)


def _trajectory(one: Chosen, frames: list[pd.DataFrame], title: str) -> TrajectoryData:
    extent = max(float(frame[["x_um", "y_um"]].to_numpy().max(initial=1.0)) for frame in frames)
    side = side_um(one.run) or extent
    unit_um = side / WIDTH
    known = pd.MultiIndex.from_frame(pd.concat(frames)[["who", "uid"]].drop_duplicates())
    n = max(len(frame) for frame in frames)
    agents = AgentData(
        times=np.array([frame["time_h"].iloc[0] for frame in frames]),
        n_agents=np.array([len(frame) for frame in frames]),
        viz_types=np.full((len(frames), n), SPHERE),
        unique_ids=_padded([known.get_indexer(pd.MultiIndex.from_frame(f[["who", "uid"]])) for f in frames], n),
        types=[frame["name"].tolist() for frame in frames],
        positions=_padded([_places(frame, side) / unit_um for frame in frames], n),
        radii=_padded([frame["radius_um"].to_numpy() / unit_um for frame in frames], n),
        display_data=_displays(pd.concat(frames)),
    )
    height = 2.0 * max(float(frame["radius_um"].max()) for frame in frames) / unit_um
    about = one.about()
    model = ModelMetaData(title=title, version=str(about["software"]), description=str(about["note"]))
    meta = MetaData(box_size=np.array([WIDTH, WIDTH, height]), trajectory_title=title, model_meta_data=model)
    return TrajectoryData(meta, agents, UnitData("h", 1.0), UnitData("um", unit_um))


def _places(frame: pd.DataFrame, side: float) -> np.ndarray:
    """Return x, y and z around the middle of the floor, shape (n, 3)."""
    flat = frame[["x_um", "y_um"]].to_numpy(dtype=float) - side / 2.0
    return np.column_stack([flat, np.zeros(len(flat))])


def _padded(rows: list[np.ndarray], n: int) -> np.ndarray:
    """Put rows of unlike length under one another, zeros behind them."""
    whole = np.zeros((len(rows), n, *rows[0].shape[1:]), rows[0].dtype)
    for to, row in zip(whole, rows, strict=True):
        to[: len(row)] = row
    return whole


def _displays(all_cells: pd.DataFrame) -> dict[str, DisplayData]:
    looks = all_cells.drop_duplicates("name")[["name", "colour"]].itertuples(index=False)
    return {name: DisplayData(name, DISPLAY_TYPE.SPHERE, color=colour) for name, colour in looks}
