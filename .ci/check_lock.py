"""Hold constraints.txt against uv.lock, and uv.lock against strange hosts.

Every pin of constraints.txt stands in uv.lock, and uv.lock names no host but PyPI's.
"""

import re
import sys
import tomllib
from pathlib import Path


HOSTS = {"pypi.org", "files.pythonhosted.org"}


def main() -> None:
    """Print what is wrong and exit with 1, or say that all is well."""
    text = Path("uv.lock").read_text()
    locked = {(p["name"], p.get("version")) for p in tomllib.loads(text)["package"]}
    faults = [
        f"uv.lock names the host {host}; only PyPI's may stand there"
        for host in sorted(set(re.findall(r"https?://([^/\"]+)", text)) - HOSTS)
    ]
    for line in Path("constraints.txt").read_text().splitlines():
        pin = re.match(r"([a-z0-9._-]+)==([^ ;]+)", line)
        if pin and pin.groups() not in locked:
            faults.append(f"constraints.txt pins {pin[0]}, which uv.lock does not")
    if faults:
        sys.exit("\n".join([*faults, "renew both with: make lock"]))
    print(f"constraints.txt agrees with uv.lock ({len(locked)} packages)")


if __name__ == "__main__":
    main()
