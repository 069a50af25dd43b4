"""Sphinx settings. The API pages and parameter tables are made from the code itself."""

import os
import shutil
import sys
from pathlib import Path


HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

import jaxsim  # noqa: E402


project = "jaxsim"
author = "The jaxsim developers"
copyright = "the jaxsim developers, Apache-2.0"
version = release = jaxsim.__version__

extensions = [
    "api_pages",  # docs/api_pages.py: a page per folder, from the face
    "card_tables",  # docs/card_tables.py: docstrings in Markdown, tables of parameters
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
default_role = "code"
nitpicky = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_custom_sections = [("Class variables", "params_style")]
napoleon_numpy_docstring = False

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
# `make notebooks` runs them and keeps the results; `make docs` shows what is stored
nb_execution_mode = "cache" if os.environ.get("JAXSIM_RUN_NOTEBOOKS") else "off"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_cache_path = str(HERE / "_build" / "notebook_cache")

html_theme = "pydata_sphinx_theme"
html_title = "jaxsim"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"*": []}  # pages at the top have no section of their own
html_show_sourcelink = False


def copy_notebooks() -> None:
    """Notebooks live in notebooks/; Sphinx reads only below docs/."""
    target = HERE / "notebooks"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    found = sorted((HERE.parent / "notebooks").glob("[0-9]*"))
    for path in found:
        shutil.copy2(path, target)
    names = "\n".join(path.stem for path in found)
    (target / "index.md").write_text(
        "# Notebooks\n\nOne capability each; `make notebooks` runs them all.\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    )


copy_notebooks()
