"""The page of trust names tests; they must exist."""

import re
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "trust.md"
# a source distribution has tests, but no docs
TEXT = PAGE.read_text() if PAGE.exists() else ""
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT)


@pytest.mark.skipif(not TEXT, reason="no docs beside these tests")
def test_the_page_names_tests():
    assert len(NAMED) > 40


@pytest.mark.parametrize("file, name", NAMED)
def test_every_test_that_is_named_exists(file, name):
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.M)
