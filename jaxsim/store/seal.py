"""The seal: digests of a store's metadata, so that no altered word is believed.

Chunks carry checksums of their own; the small JSON files beside them do not. The seal
lies in the attributes of the root group and covers every `zarr.json`, itself apart.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from jaxsim.store.spec import FORMAT, canonical


NAME = "jaxsim"  # the attribute that holds all we say about a store
ROOT = "zarr.json"


def seal(group: Any, about: dict[str, Any]) -> None:
    """Write what a store is about into its root, with the seal over all metadata.

    Args:
        group: the root group, complete but for this.
        about: plain values.
    """
    folder = Path(group.store.root)
    files = {
        path.relative_to(folder).as_posix(): _sha(path.read_bytes())
        for path in sorted(folder.rglob(ROOT))
        if path.parent != folder
    }
    group.attrs[NAME] = about | {"seal": {"files": files}}
    whole = _sha_of_root(json.loads((folder / ROOT).read_bytes()))
    group.attrs[NAME] = about | {"seal": {"files": files, "root": whole}}


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sha_of_root(root: dict[str, Any]) -> str:
    root = copy.deepcopy(root)
    root["attributes"][NAME]["seal"].pop("root", None)
    return _sha(canonical(root).encode())


def about(folder: Path) -> dict[str, Any]:
    """What a store says of itself, without checking it.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is no store of jaxsim, or its root cannot be read.
    """
    path = folder / ROOT
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such file or folder.")
    if not path.is_file():
        raise ValueError(f"{folder} is no zarr store: it has no {ROOT}.")
    try:
        root = json.loads(path.read_bytes())
        found = root["attributes"][NAME]
        if not isinstance(found, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(
            f"{folder} was not written by jaxsim, or its {ROOT} is damaged. A zarr "
            "store of another program opens with "
            "xarray.open_datatree(path, engine='zarr')."
        ) from None
    return found


def unseal(folder: Path) -> dict[str, Any]:
    """What a store is about, after its metadata were found to be as written.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: no store of jaxsim, a newer format, or metadata altered or missing:
            which file.
    """
    found = about(folder)
    form = found.get("format")
    if isinstance(form, int) and form > FORMAT:
        raise ValueError(
            f"{folder} has format {form}, newer than this program's {FORMAT}: update "
            "jaxsim to read it."
        )
    written = found.get("seal")
    if not isinstance(written, dict) or not isinstance(written.get("files"), dict):
        raise _altered(folder, ROOT)
    root = json.loads((folder / ROOT).read_bytes())
    try:
        sound = _sha_of_root(root) == written.get("root")
    except ValueError:  # numbers that JSON does not have
        sound = False
    if not sound:
        raise _altered(folder, ROOT)
    for name, digest in written["files"].items():
        path = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise _altered(folder, ROOT)
        if not path.is_file():
            raise ValueError(f"{folder} is not whole: its file {name} is missing.")
        if _sha(path.read_bytes()) != digest:
            raise _altered(folder, name)
    return {k: v for k, v in found.items() if k != "seal"}


def _altered(folder: Path, name: str) -> ValueError:
    return ValueError(
        f"{folder} cannot be trusted: its file {name} is not as it was written. Bring "
        "it back from a copy, or compute it again."
    )
