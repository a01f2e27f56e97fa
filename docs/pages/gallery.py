"""The gallery: every kind of figure with a command that draws it, and its picture of a small run made at build."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from abm.plot import catalogue
from abm.plot.page import report
from abm.results.page import PageFolder
from pages.markdown import code, escaped, page

FOLDERS = {"well": "Wells", "trial": "Patients", "studies": "Studies", "evidence": "Evidence, fits, comparisons"}
OBSERVED = "![Observed against simulated](../generated/gallery/well-agreement.png)"
NOTES = {
    "well/field_maps": "Of a well in which something comes from one place: the command puts a bead into its middle.",
    "studies/curves": "Of a study that varies one number, alone or under a few conditions.",
    "studies/scatter": "Of a study whose design is `latin_hypercube` or `sobol`.",
    "evidence/between_groups": "Of a fit with a parameter `per: group`.",
}
FILES = Path(__file__).parents[1] / "small"
PATCH = "--set 'space.side=566 um' --set 'space.volume=2 uL' --set populations.b_cells.n=100"
BEAD = "run quick --set 'processes.bead={kind: dheas_source, pmol_per_h: 1}'"
WEIGHED = "run gertz2004 --replicates 24 --data FILES/patients.csv && weigh RUN FILES/weights.yaml"
CLAIMS = (
    "P1-fast-30d P1-fast-45d P1-median-60d P1-median-90d P1-slow-120d P1-slow-180d P2-rise P3-PR P6-PR "
    "P7-none P7-one P7-both P11-1y P11-3y P11-5y P11-10y"
)
PATIENTS = f"evidence --parameters waldenstrom_second --seeds 2 --scale 0.2 --claim {' --claim '.join(CLAIMS.split())}"


class Row(NamedTuple):
    """A command of a reader, the small one that pictures are of, and of which: by default of those of no other row."""

    folder: str
    command: str
    small: str
    names: str = ""


ROWS = (
    Row("well", "abm run quick", "run quick"),
    Row("well", "abm run observations", "run observations --replicates 1", "observed agreement response lysis"),
    Row("well", f"abm {BEAD}", BEAD, "field_maps"),
    Row("well", "abm run donors", f"run donors {PATCH}", "donors donor_traits"),
    Row(
        "well",
        "abm run second_challenge",
        f"run second_challenge --replicates 1 --set 'dt=2.5 min' {PATCH}",
        "survival_by_cohort kill_times",
    ),
    Row("well", "abm run beurskens2012", "run beurskens2012 --replicates 1", "killed_twice"),
    Row("well", "abm run surface_signalling", f"run surface_signalling {PATCH}", "signalling"),
    Row("trial", "abm run gertz2004", WEIGHED),
    Row("trial", "abm run gertz2004 --data own.csv", WEIGHED, "agreement"),
    Row("trial", "abm weigh RUN gertz2004_outcome", WEIGHED, "virtual_patients virtual_progression virtual_level"),
    Row(
        "trial",
        "abm run chiodin2022",
        "run chiodin2022 --replicates 24",
        "lymphocytes by_signal signal_inhibition clone_sizes",
    ),
    Row("trial", "abm run smouldering", "run smouldering --replicates 24", "time_to_symptoms"),
    Row("studies", "abm study run cd20_effectors", "study run FILES/factorial.yaml"),
    Row("studies", "abm study run FILE", "study run FILES/curve.yaml", "curves"),
    Row("studies", "abm study run FILE", "study run FILES/sobol.yaml", "scatter"),
    Row("studies", "abm study run tornado", "study run FILES/one_at_a_time.yaml", "tornado"),
    Row("studies", "abm study run morris", "study run FILES/morris.yaml", "indices"),
    Row("evidence", "abm evidence --group patient --parameters waldenstrom_second", PATIENTS),
    Row(
        "evidence",
        "abm fit calibration_quick",
        "fit FILES/calibration.yaml",
        "conflicts directions emulated informs left_out pit posterior shrinkage spreads",
    ),
    Row(
        "evidence",
        "abm fit calibration_own --data own.csv",
        "fit FILES/donors.yaml",
        "own_data between_groups",
    ),
    Row("evidence", "abm compare interaction", "compare FILES/hypotheses.yaml", "bayes_factors experiments hypotheses"),
    Row(
        "evidence",
        "abm compare effector_variants",
        "compare FILES/variants.yaml",
        "variants_foretold variants_weighed",
    ),
)
NAMED = {f"{row.folder}/{name}": row for row in ROWS for name in row.names.split()}
USUAL = {row.folder: row for row in reversed(ROWS) if not row.names}


def pages(pictures: dict[str, Path], folder: Path) -> dict[str, str]:
    """Return the page; pictures are copied into a folder beside it."""
    parts = []
    for name, title in FOLDERS.items():
        parts += [f"## {title}", *(_figure(name, module, pictures, folder) for module in catalogue.figures(name))]
    text = (
        "Every kind of figure that reports hold, in the order of a report, with a command that draws it. The pictures "
        "are of runs made when this site was built, of far fewer cells, patients and points than the command makes: "
        "they show how a figure looks, not what the model says."
    )
    shown = OBSERVED if "well/agreement" in pictures else ""
    return {"gallery": page("Gallery", text, *parts), "parts/own-data": f"{shown}\n"}


def _figure(folder: str, module: ModuleType, pictures: dict[str, Path], out: Path) -> str:
    key = _key(folder, module)
    answers = escaped((module.__doc__ or "").split("\n")[0])
    said = [f"### {module.TITLE}", f"{answers} {NOTES.get(key, '')}".strip(), code(_row(folder, module).command)]
    if key in pictures:
        target = out / "gallery" / f"{key.replace('/', '-')}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pictures[key], target)
        said.append(f"![{module.TITLE}](gallery/{target.name})")
    return "\n\n".join([*said, f"*{escaped(module.CAPTION)}*"])


def _key(folder: str, module: ModuleType) -> str:
    return f"{folder}/{catalogue.name(module)}"


def _row(folder: str, module: ModuleType) -> Row:
    return NAMED.get(_key(folder, module), USUAL[folder])


def draw(runs: Path) -> dict[str, Path]:
    """Make the small runs, or take them from before, and return the picture of every figure by folder and name.

    Raises
    ------
    RuntimeError
        A command failed, or did not draw a figure that it is here for.
    """
    made, found = {}, {}
    for row in ROWS:
        folder = made[row.small] = made.get(row.small) or _made(row.small, runs)
        kinds = [kind for kind in catalogue.figures(row.folder) if _row(row.folder, kind) is row]
        if row.small.startswith("run ") and " && " not in row.small:
            _draw(folder, kinds)
        found |= {_key(row.folder, kind): folder / "figures" / report.file_name(kind) for kind in kinds}
    missing = [key for key, picture in found.items() if not picture.exists()]
    if missing:
        raise RuntimeError(f"no picture for the gallery of {', '.join(missing)}")
    return found


def _made(small: str, runs: Path) -> Path:
    """Return the folder that commands end with; RUN is that of the one before."""
    folder = runs
    for call in small.split(" && "):
        folder = _called([spelt(word, folder) for word in shlex.split(call)], runs)
    return folder


def spelt(word: str, folder: Path) -> str:
    """Return a word of a small command with the places that it names."""
    return word.replace("FILES", str(FILES)).replace("RUN", str(folder))


def _called(words: list[str], runs: Path) -> Path:
    where = [] if words[0] == "weigh" else ["--threads", "1", "--out", str(runs)]  # one thread takes the least work
    drawn = ["--no-figures"] if words[0] == "run" else []
    call = [sys.executable, "-P", "-m", "abm", *words, *where, *drawn, "--json"]
    ended = subprocess.run(call, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(call)}: {ended.stderr}")
    told = json.loads(ended.stdout)
    return Path(told["report"]).parent if "report" in told else Path(told["folder"])


def _draw(folder: Path, kinds: Sequence[ModuleType]) -> None:
    """Draw these figures of a run, and no others, which takes most of the time."""
    tables = catalogue.report_of(folder).tables(folder)
    report.draw(PageFolder(folder), tables, [kind for kind in kinds if kind.applies(tables)])
