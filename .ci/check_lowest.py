"""Install the oldest versions that pyproject.toml allows, and run the tests on them.

    make lowest ARGS="tests/core tests/store"     some of the tests

Bounds are promises: raise one as soon as this fails. Minutes, so not a part of CI.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["beartype", "hypothesis", "jsonschema", "pytest", "pytest-xdist"]


def main() -> None:
    """Make a bare environment, install, list, test."""
    chosen = sys.argv[1:] or ["tests"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [line.split(">=")[0].split("[")[0] for line in project["dependencies"]]
    with tempfile.TemporaryDirectory(prefix="jaxsim lowest ") as name:
        venv.create(name, with_pip=False)
        python = str(Path(name) / "bin" / "python")
        install = [sys.executable, "-m", "uv", "pip", "install", "-q"]
        subprocess.run(
            [*install, "--python", python, "--resolution", "lowest-direct",
             "-e", f"{ROOT}[plot,search,tvb]"],
            check=True,
        )  # fmt: skip
        subprocess.run([*install, "--python", python, *TOOLS], check=True)
        listed = subprocess.run(
            [sys.executable, "-m", "uv", "pip", "freeze", "--python", python],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        wanted = {*named, "matplotlib", "jaxlib", "pandas", "cma", "nevergrad"}
        print("\n".join(v for v in listed.split() if v.split("==")[0] in wanted))
        # old versions warn of what newer Pythons and libraries changed since
        done = subprocess.run(
            [python, "-m", "pytest", "-q", "-n", "2", "-W", "default", *chosen],
            cwd=ROOT,
        )
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
