"""Packages of the user's environment that we do not bring: modules and data files."""

import importlib
import importlib.util
from pathlib import Path
from typing import Any


TVB_DATA = ("tvb-data", "tvb_data", "tvb")  # distribution, import name, our extra


def installed_file(path: str, asked_by: str, package: tuple[str, str, str]) -> Path:
    """A file inside an installed package.

    Args:
        path: below the package's folder, "connectivity/connectivity_76.zip".
        asked_by: the call that needs it, for the sentence.
        package: names as distribution, as import, and of our extra that brings it.

    Raises:
        ModuleNotFoundError: the package is not installed; the sentence says how to.
        FileNotFoundError: it is, but this version has no such file.
    """
    distribution, name, extra = package
    found = importlib.util.find_spec(name)
    folders = (found and found.submodule_search_locations) or []
    if not folders:
        raise ModuleNotFoundError(
            f"{asked_by} reads a file of {distribution}, which is not installed: "
            f'pip install "jaxsim-neuro[{extra}]".',
            name=name,
        )
    for folder in folders:
        if (Path(folder) / path).is_file():
            return Path(folder) / path
    raise FileNotFoundError(
        f"{asked_by} reads '{path}' of {distribution}, but the installed version has "
        f"no such file (looked in {', '.join(folders)})."
    )


def needed(module: str, asked_by: str, extra: str | None) -> Any:
    """A module that one of our extras brings, or that the user brings.

    Args:
        module: its import name.
        asked_by: the call that needs it, for the sentence.
        extra: of ours; None where none has it.

    Raises:
        ModuleNotFoundError: it is not installed; the sentence says how to.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        what = module if extra is None else f'"jaxsim-neuro[{extra}]"'
        raise ModuleNotFoundError(
            f"{asked_by} needs {module}, which is not installed: pip install {what}.",
            name=module,
        ) from None
