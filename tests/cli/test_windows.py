"""Without what Unix alone has, one sentence says where the program runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SENTENCE = "abm runs on Linux and macOS; on Windows, install and run it inside WSL\n"
START = "import sys; sys.modules |= dict.fromkeys(('fcntl', 'pwd', 'resource')); sys.path.insert(0, sys.argv.pop(1))\n"


def python(code, *words):
    command = [sys.executable, "-W", "error", "-c", START + code, str(ROOT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("words", [["run", "tests/study/tiny.yaml"], ["study", "run", "tests/study/sweep.yaml"]])
def test_a_verb_ends_with_one_sentence(words):
    ended = python("import runpy; runpy.run_module('abm', run_name='__main__')", *words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", SENTENCE)


def test_help_is_shown():
    ended = python("import runpy; runpy.run_module('abm', run_name='__main__')", "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Simulate antibody therapy" in ended.stdout


def test_the_python_interface_says_the_same():
    ended = python("import abm\ntry: abm.simulate\nexcept ImportError as error: print(error)")
    assert (ended.stdout, ended.stderr) == (SENTENCE, "")
