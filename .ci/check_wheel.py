"""Build the wheel, install it in a bare environment, and use it there as a stranger.

Checked: what the wheel holds; that `import jaxsim` is silent, light and wakes no
device; the README's first lines; one plot; the console command.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
HEAVY = "diffrax matplotlib networkx optax pandas pydantic rich scipy.stats tyro xarray"

IMPORT = f"""
import sys
import jaxsim
assert "site-packages" in jaxsim.__file__, jaxsim.__file__
heavy = [name for name in "{HEAVY} zarr".split() if name in sys.modules]
assert not heavy, f"import jaxsim drags in {{', '.join(heavy)}}"
from jax._src import xla_bridge
assert not xla_bridge._backends, "import jaxsim woke a device"
"""

PLOT = """
import jax, jaxsim as js
recording = js.simulate(js.Network(model=js.JansenRit()), jax.random.key(0))
js.plot(recording, "activity").savefig("activity.png")
"""


def run(python: Path, folder: Path, *command: str) -> str:
    """Run python in a folder away from the repository; its output, or an end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), *command],
        cwd=folder,
        env={**environment, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"failed: {command}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr


def build(folder: Path) -> Path:
    """The wheel, after a look at what it holds."""
    run(Path(sys.executable), ROOT, "-m", "build", "--wheel", "--no-isolation",
        "--outdir", str(folder))  # fmt: skip
    (wheel,) = folder.glob("jaxsim_neuro-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in ("jaxsim/py.typed", "jaxsim/core/param.py", "licenses/LICENSE"):
        if not any(name.endswith(wanted) for name in names):
            sys.exit(f"{wheel.name} does not hold {wanted}")
    strange = [n for n in names if not n.startswith(("jaxsim/", "jaxsim_neuro-"))]
    if strange:
        sys.exit(f"{wheel.name} holds what it should not: {', '.join(strange[:5])}")
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1024:.0f} kB")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """A bare environment that holds the wheel with its `plot` extra; its python."""
    uv = shutil.which("uv")
    venv.create(folder, with_pip=uv is None)
    python = folder / "bin" / "python"
    installer = [uv, "pip", "install", "--python", str(python)] if uv else [
        str(python), "-m", "pip", "install", "--disable-pip-version-check"
    ]  # fmt: skip
    subprocess.run(
        [*installer, "-q", "-c", str(ROOT / "constraints.txt"), f"{wheel}[plot]"],
        check=True,
    )
    return python


def readme_lines() -> str:
    """The first block of Python in the README."""
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    if found is None:
        sys.exit("README.md has no block of Python")
    return found[1]


def main() -> None:
    """Do all of it in a folder with a space in its name."""
    with tempfile.TemporaryDirectory(prefix="jaxsim wheel ") as name:
        folder = Path(name)
        python = install(build(folder), folder / "bare venv")
        if said := run(python, folder, "-c", IMPORT):
            sys.exit(f"import jaxsim is not silent: {said}")
        print("import: silent, light, no device woken")
        run(python, folder, "-W", "error", "-c", readme_lines())
        print("README's first lines: run")
        run(python, folder, "-W", "error", "-c", PLOT)
        size = (folder / "activity.png").stat().st_size
        if size < 5_000:
            sys.exit(f"the plot is a picture of {size} bytes: is it blank?")
        print(f"one plot: a picture of {size // 1024} kB")
        said = run(python, folder, "-m", "jaxsim", "list")
        if "Wendling" not in said:
            sys.exit(f"jaxsim list does not name Wendling:\n{said}")
        print("jaxsim list: run")


if __name__ == "__main__":
    main()
