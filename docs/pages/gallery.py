"""The gallery: every kind of figure with a command that draws it, and a picture where a small run at build draws it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from abm.plot import catalogue
from pages.markdown import code, escaped, page

FOLDERS = {"well": "Wells", "trial": "Patients", "studies": "Studies", "evidence": "Evidence, fits, comparisons"}
COMMANDS = {
    "well": "abm run quick",
    "trial": "abm run gertz2004",
    "studies": "abm study run cd20_effectors",
    "evidence": "abm evidence --group assay",
}
DRAWN_BY = (  # figures that the usual command of their folder does not draw
    ("well", "abm run donors", "donors donor_traits"),
    ("well", "abm run golay2003", "observed"),
    ("well", "abm run observations", "agreement"),
    ("well", "abm run dose_series", "response"),
    ("well", "abm run serum_series", "lysis"),
    ("well", "abm run second_challenge", "survival_by_cohort"),
    ("well", "abm run beurskens2012", "killed_twice"),
    ("well", "abm run three_arms", "kill_times"),
    ("well", "abm run surface_signalling", "signalling"),
    ("trial", "abm run chiodin2022", "lymphocytes by_signal signal_inhibition clone_sizes"),
    ("trial", "abm run smouldering", "time_to_symptoms"),
    ("trial", "abm run gertz2004 --data own.csv", "agreement"),
    ("trial", "abm weigh RUN gertz2004_outcome", "virtual_patients virtual_progression virtual_level"),
    ("studies", "abm study run tornado", "tornado"),
    ("studies", "abm study run morris", "indices"),
    ("studies", "abm study run FILE", "scatter"),
    ("evidence", "abm evidence --leave-one-out configs/studies/calibration.yaml", "left_out pit"),
    ("evidence", "abm fit calibration_own --data own.csv", "own_data between_groups"),
    ("evidence", "abm compare interaction", "bayes_factors experiments hypotheses"),
    ("evidence", "abm compare effector_variants", "variants_foretold variants_weighed"),
    ("evidence", "abm fit calibration_quick", "conflicts directions emulated informs posterior shrinkage spreads"),
)
OWN = {f"{folder}/{name}": command for folder, command, names in DRAWN_BY for name in names.split()}
OBSERVED = "![Observed against simulated](../generated/gallery/well-agreement.png)"
NOTES = {"studies/scatter": "Of a study whose design is `latin_hypercube` or `sobol`."}
SMALL = {  # run at every build
    "well": [("quick",), ("observations", "--replicates", "1")],
    "trial": [("gertz2004", "--replicates", "12"), ("chiodin2022", "--replicates", "12")],
}


def pages(pictures: dict[str, Path], folder: Path) -> dict[str, str]:
    """Return the page; pictures are copied into a folder beside it."""
    parts = []
    for name, title in FOLDERS.items():
        parts += [f"## {title}", *(_figure(name, module, pictures, folder) for module in catalogue.figures(name))]
    text = (
        "Every kind of figure that reports hold, in the order of a report. Pictures are of small runs made when this "
        "site was built; of the others the command is told that makes them."
    )
    shown = OBSERVED if "well/agreement" in pictures else ""
    return {"gallery": page("Gallery", text, *parts), "parts/own-data": f"{shown}\n"}


def _figure(folder: str, module: ModuleType, pictures: dict[str, Path], out: Path) -> str:
    key = f"{folder}/{catalogue.name(module)}"
    answers = escaped((module.__doc__ or "").split("\n")[0])
    command = OWN.get(key, _usual(folder, module))
    said = [f"### {module.TITLE}", f"{answers} {NOTES.get(key, '')}".strip(), code(command)]
    if key in pictures:
        target = out / "gallery" / f"{folder}-{catalogue.name(module)}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pictures[key], target)
        said.append(f"![{module.TITLE}](gallery/{target.name})")
    return "\n\n".join([*said, f"*{escaped(module.CAPTION)}*"])


def _usual(folder: str, module: ModuleType) -> str:
    is_asked = catalogue.name(module).startswith("asked_")
    return "abm evidence --group patient" if is_asked else COMMANDS[folder]


def draw(runs: Path) -> dict[str, Path]:
    """Make the small runs, or take them from before, and return their pictures by folder and name of the figure."""
    found: dict[str, Path] = {}
    for folder, calls in SMALL.items():
        for words in calls:
            for picture in sorted((_run(words, runs) / "figures").glob("*.png")):
                found.setdefault(f"{folder}/{picture.stem}", picture)
    return found


def _run(words: tuple[str, ...], runs: Path) -> Path:
    call = [sys.executable, "-P", "-m", "abm", "run", *words, "--out", str(runs), "--json"]
    ended = subprocess.run(call, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(call)}: {ended.stderr}")
    return Path(json.loads(ended.stdout)["folder"])
