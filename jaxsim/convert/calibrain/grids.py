"""Its three grids: every combination, and every mistake before anything runs."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jaxsim.core.declared import nearest


ORIENTATIONS = ("fixed", "free")
# the last three are not in CaliBrain 1.0.3
NOISE_TYPES = (
    "oracle",
    "baseline",
    "adaptive_joint_learning",
    "spatial_cv",
    "temporal_cv",
    "evidence",
)
DATA_KEYS = (
    "subject",
    "nnz",
    "orientation_type",
    "alpha_SNR",
    "sensor_white_noise_std",
)


class Config(NamedTuple):
    """One combination of the grids."""

    solver: dict[str, Any]
    data: dict[str, Any]
    noise: dict[str, Any]

    @property
    def row(self) -> dict[str, Any]:
        """The columns that say what was asked for, in CaliBrain's order."""
        return {"noise_type": self.noise["noise_type"], **self.solver, **self.data}


def expanded(name: str, grid: Any) -> list[dict[str, Any]]:
    """A grid as the list of its points: keys by alphabet, the last varies fastest.

    Args:
        name: of the grid, for the sentence.
        grid: a dict of lists, or a list of such dicts, one after the other.

    Raises:
        TypeError: something else. ValueError: a key without values.
    """
    parts = [grid] if isinstance(grid, Mapping) else grid
    if not isinstance(parts, Sequence) or isinstance(parts, (str, bytes)):
        raise TypeError(f"{name} must be a dict of lists, got {grid!r}.")
    return [point for part in parts for point in _points(name, part)]


def _points(name: str, part: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(part, Mapping):
        raise TypeError(f"{name} must be a dict of lists, got {part!r}.")
    for key, values in part.items():
        single = isinstance(values, (str, bytes, Mapping))
        if single or not hasattr(values, "__len__"):
            raise TypeError(
                f"{name}[{key!r}] = {values!r}: give a list of values, even of one."
            )
        if len(values) == 0:
            raise ValueError(f"{name}[{key!r}] has no values.")
    keys = sorted(part)
    for values in itertools.product(*(part[key] for key in keys)):
        yield dict(zip(keys, values, strict=True))


def configurations(solver: Any, data: Any, noise: Any) -> list[Config]:
    """All combinations, the solver's parameters slowest, each checked.

    Raises:
        ValueError: an unknown or a missing key, or a value that is none of the allowed.
    """
    parts = (
        expanded("solver_param_grid", solver),
        expanded("data_param_grid", data),
        expanded("noise_param_grid", noise),
    )
    for point in parts[1]:
        _keys("data_param_grid", point, DATA_KEYS)
        _data(point)
    for point in parts[2]:
        _keys("noise_param_grid", point, ("noise_type",))
        one_of("noise_param_grid", "noise_type", point["noise_type"], NOISE_TYPES)
    return [Config(*combination) for combination in itertools.product(*parts)]


def _keys(name: str, point: Mapping[str, Any], needed: Sequence[str]) -> None:
    known_keys(name, point, needed)
    for key in needed:
        if key not in point:
            raise ValueError(f"{name} has no {key!r}; it needs {', '.join(needed)}.")


def known_keys(name: str, point: Mapping[str, Any], known: Sequence[str]) -> None:
    """One sentence for the first key that nobody reads."""
    for key in point:
        if key not in known:
            raise ValueError(
                f"{name}[{key!r}] is read by nobody; it has "
                f"{', '.join(known) or 'no keys'}.{nearest(str(key), known)}"
            )


def one_of(name: str, key: str, value: Any, allowed: Sequence[Any]) -> None:
    """A value is one of a few."""
    if value not in allowed:
        near = nearest(value, allowed) if isinstance(value, str) else ""
        raise ValueError(
            f"{name}[{key!r}] has {value!r}; allowed are "
            f"{', '.join(map(repr, allowed))}.{near}"
        )


def number(
    name: str, key: str, value: Any, low: float | int, high: float | int, unit: str = ""
) -> float:
    """A number within bounds."""
    fine = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fine and not hasattr(value, "__float__"):
        raise ValueError(f"{name}[{key!r}] has {value!r}, which is no number.")
    if not low <= float(value) <= high:
        raise ValueError(
            f"{name}[{key!r}] has {value}{unit}; allowed is {low:g} to {high:g}{unit}."
        )
    return float(value)


def whole(name: str, key: str, value: Any, low: int, high: int = 10**7) -> int:
    """A whole number within bounds."""
    found = number(name, key, value, low, high)
    if isinstance(value, bool) or found != int(found):
        raise ValueError(f"{name}[{key!r}] has {value!r}, which is no whole number.")
    return int(found)


def _data(point: Mapping[str, Any]) -> None:
    name = "data_param_grid"
    one_of(name, "orientation_type", point["orientation_type"], ORIENTATIONS)
    number(name, "alpha_SNR", point["alpha_SNR"], 0.0, 1.0)
    whole(name, "nnz", point["nnz"], 0)
    number(name, "sensor_white_noise_std", point["sensor_white_noise_std"], 0.0, 1e6)
    if not isinstance(point["subject"], str) or not point["subject"]:
        raise ValueError(
            f"{name}['subject'] has {point['subject']!r}; give the name that the file "
            "begins with: '<subject>_fixed_leadfield.npz'."
        )
