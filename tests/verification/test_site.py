"""The site builds from what is here: no warning, every notebook runs, the gallery has its pictures."""

import re
import subprocess
from pathlib import Path

import pytest

from abm.plot import catalogue

pytestmark = pytest.mark.verification
ROOT = Path(__file__).parents[2]


def test_the_site_builds_without_a_warning(tmp_path):
    ended = subprocess.run([ROOT / "scripts" / "docs", tmp_path], capture_output=True, text=True, timeout=3600)
    assert ended.returncode == 0, ended.stderr
    html = tmp_path / "html"
    assert ended.stdout.strip() == str(html / "index.html")
    for name in ("first-well", "sweep", "cohort"):
        text = (html / "tutorials" / f"{name}.html").read_text()
        assert "<img" in text
        assert "Traceback" not in text
    gallery = (html / "generated" / "gallery.html").read_text()
    known = {f"{folder}-{catalogue.name(kind)}" for folder in catalogue.FOLDERS for kind in catalogue.figures(folder)}
    assert set(re.findall(r'<img[^>]* src="[^"]*/([a-z]+-\w+)\.png"', gallery)) == known
    outside = [
        text
        for page in html.rglob("*.html")
        for text in re.findall(r'(?:src|href)="(https?://[^"]+\.(?:js|css))', page.read_text())
    ]
    assert not outside
