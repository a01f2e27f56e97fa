"""What is timed, as :mod:`tests.bench.side` takes it: a scenario, what is set in it, and few cells to warm up with."""

from typing import Any

THREE_ARMS = "configs/scenarios/three_arms.yaml"
WELL_B_CELLS, WELL_NK_PER_B, WELL_SIDE_UM, WELL_UL = 10_000, 5.0, 5657.0, 200.0
WELL_CELLS = round(WELL_B_CELLS * (1.0 + WELL_NK_PER_B))
NK_SHARE = WELL_NK_PER_B / (WELL_NK_PER_B + 1.0)
PATCH_CELLS = 5_000
FEW_CELLS, FEW_PATIENTS = 300, 2
ONE_CLAIM = {"assay": "A3", "patient": "P6-PR", "cll": "L1"}
NO_FRAMES = ("probes.cells=null", "probes.fields=null")

Job = dict[str, Any]


def density(n_cells: int, nk_share: float = NK_SHARE) -> tuple[str, ...]:
    """Return what sets this many cells on a floor and in a medium of the density of the full well."""
    n_b = round(n_cells * (1.0 - nk_share))
    scale = n_cells / WELL_CELLS
    return (
        f"populations.b_cells.n={n_b}",
        f"populations.nk_cells.per_b_cell={(n_cells - n_b) / n_b}",
        f"space.side={WELL_SIDE_UM * scale**0.5} um",
        f"space.volume={WELL_UL * scale} uL",
    )


def wells(n_cells: int, hours: float = 24.0, dt_min: float = 1.0, n_wells: int = 1, n_threads: int = 1) -> Job:
    """Return wells of the combined arm, one after another."""
    sets = (f"duration={hours} h", f"dt={dt_min} min", *NO_FRAMES)
    return {
        "kind": "wells",
        "scenario": THREE_ARMS,
        "sets": (*sets, *density(n_cells)),
        "few": (*sets, *density(FEW_CELLS)),
        "n_wells": n_wells,
        "n_threads": n_threads,
    }


def steps(n_cells: int, n_steps: int) -> Job:
    """Return the next steps of one well of the combined arm."""
    sets = ("dt=1 min", *NO_FRAMES, *density(n_cells))
    return {"kind": "steps", "scenario": THREE_ARMS, "sets": sets, "n_steps": n_steps}


def row(n_cells: int = PATCH_CELLS, hours: float = 24.0, n_rows: int = 1) -> Job:
    """Return rows of a sweep: all three arms and their controls."""
    sets = (f"duration={hours} h", "dt=2.5 min", "replicates=1", *NO_FRAMES)
    few, own = (*sets, *density(FEW_CELLS)), (*sets, *density(n_cells))
    return {"kind": "row", "scenario": THREE_ARMS, "sets": own, "few": few, "n_rows": n_rows}


def cohort(scenario: str, n_patients: int, years: float, cells_per_agent: float, dt_h: float) -> Job:
    """Return a cohort followed for some years."""
    sets = (f"duration={years} years", f"dt={dt_h} h")
    return {
        "kind": "cohort",
        "scenario": f"configs/scenarios/{scenario}.yaml",
        "sets": (*sets, f"replicates={n_patients}", f"populations.b_cells.cells_per_agent={cells_per_agent:.1e}"),
        "few": (*sets, f"replicates={FEW_PATIENTS}", "populations.b_cells.cells_per_agent=1.0e+11"),
    }


def evidence(group: str, n_seeds: int, scale: float = 1.0) -> Job:
    """Return ``abm evidence`` of a group."""
    return {
        "kind": "evidence",
        "words": (f"--group={group}", f"--seeds={n_seeds}", f"--scale={scale}"),
        "few": (f"--claim={ONE_CLAIM[group]}", "--seeds=2", f"--scale={FEW_PATIENTS / 100}"),
    }
