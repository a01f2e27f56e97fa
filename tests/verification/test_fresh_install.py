"""A stranger installs the wheel into an empty environment and runs what ships, in a folder that knows no checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.verification
ROOT = Path(__file__).parents[2]
SMALL = ("--set", "populations.b_cells.n=200", "--set", "replicates=1", "--set", "dt=2.5 min")


def newest() -> str:
    """Return the newest other Python of this machine that starts."""
    for minor in (14, 13, 12):
        path = shutil.which(f"python3.{minor}")
        if (
            path
            and minor != sys.version_info.minor
            and not subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL)
        ):
            return path
    pytest.skip("SKIPPED OUT LOUD: no other Python of 3.12 to 3.14 is here")


@pytest.fixture(scope="module", params=["this", "newest"])
def fresh(request, tmp_path_factory):
    """Return the function that calls a program of an environment that has the wheel alone, and where it stands."""
    place = tmp_path_factory.mktemp("stranger")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_REQUIRE"))}

    def call(*words, seconds=600):
        command = [place / "env" / "bin" / words[0], *words[1:]]
        ended = subprocess.run(command, cwd=place / "work", env=own, capture_output=True, text=True, timeout=seconds)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    python = sys.executable if request.param == "this" else newest()
    (place / "work").mkdir()
    build = [sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", place / "dist"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    subprocess.run([python, "-m", "venv", place / "env"], env=own, check=True, capture_output=True)
    try:
        call("pip", "download", "--no-deps", "--quiet", "--dest", place / "tried", "typer", seconds=120)
    except (AssertionError, subprocess.TimeoutExpired):
        pytest.skip("SKIPPED OUT LOUD: there is no package index, so nothing was installed")
    (wheel,) = (place / "dist").iterdir()
    call("pip", "install", "--quiet", wheel, seconds=1800)
    return call, place / "work"


def test_what_ships_runs_by_name_and_leaves_its_results_below_the_folder(fresh):
    call, work = fresh
    found = json.loads(call("abm", "run", "three_arms", *SMALL, "--json"))
    assert Path(found["folder"]).resolve().is_relative_to(work / "runs" / "three_arms")
    assert Path(found["report"]).exists()
    assert set(found["arms"]) == {"serum", "effectors", "both"}


def test_lists_come_from_the_wheel(fresh):
    call, _ = fresh
    shipped = {path.stem for path in (ROOT / "configs" / "scenarios").glob("*.yaml")}
    assert set(json.loads(call("antibody-abm", "list", "scenarios", "--json"))) == shipped
    assert "binding" in json.loads(call("abm", "list", "--json"))


def test_a_scenario_of_ones_own_is_started_checked_and_run(fresh):
    call, work = fresh
    call("abm", "init", "my-assay")
    assert "my-assay: ok, 3 arms" in call("abm", "check", "my-assay")
    assert (work / re.search(r"\$schema=(\S+)", (work / "my-assay.yaml").read_text())[1]).exists()
    assert json.loads(call("abm", "run", "my-assay", *SMALL, "--no-figures", "--json"))["arms"]


def test_the_page_opens_once_its_extra_is_there(fresh):
    call, work = fresh
    call("pip", "install", "--quiet", "--no-index", "--no-deps", "antibody-abm")  # it is there, and nowhere else
    call("pip", "install", "--quiet", "antibody-abm[view]", seconds=1800)
    command = [work.parent / "env" / "bin" / "abm", "view", "quick", "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = re.search(r"http://\S+", server.stdout.readline())[0]
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with urllib.request.urlopen(address, timeout=60) as page:
                text = page.read().decode()
            if "solara" in text.lower():
                break
        assert "solara" in text.lower()
    finally:
        server.terminate()
        server.communicate(timeout=60)
