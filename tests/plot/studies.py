"""A finished study from points and a law, and what a fit, a comparison and the evidence leave: no model."""

import json

from abm.core.measure import Measure
from abm.results.study import StudyFolder

SURVIVAL = Measure("survival", "1", "survival", "ratio", "fraction of control")
X, Y, Z = "populations.b_cells.cd20.median", "populations.nk_cells.per_b_cell", "arm"
BASE = {X: 152000.0, Y: 5.0, Z: "all"}
LABELS = {X: "CD20 per cell: median", Y: "NK cells: per B cell", Z: "arm"}


def write_study(path, kind, points, law, seeds=(1, 2), extra=None):
    """Write the files of a finished study and return its folder."""
    folder = StudyFolder(path)
    folder.make()
    paths = list(dict.fromkeys(path for point in points for path in point))
    rows = [{"id": i, "seed": seed, "hash": f"{i}", "point": point}
            for i, (point, seed) in enumerate((p, s) for p in points for s in seeds)]  # fmt: skip
    folder.write_plan(rows)
    for row in rows:
        value = law(row["point"])
        values = {"both.survival": None if value is None else value + 0.01 * row["seed"]}
        folder.append({"hash": row["hash"], "status": "done", "values": values})
    about = {"name": kind, "title": "A study", "question": "Why?", "summaries": ["both.survival"]}
    labels = {path: LABELS[path] for path in paths}
    about |= {"design": {"kind": kind}, "labels": labels, "seeds": list(seeds)}
    folder.write_json("measures.json", {"readouts": {"survival": SURVIVAL.plain()}})
    folder.write_json("study.json", about)
    folder.write_text("study.yaml", "name: x\n")
    folder.write_table(lambda point: {path: point.get(path, BASE[path]) for path in paths})
    if extra:
        folder.write_json("sensitivity.json", extra)
    return folder


def index(name, path, value):
    return {"name": name, "path": path, "value": value, "lo": 0.9 * value, "hi": 1.1 * value}


LEVELS = (1e4, 1e5, 3e5)
STUDIES = {
    "list": ([{X: x} for x in LEVELS], None),
    "factorial": ([{X: x, Y: y} for x in LEVELS for y in (1, 5, 10)], None),
    "one_at_a_time": ([{}, {X: 1e4}, {X: 3e5}, {Y: 1}, {Y: 10}], None),
    "latin_hypercube": ([{X: x, Y: y} for x, y in zip(LEVELS, (5, 1, 10), strict=True)], None),
    "morris": (
        [{X: x, Y: y} for x in LEVELS for y in (1, 10)],
        {"both.survival": [index(name, path, 0.2) for path in (X, Y) for name in ("mu_star", "sigma")]},
    ),
}
SCORE = {"id": "A1", "role": "fit", "text": "Survival", "observed": 20.0, "lo": 15.0, "hi": 25.0, "unit": "%", "z": 0.4,
         "simulated": 22.0, "interval": [19.0, 25.0], "holds": True, "probability": None, "source": "x"}  # fmt: skip
ESTIMATE = {"path": X, "lo_prior": 1e4, "hi_prior": 3e5, "point": 1e5, "median": 9e4, "lo": 5e4, "hi": 2e5, "unit": "1",
            "shrinkage_frac": 0.4}  # fmt: skip
CHECK = {"name": "A1", "n": 3, "r2": 0.9, "explained": 0.95, "shift": 0.1, "spread": 1.1, "beyond": 0.0,
         "emulated": [18.0, 20.0, 24.0], "error": [1.0, 1.5, 1.0], "run": [17.0, 21.0, 23.5]}  # fmt: skip
LEFT_OUT = {"id": "V5", "seen": 5.0, "pit": 0.7, "is_inside": True, "mean": 4.5, "lo": 4.0, "hi": 6.0}
PAPER = {"paper": "Kennedy2003", "is_paper": True, "log_score": -1.0, "k_hat": 0.2, "is_refitted": False,
         "discrepancy": {"mean": 0.1, "lo": -0.2, "hi": 0.4}, "claims": [LEFT_OUT]}  # fmt: skip
CONFLICTS = [{"papers": ["Kennedy2003", "Golay2003"], "log_ratio": -4.2, "is_conflict": True}]
DIRECTIONS = [{"left": 0.02, "loadings": [0.8, -0.6], "name": "x × y^−0.8"},
              {"left": 0.95, "loadings": [0.6, 0.8], "name": "y × x^0.8"}]  # fmt: skip
SPREAD = {"id": "V5", "paper": "Kennedy2003", "scale": "log", "unit": "fold", "parameters": 0.04, "luck": 0.03,
          "emulator": 0.01, "discrepancy": 0.08, "seeds": 0.001}  # fmt: skip
COMBINATIONS = [
    {"on": on, "log_evidence": -9.0, "error": 0.2, "log_decided": -11.0, "error_decided": 0.25}
    | {"probability": p, "lo": 0.8 * p, "hi": 1.1 * p}
    for on, p in (([], 0.2), (["igg"], 0.8))
]
FACTOR = {"igg": {"probability": 0.8, "bayes_factor": 4.0, "lo": 2.5, "hi": 6.0}}
TOLD = {"bits": [0.1, 0.3], "error": [0.01, 0.01], "needed": None}
COMPARED = {
    "decide": ["A3"], "seed": 1, "n_points": 9, "repeats": 2, "n_draws": 9, "words": {"igg": "IgG"},
    "combinations": COMBINATIONS, "hypotheses": FACTOR, "replicates": [1, 3], "most_bits": 0.72,
    "priors": [{"width": width, "hypotheses": FACTOR} for width in (0.5, 2.0)],
    "papers": [{"paper": "Kennedy2003", "k_hat": 0.9, "is_good": False, "hypotheses": FACTOR},
               {"paper": "A3", "k_hat": None, "is_good": True, "hypotheses": FACTOR}],
    "experiments": [{"arm": "serum"} | TOLD | {"bits": [0.2, 0.5], "needed": 3}, {"arm": "both_ff"} | TOLD],
    "together": TOLD, "warnings": [],
}  # fmt: skip
NAMED = {"name": "x", "title": "A title", "question": "Why?", "claims": ["A1"]}
EVIDENCE = {
    "scores": {"claims": [SCORE], "seeds": [1], "parameters": "set", "scale": 1.0},
    "fit": NAMED
    | {"seed": 1, "n_points": 9, "repeats": 2, "log_evidence": -4.5, "log_evidence_error": 0.2, "n_effective": 2.0}
    | {"k_hat": 0.3, "is_good": True, "weights": [0.5, 0.5], "shares": {X: [0.2, 0.6], Y: [0.3, 0.4]}}
    | {"estimates": [ESTIMATE, ESTIMATE | {"path": Y}], "checks": [CHECK], "papers": [PAPER], "conflicts": CONFLICTS}
    | {"directions": DIRECTIONS, "unknown": [Y], "informs": [{"paper": "Kennedy2003", "rises": [0.4, -0.02]}]}
    | {"spreads": [SPREAD]},
    "comparison": NAMED | COMPARED,
}


def write_evidence(path, kind):
    """Write what a kind of evidence leaves and return its folder."""
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{kind}.json").write_text(json.dumps(EVIDENCE[kind]), encoding="utf-8")
    (path / "parameters.yaml").write_text("seed: 1\n", encoding="utf-8")
    return StudyFolder(path)
