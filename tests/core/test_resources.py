"""What a run may use is what its job was given, not what the machine has."""

import os
from pathlib import Path

import pytest

from abm.core import resources
from abm.core.resources import cores, free_disk, free_memory

MIB = 2**20
SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU")


@pytest.fixture
def machine(monkeypatch):
    """Return the function that stands on a machine of 128 cores and 512 GiB with these system files and variables."""

    def make(files=(), **variables):
        known = {"/proc/meminfo": "MemAvailable: 536870912 kB\n", "/proc/self/status": "VmRSS: 102400 kB\n"}
        known |= dict(files)
        monkeypatch.setattr(resources, "_text", lambda path: known.get(str(path), ""))
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(128)), raising=False)
        for name in SLURM:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return make


def v2(name, group="/"):
    return f"/sys/fs/cgroup{group.rstrip('/')}/{name}"


JOB = {"/proc/self/cgroup": "0::/slurm/job_1/step_0\n"}


@pytest.mark.parametrize(
    ("files", "variables", "expected"),
    [
        ({}, {}, 128),
        (JOB | {v2("cpu.max", "/slurm/job_1/step_0"): "400000 100000\n"}, {}, 4),
        (JOB | {v2("cpu.max", "/slurm/job_1"): "250000 100000\n", v2("cpu.max", "/slurm"): "max 100000\n"}, {}, 2),
        (JOB | {v2("cpu.max"): "50000 100000\n"}, {}, 1),
        ({"/proc/self/cgroup": "0::/\n", v2("cpu.max"): "300000 100000\n"}, {}, 3),
        (
            {
                "/proc/self/cgroup": "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1\n",  # as inside its own mount
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "600000\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            {},
            6,
        ),
        (
            {
                "/proc/self/cgroup": "3:cpu:/\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            {},
            128,
        ),
        ({}, {"SLURM_CPUS_PER_TASK": "4", "SLURM_CPUS_ON_NODE": "64"}, 4),
        ({}, {"SLURM_CPUS_ON_NODE": "64"}, 64),
        ({}, {"SLURM_CPUS_PER_TASK": "256"}, 128),
        ({}, {"SLURM_CPUS_PER_TASK": "all", "SLURM_CPUS_ON_NODE": "0"}, 128),
    ],
)
def test_the_cores_are_those_of_the_job(machine, files, variables, expected):
    machine(files, **variables)
    assert cores() == expected


GROUP_V1 = {
    "/proc/self/cgroup": "4:memory:/job\n",
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": str(800 * MIB),
    "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": str(300 * MIB),
    "/sys/fs/cgroup/memory/job/memory.stat": f"cache 5\ninactive_file {50 * MIB}\n",
}


@pytest.mark.parametrize(
    ("files", "variables", "mib"),
    [
        ({}, {}, 512 * 1024),
        (GROUP_V1, {}, 550),
        (JOB | {v2("memory.max", "/slurm"): str(900 * MIB), v2("memory.current", "/slurm"): str(100 * MIB)}, {}, 800),
        (JOB | {v2("memory.max", "/slurm"): "max", v2("memory.current", "/slurm"): "1"}, {}, 512 * 1024),
        ({}, {"SLURM_MEM_PER_NODE": "8192"}, 8092),
        ({}, {"SLURM_MEM_PER_CPU": "2048", "SLURM_CPUS_ON_NODE": "4"}, 8092),
        ({}, {"SLURM_MEM_PER_CPU": "2048", "SLURM_CPUS_PER_TASK": "2"}, 3996),
        ({}, {"SLURM_MEM_PER_NODE": "0"}, 512 * 1024),  # Slurm's word for all there is
    ],
)
def test_the_memory_is_that_of_the_job(machine, monkeypatch, files, variables, mib):
    machine(files, **variables)
    monkeypatch.setattr(resources, "_limit_free", lambda: iter(()))
    assert free_memory() == mib * MIB


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="SKIPPED OUT LOUD: no affinity on this system")
def test_a_process_bound_to_one_core_has_one(child):
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from abm.core.resources import cores; print(cores())"
    )
    assert child(code).communicate() == ("1\n", "")


def test_compiled_code_uses_no_more_threads_than_the_job_has(child, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    code = "import numba; from abm.core import jit; jit.set_threads(64); print(numba.get_num_threads())"
    assert child(code).communicate() == ("1\n", "")


def test_nobody_counts_the_machines_cores_by_himself():
    for path in Path(resources.__file__).parents[1].rglob("*.py"):
        assert "cpu_count" not in path.read_text() or path.name == "resources.py", path


def test_room_is_told_even_for_a_folder_to_come(tmp_path):
    assert free_disk(tmp_path / "a" / "b") > 0
    assert free_memory() > 0


def test_a_full_disk_and_a_memory_limit_are_seen(small_disk, child):
    assert free_disk(small_disk / "runs") <= 2**16
    code = (
        "import resource; from abm.core.resources import free_memory\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); print(free_memory())"
    )
    out, err = child(code).communicate()
    assert 2**29 < int(out) < 2**31, err
