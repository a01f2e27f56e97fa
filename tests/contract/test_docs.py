"""What the site and the README say is there: commands, options, files, links, YAML and Python."""

import ast
import importlib
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML

from abm.cli import app
from abm.document.shipped import shipped
from abm.evidence.claim import claims
from abm.evidence.targets import load_population
from abm.plot import catalogue
from abm.scenario.from_file import load_scenario
from abm.scenario.kinds import ANTIBODIES, GIVEN, PROBES, PROCESSES, READOUTS
from abm.study.spec import load_study

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = ("_build", "generated")
WRITTEN = [path for path in sorted(DOCS.rglob("*.md")) if path.relative_to(DOCS).parts[0] not in MADE]
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *WRITTEN)}
BLOCK = re.compile(r"^```\{?([\w-]+)\}?[^\n]*\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)|^```\{include\} (\S+)", re.M)
SPAN = re.compile(r"`([^`\n]+)`")
PLACE = re.compile(r"\b(?:abm|configs|docs|scripts|tests)/[\w./-]+[\w]")
STANDS_FOR = re.compile(r"[A-Z]+|…|<.*|.*\bNAME\b.*")
OWN = {"my-assay", "sample.fcs", "own.csv", "sweep.yaml", "page.html", "cells.h5ad", "answers.yaml"}  # of a reader
EXAMPLES = set(re.findall(r"`(abm/[\w/]+\.py)`", (DOCS / "modeller" / "add.md").read_text()))
OF_A_KIND = {"end_points": "gertz2004", "arms": "quick"}  # what a piece of YAML is a piece of


def verbs(group, before=()):
    """Return every verb by its words."""
    found = {}
    for name, command in group.commands.items():
        family = verbs(command, (*before, name)) if hasattr(command, "commands") else {}
        found |= family or {(*before, name): command}
    return found


MAIN = typer.main.get_command(app)
VERBS = verbs(MAIN)
GLOBAL = {option for own in MAIN.params for option in (*own.opts, *own.secondary_opts)}


def blocks(text, *languages):
    return [content for language, content in BLOCK.findall(text) if language in languages]


def commands(text):
    """Return the calls of abm, as words after the program's name."""
    lines = [line.partition(" #")[0] for block in blocks(text, "sh") for line in block.splitlines()]
    lines += [line.strip() for line in SPAN.findall(BLOCK.sub("", text))]
    lines += [
        line.partition("!")[2] for block in blocks(text, "code-cell") for line in block.splitlines() if "!abm" in line
    ]
    calls = []
    for line in lines:
        words = shlex.split(line) if re.match(r"(abm|scripts/run)\b ", line) else []
        is_file = words[:1] == ["scripts/run"] and words[1].endswith((".yaml", "quick"))
        calls += [["run"] * is_file + words[1:]] if words else []
    return calls


def positional(words, command):
    """Return what is no option of a verb, and check those that are."""
    known = {option: own for own in command.params for option in (*own.opts, *own.secondary_opts) if option[0] == "-"}
    rest, left = [], list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        assert word in known, f"{word} is no option"
        if not getattr(known[word], "is_flag", False):
            value = left.pop(0)
            if word in ("--leave-one-out", "--posterior", "--parameters"):
                rest.append(value)
    return rest


def is_there(word):
    return bool(STANDS_FOR.fullmatch(word)) or word in OWN or word in shipped() or (ROOT / word).exists()


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_verbs_with_their_options_and_files(page):
    for words in commands(PAGES[page].read_text()):
        said = " ".join(words)
        while words and words[0] in GLOBAL:
            words = words[2:]
        if not words or STANDS_FOR.fullmatch(words[0]) or words == ["--help"]:
            continue
        name = next((name for name in VERBS if tuple(words[: len(name)]) == name), None)
        if name is None:
            assert words == ["study"], f"abm {said}: no such verb"
            continue
        if name == ("list",):
            continue
        for word in positional(words[len(name) :], VERBS[name]):
            assert is_there(word), f"abm {said}: {word} is not there"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_set_can_be_set(page):
    for words in commands(PAGES[page].read_text()):
        sets = [value for option, value in pairwise(words) if option == "--set" and not STANDS_FOR.fullmatch(value)]
        if words[:1] == ["run"] and sets:
            assert load_scenario(words[1] if words[1] in shipped() else ROOT / words[1], tuple(sets))


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_are_there(page):
    for place in PLACE.findall(PAGES[page].read_text()):
        assert place in EXAMPLES or (ROOT / place).exists(), place


def anchors(text):
    """Return what a heading can be called by, as GitHub and MyST do it."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the pages that are made of the code, by their place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        pages = importlib.import_module("pages")
        folder = tmp_path_factory.mktemp("generated")
        pages.write_all(folder, DOCS / "evidence.csv", None)
    return {DOCS / "generated" / path.relative_to(folder): path.read_text() for path in folder.rglob("*.md")}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page, made):
    path = PAGES[page]
    for pair in LINK.findall(path.read_text()):
        target, _, anchor = "".join(pair).partition("#")
        if target.startswith("http"):
            continue
        place = (path.parent / target).resolve() if target else path
        assert place in made or place.exists(), target
        if anchor:
            assert anchor in anchors(made.get(place) or place.read_text()), f"{target}#{anchor}"


def load(text, folder):
    """Read a piece of YAML as what it is a piece of."""
    data = YAML(typ="safe").load(text)
    (folder / "scenarios").mkdir()
    for name in ("parameters", "studies"):
        (folder / name).symlink_to(ROOT / "configs" / name)
    for file in (ROOT / "configs" / "scenarios").iterdir():
        (folder / "scenarios" / file.name).symlink_to(file)
    file = folder / "scenarios" / "piece.yaml"
    if "base" in data:
        file.write_text(text)
        return load_study(file)
    if "targets" in data:
        file.write_text(text)
        return load_population(file)
    whole = next((f"extends: {base}\n" for key, base in OF_A_KIND.items() if key in data and "extends" not in data), "")
    file.write_text(whole + text)
    return load_scenario(file)


YAMLS = [
    pytest.param(text, id=f"{page}-{i}")
    for page, path in PAGES.items()
    for i, text in enumerate(blocks(path.read_text(), "yaml"))
    if "sample.fcs" not in text and "add.md" not in page
]


@pytest.mark.parametrize("text", YAMLS)
def test_yaml_is_taken(text, tmp_path):
    assert load(text, tmp_path)


@pytest.mark.parametrize("page", PAGES)
def test_python_is_python_and_imports_what_there_is(page):
    for text in blocks(PAGES[page].read_text(), "python", "code-cell"):
        plain = "\n".join(line for line in text.splitlines() if not re.search(r"(^| = )!", line))
        for node in ast.walk(ast.parse(plain)):
            if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "abm":
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_reference_has_every_kind_and_every_claim(made):
    headings = {line[3:] for text in made.values() for line in text.splitlines() if line.startswith("## ")}
    kinds = {*PROCESSES, *ANTIBODIES, *GIVEN, *PROBES, *READOUTS, *(f"abm {' '.join(name)}" for name in VERBS)}
    assert kinds <= headings
    told = made[DOCS / "generated" / "claims.md"]
    assert all(f"| {claim.id} |" in told for claim in claims())
    gallery = made[DOCS / "generated" / "gallery.md"]
    assert all(
        f"### {module.TITLE}\n" in gallery for folder in catalogue.FOLDERS for module in catalogue.figures(folder)
    )


def test_every_figure_of_the_gallery_has_one_command_that_there_is_and_a_small_one_for_its_picture():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        gallery = importlib.import_module("pages.gallery")
    known = {f"{folder}/{catalogue.name(one)}" for folder in catalogue.FOLDERS for one in catalogue.figures(folder)}
    named = [f"{row.folder}/{name}" for row in gallery.ROWS for name in row.names.split()]
    assert set(named) <= known
    assert len(named) == len(set(named))
    assert sorted(row.folder for row in gallery.ROWS if not row.names) == sorted(catalogue.FOLDERS)
    small = [gallery.spelt(call, Path("RUN")) for row in gallery.ROWS for call in row.small.split(" && ")]
    for command in (*(row.command.removeprefix("abm ") for row in gallery.ROWS), *small):
        words = shlex.split(command)
        name = next(name for name in VERBS if tuple(words[: len(name)]) == name)
        assert all(map(is_there, positional(words[len(name) :], VERBS[name]))), command
