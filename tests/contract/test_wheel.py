"""The wheel holds the package, and as data of it all that ships; the sdist makes the same wheel."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from abm.core.version import __version__

ROOT = Path(__file__).parents[2]


def build(kind, source, folder):
    """Build a wheel or an sdist of a source tree, without a network."""
    command = [sys.executable, "-P", "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def contents(wheel):
    """Return the bytes of every file of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files(folder):
    """Return the files below a folder that are no leftovers of Python."""
    return {str(p.relative_to(ROOT)) for p in (ROOT / folder).rglob("*") if p.is_file() and p.suffix != ".pyc"}


def test_the_wheel_holds_the_package_and_what_ships_and_no_more(wheel):
    assert wheel.name == f"antibody_abm-{__version__}-py3-none-any.whl"
    about = f"antibody_abm-{__version__}.dist-info/"
    names = {name for name in contents(wheel) if not name.startswith(about)}
    assert names == files("abm") | {f"abm/{name}" for name in files("configs")}


def test_the_wheel_says_its_licence_and_its_commands(wheel):
    own, about = contents(wheel), f"antibody_abm-{__version__}.dist-info"
    said = own[f"{about}/METADATA"].decode()
    assert "\nLicense-Expression: BSD-3-Clause\n" in said
    assert own[f"{about}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert b"abm = abm.__main__:main\nantibody-abm = abm.__main__:main\n" in own[f"{about}/entry_points.txt"]


def test_the_sdist_makes_the_same_wheel(wheel, tmp_path):
    source = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (tree,) = (tmp_path / "source").iterdir()
    assert {"LICENSE", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md"} <= {path.name for path in tree.iterdir()}
    assert contents(build("wheel", tree, tmp_path / "again")) == contents(wheel)


@pytest.mark.parametrize(("file", "line"), [("Dockerfile", "RUN pip install"), ("environment.yml", "      - ..")])
def test_containers_and_conda_ask_for_every_extra_that_there_is(file, line):
    extras = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]) - {"test"}
    (asked,) = [text for text in (ROOT / "scripts" / file).read_text().splitlines() if text.startswith(line)]
    assert set(re.search(r"\[([\w,]+)\]", asked)[1].split(",")) == extras
