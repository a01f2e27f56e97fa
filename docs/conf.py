"""The site: written pages in MyST, and those that `pages` makes of the registries before each build."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # notebooks call abm

from abm import __version__  # noqa: E402

project = "abm"
author = "The abm authors"
copyright = "The abm authors, BSD-3-Clause"
version = release = __version__
language = "en-GB"

extensions = ["myst_nb"]
exclude_patterns = ["_build", "pages", "generated/results", "generated/parts"]
suppress_warnings = ["mystnb.mime_priority"]
html_theme = "furo"
html_title = f"abm {__version__}"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "announcement": "Research use only. No dosing advice; nothing here is validated for decisions about patients."
}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / ".notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True


def setup(app):
    """Write the pages that follow from the code before Sphinx looks for pages."""
    from pages import write_all

    app.add_config_value("abm_pictures", True, "env")
    runs = DOCS / "_build" / ".runs"
    app.connect(
        "config-inited",
        lambda app, config: write_all(DOCS / "generated", DOCS / "evidence.csv", runs if config.abm_pictures else None),
    )
