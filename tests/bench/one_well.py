"""One well in a process of its own: ``python -m tests.bench.one_well AGENTS HOURS THREADS`` prints one JSON object."""

import json
import re
import resource
import sys
from pathlib import Path
from time import perf_counter


def peak_MB() -> float:  # noqa: N802 - a unit
    """Return the most memory this process has held; the rusage of a child begins with its parent's peak."""
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return (int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024.0


def main() -> None:
    """Build and run the combined arm; say how long each took, the end state and the peak of memory."""
    start = perf_counter()
    n_agents, hours, n_threads = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    from abm.core.jit import set_threads
    from abm.scenario.build import Subject, build
    from tests.bench.engine import assay, digest

    set_threads(n_threads)
    simulation = build(assay(n_agents, hours=hours), Subject("both", 0))
    built = perf_counter()
    simulation.run()
    finished = perf_counter()
    found = {
        "build_s": built - start,
        "run_s": finished - built,
        "peak_MB": peak_MB(),
        "hash": digest(simulation),
        "steps": simulation.world.step,
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
