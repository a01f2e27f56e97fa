"""``abm`` in a process of its own, with crashes and clocks to order."""

import json
import os
import resource
import signal
import sys
import time
import warnings
from contextlib import nullcontext
from pathlib import Path

import abm.cli
import abm.core.simulation
import abm.study.cost
import abm.study.pool
import abm.study.rows
import abm.study.run
import abm.study.subject


def run(words, faults, folder, out, err):
    """Be ``abm`` with these words, standing in a folder, with output into files."""
    os.setsid()
    os.chdir(folder)
    for path, descriptor in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    sys.argv = ["abm", *words]
    sys.warnoptions.append("error")  # workers too
    warnings.simplefilter("error")
    os.environ["FAULTS"] = json.dumps(faults)
    prepare(**faults)
    abm.cli.main()


def work(connection, kind):
    """Work as a worker does, with the parent's faults."""
    prepare(**json.loads(os.environ["FAULTS"]))
    abm.study.pool.work(connection, kind)


def prepare(workers=False, is_blind=False, slow_s=0.0, silent_s=None, die=None, kill_at=None, file_limit=None):
    """Order faults."""
    abm.cli.shared.drawing = lambda n: nullcontext(
        lambda folder: folder / "report.html"
    )  # drawing is not what is tested here
    abm.study.pool.ENTRY = "faulty:work"
    if workers:
        abm.study.cost.SMALL = 0
    if is_blind:
        abm.study.cost.free_disk = lambda path: 10**15
    if die:
        _die_in(**die)
    if slow_s:
        abm.study.run.warm_up = lambda scenario, n_threads: None  # the wells are to be slow, not what comes before
        abm.study.rows.part_of_job = lambda row: 1.0  # nor are they to share what is slow
        _after_each_step(lambda simulation: time.sleep(slow_s))
    if silent_s:
        abm.study.pool.SILENT_S = silent_s
    if kill_at:
        _kill_at(**kill_at)
    if file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))


def _undrawn(n_processes):
    """Draw nothing: that is not what is tested here."""
    return nullcontext(lambda folder: folder / "report.html")


def _after_each_step(act):
    real = abm.core.simulation.Simulation.step

    def step(self):
        real(self)
        act(self)

    abm.core.simulation.Simulation.step = step


def _die_in(well, step, marks, times, number):
    """Send a signal, so many times, to the worker whose last well this is, at a step of its first."""
    real = abm.study.subject.run_subjects
    current = []

    def run_subjects(job, flow):
        current[:] = [job.label.split()[-1]]
        real(job, flow)

    def act(simulation):
        if current == [well] and simulation.world.step == step and len(list(Path(marks).iterdir())) < times:
            (Path(marks) / str(time.monotonic_ns())).touch()
            os.kill(os.getpid(), number)

    abm.study.subject.run_subjects = run_subjects
    _after_each_step(act)


def _kill_at(name, is_after):
    """Kill this process right before or after it puts a file of that name into place."""
    real = os.replace

    def replace(source, target):
        is_there = str(target).endswith(name)
        if is_there and not is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target)
        if is_there:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace
