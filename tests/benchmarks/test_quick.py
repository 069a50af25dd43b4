"""Every benchmark runs, in tiny sizes, and its results fill the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import NAMES


ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_its_result_fills_the_page(name, tmp_path):
    command = [sys.executable, "-m", "benchmarks", name, "--quick", "--out", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / f"{name}.json").read_text())
    assert found["facts"]["quick"] and found["tables"]
    for table in found["tables"]:
        assert table["rows"]
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}
    page = tmp_path / "README.md"
    page.write_text(f"<!-- results: {name} -->\n<!-- end -->\n")
    report.fill(page, tmp_path)
    assert found["tables"][0]["title"] in page.read_text()
