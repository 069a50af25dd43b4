"""Run the benchmarks that are named, or all: `python -m benchmarks compile_times`.

Each is a script of its own process, so that one's compilations do not warm another's.
"""

import subprocess
import sys
import time
from pathlib import Path


HERE = Path(__file__).resolve().parent


def main() -> int:
    """Run scripts one after the other; the exit code of the first that fails."""
    known = sorted(p.stem for p in HERE.glob("[a-z]*.py"))
    chosen = sys.argv[1:] or known
    if strange := [name for name in chosen if name not in known]:
        print(f"no benchmark {', '.join(strange)}; there are {', '.join(known)}")
        return 2
    for name in chosen:
        print(f"== {name}", flush=True)
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"])
        print(f"   {time.perf_counter() - began:.0f} s\n", flush=True)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
