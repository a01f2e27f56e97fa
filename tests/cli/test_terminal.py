"""Terminals that know few letters."""

import io
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from abm import cli
from abm.cli.terminal import take_every_character
from tests.cli.conftest import SMALL

ROOT = Path(__file__).parents[2]
TITLED = 'name: small\ntitle: "Größe µ → 日本 10⁻⁸"\nx_axis: {name: "Stärke", unit: "µg/mL"}'
ODD = SMALL.replace("name: small", TITLED).replace("mL}]}", 'mL}], x: 1, group: "ä ≥ 1"}')
STUDY = """
title: "µ → 日本"
base: größe.yaml
design: {kind: list, points: [{dt: 2 min}]}
seeds: [1]
summaries: [drug.survival]
"""
VERBS = [
    "--help",
    "run --help",
    "study run --help",
    "check größe.yaml",
    "check grösse.yaml",
    "check größe.yaml --set dt=µm",
    "params größe.yaml",
    "params größe.yaml --json",
    "list references",
    "list schema",
    "run größe.yaml --out läufe",
    "run größe.yaml --explain",
    "run größe.yaml --dry-run --json",
    "run größe.yaml --set populations.b_cells.n=99999999",
    "resume läufe",
    "report läufe",
    "study plan study.yaml",
    "study run study.yaml --threads 1",
    "study status study.yaml --json",
    "study report study.yaml",
    "evidence --claim µ",
    "compare größe.yaml",
    "fit größe.yaml",
    "view größe.yaml --arm ä",
    "movie größe.yaml --frames 2 --out ü.gif",
    "größe",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "größe.yaml").write_text(ODD, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    return folder


@pytest.fixture
def said(monkeypatch, folder, undrawn):
    """Return the function that calls ``abm`` on a terminal of an encoding and gives what was sent there."""

    def call(words, encoding):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["abm", *words])
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with suppress(SystemExit):
            cli.main()
        out.flush()
        err.flush()
        return (out.buffer.getvalue() + err.buffer.getvalue()).decode(encoding)

    return call


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_can_be_read_on_a_terminal_of_plain_letters(said, words):
    text = said(words.split(), "ascii")
    assert text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("text", "ascii_", "latin"),
    [
        ("0.26 µg/mL", "0.26 ug/mL", "0.26 µg/mL"),
        ("20–40 ≥ 5…", "20-40 >= 5...", "20-40 >= 5..."),
        ("10⁻⁸ m², 10⁸", "10^-8 m^2, 10^8", "10^-8 m², 10^8"),
        ("Waldenström, Größe, Łódź", "Waldenstrom, Grosse, Lodz", "Waldenström, Größe, Lódz"),
        ("κ σ ✗ 日本", "kappa sigma no ??", "kappa sigma no ??"),
    ],
)
def test_letters_that_a_terminal_lacks_are_shown_by_the_nearest_it_has(monkeypatch, text, ascii_, latin):
    for encoding, expected in (("ascii", ascii_), ("latin-1", latin), ("utf-8", text)):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        take_every_character()
        out.write(text)
        out.flush()
        assert out.buffer.getvalue().decode(encoding) == expected


def test_the_bytes_of_a_file_name_stay_what_they_are(monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    take_every_character()
    out.write(os.fsdecode(b"caf\xe9.yaml"))
    out.flush()
    assert out.buffer.getvalue() == b"caf\xe9.yaml"


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "C", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
)
def test_no_locale_ends_a_run_with_a_traceback(folder, tmp_path, locale):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    command = [sys.executable, "-P", "-m", "abm", "run", "größe.yaml", "--threads", "1", "--out", tmp_path / "läufe"]
    done = subprocess.run(command, cwd=folder, env=kept | locale, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.rstrip().endswith(b"report.html")
    (page,) = tmp_path.glob("*/small/*/report.html")
    assert "Größe µ → 日本 10⁻⁸" in page.read_text(encoding="utf-8")


def test_progress_is_drawn_in_plain_letters(folder, tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "abm", "movie", "größe.yaml", "--frames", "2", "--out", tmp_path / "a.gif"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the other side is closed
            while chunk := os.read(ours, 4096):
                shown += chunk
    assert process.returncode == 0
    assert "100%" in shown.decode("ascii")
