"""One side under the clock: a job in a process of its own, of whatever revision lies in a folder.

Run as a script, with PYTHONPATH naming that folder, it compiles and warms up, and then answers every seed that it reads
with what a run took and found. It imports nothing of the bench, so that older revisions can run it.
"""

import gc
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Self

ME = Path("/proc/self")
BINS = "_cd20_"
Found = dict[str, list[float | None]]


class Side:
    """A job that waits for seeds, in a process of its own.

    Parameters
    ----------
    root : Path
        Folder of the revision that runs it.
    job : mapping
        From :mod:`tests.bench.jobs`.
    """

    def __init__(self, root: Path, job: Mapping[str, Any]):
        command = [sys.executable, "-P", str(Path(__file__).resolve()), json.dumps(job)]
        self.process = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, seed: int) -> dict[str, Any]:
        """Run once; return seconds, memory and what was found.

        Raises
        ------
        RuntimeError
            The process ended.
        """
        with suppress(BrokenPipeError):
            self.process.stdin.write(f"{seed}\n")
            self.process.stdin.flush()
        return self.heard()

    def heard(self) -> dict[str, Any]:
        """Return what the process says next; first where it found the model."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[3]} ended with {self.process.wait()}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def _scenario(job: Mapping[str, Any], which: str = "sets") -> Any:
    from abm.scenario.from_file import load_scenario

    return load_scenario(job["scenario"], tuple(job[which]))


def _subject(arm: str, replicate: int) -> Any:
    from abm.scenario import build as building

    kind = building.Subject if hasattr(building, "Subject") else building.Well  # its name until wells became subjects
    return kind(arm, replicate)


def _stacked(simulations: list[Any]) -> list[tuple[Any, list[int]]]:
    """Return simulations side by side where the revision can, each with the places of those that it holds."""
    try:
        from abm.core.stack import stacks
    except ImportError:
        return [(one, [place]) for place, one in enumerate(simulations)]
    return stacks(simulations)


def wells(job: Mapping[str, Any]) -> Callable[[int], Found]:
    """Build and run wells of the combined arm, each another replicate, as a study does."""
    from abm.core.jit import set_threads
    from abm.scenario.build import build
    from abm.study.measures import measured

    def survival(scenario: Any, replicates: range) -> list[float]:
        found, subjects = {}, [_subject("both", replicate) for replicate in replicates]
        for simulation, members in _stacked([build(scenario, subject) for subject in subjects]):
            simulation.run()
            for place, k in enumerate(members):
                own = measured(scenario, subjects[k], simulation, *([place] if len(members) > 1 else ()))
                found[k] = own["survival_raw"]
        return [found[k] for k in range(len(subjects))]

    def once(seed: int) -> Found:
        n = job["n_wells"]
        return {"both.survival_raw": survival(scenario, range(seed * n, (seed + 1) * n))}

    set_threads(job["n_threads"])
    scenario = _scenario(job)
    if job["few"]:
        survival(_scenario(job, "few"), range(2))
    return once


def steps(job: Mapping[str, Any]) -> Callable[[int], Found]:
    """Take the next steps of a well."""
    from abm.core.jit import set_threads
    from abm.scenario.build import build

    def once(seed: int) -> Found:
        for _ in range(job["n_steps"]):
            simulation.step()
        return {}

    set_threads(1)
    simulation = build(_scenario(job), _subject("both", 0))
    once(0)
    return once


def row(job: Mapping[str, Any]) -> Callable[[int], Found]:
    """Run rows of a sweep, whose survival is of all arms, together where the revision can."""
    from abm.study import rows as study
    from abm.study.jobs import Flow

    def once(seed: int, base: str = "") -> Found:
        n = job["n_rows"]
        jobs = [study.RowJob(k, base or whole, {}, seed * n + k) for k in range(n)]
        if hasattr(study, "RowsJob"):
            values = [numbers for _, numbers in study.RowsJob(tuple(jobs)).run(Flow())]
        else:
            values = [one.run(Flow()) for one in jobs]
        return {name: [own[name] for own in values] for name in values[0] if BINS not in name}

    whole = study.as_base(_scenario(job))
    once(0, study.as_base(_scenario(job, "few")))
    return once


def cohort(job: Mapping[str, Any]) -> Callable[[int], Found]:
    """Run a cohort, whose end points are of all patients."""
    import pandas as pd

    from abm.study.simulate import simulate

    def once(seed: int) -> Found:
        table = simulate(scenario.model_copy(update={"seed": seed})).end_points
        numbers = table.drop(columns=["arm", "replicate"]).apply(pd.to_numeric, errors="coerce")
        rows = {arm: numbers[table["arm"] == arm] for arm in dict.fromkeys(table["arm"])}
        return {f"{arm}.{name}": [_known(v) for v in own[name]] for arm, own in rows.items() for name in own}

    scenario = _scenario(job, "few")
    once(0)
    scenario = _scenario(job)
    return once


def evidence(job: Mapping[str, Any]) -> Callable[[int], dict[str, Any]]:
    """Run ``abm evidence``, whose scores are of all claims."""

    def scores(words: list[str]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-P", "-m", "abm", "evidence", *words, "--threads=1", "--out", folder, "--json"]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return json.loads(done.stdout)

    scores(job["few"])
    return lambda seed: scores(job["words"])


KINDS = {one.__name__: one for one in (wells, steps, row, cohort, evidence)}


def _known(value: float) -> float | None:
    return None if value != value else value


def _cpu_s() -> float:
    """Return CPU seconds of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + ended.ru_utime + ended.ru_stime


def _memory_MB(name: str) -> float:  # noqa: N802 - a unit
    with suppress(OSError):
        return float(re.search(rf"{name}:\s+(\d+) kB", (ME / "status").read_text())[1]) / 1024.0
    return 0.0


def main() -> None:
    """Warm up, say so, and answer seeds until there are no more."""
    job = json.loads(sys.argv[1])
    once = KINDS[job["kind"]](job)
    _say({"model": str(Path(sys.modules["abm"].__file__).parent) if "abm" in sys.modules else ""})
    for line in sys.stdin:
        gc.collect()
        with suppress(OSError):
            (ME / "clear_refs").write_text("5")  # the peak begins anew
        before_MB, wall, cpu = _memory_MB("VmRSS"), perf_counter(), _cpu_s()  # noqa: N806 - a unit
        found = once(int(line))
        took = {"wall_s": perf_counter() - wall, "cpu_s": _cpu_s() - cpu}
        _say(took | {"grown_MB": _memory_MB("VmHWM") - before_MB, "peak_MB": _memory_MB("VmHWM"), "found": found})


def _say(content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
