"""Its configuration dicts: which keys they have, and what the parameters are."""

import copy
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from jaxsim.core.declared import nearest


STANDARD_PARAMS: Mapping[str, float] = MappingProxyType(
    {
        "A": 3.25, "B": 22.0, "G": 10.0, "a": 100.0, "b": 50.0, "g": 500.0,
        "e0": 2.5, "v0": 6.0, "r": 0.56, "C": 135.0, "C1": 1.0, "C2": 0.8, "C3": 0.25,
        "C4": 0.25, "C5": 0.3, "C6": 0.1, "C7": 0.8, "p_mean": 90.0, "p_sigma": 2.0,
    }
)  # fmt: skip

# gains A, B, G; the band where activity was expected, Hz
_TYPES = {
    "Type1": (5.0, 50.0, 15.0, (1, 7), "background"),
    "Type2": (5.0, 40.0, 15.0, (1, 5), "sporadic_spikes"),
    "Type3": (5.0, 25.0, 15.0, (3, 6), "sustained_SWD"),
    "Type4": (5.0, 10.0, 15.0, (8, 13), "alpha_like"),
    "Type5": (5.0, 5.0, 25.0, (10, 20), "LVFA"),
    "Type6": (5.0, 15.0, 0.0, (9, 13), "quasi_sinusoidal"),
}
TYPE_PARAMS: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        name: {
            "params": {"A": A, "B": B, "G": G, "p_mean": 90.0, "p_sigma": 2.0},
            "expected": {"freq_range": band, "pattern": pattern},
        }
        for name, (A, B, G, band, pattern) in _TYPES.items()
    }
)

STATES = tuple(f"y{i}" for i in range(10))
INITIAL = tuple(f"{name}_init" for name in STATES)

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sim_cfg": (
            "dt_s", "dt_ms", "duration_s", "duration_ms", "burn_in_s", "burn_in_ms",
            "jit", "integrator", "progress_bar", "debug", "seed",
        ),
        "model_cfg": (*STANDARD_PARAMS, "random_init", "init_seed", *INITIAL),
        "network_cfg": (
            "n_nodes", "W", "W_path", "generator", "builder", "builder_kwargs", "seed",
            "labels", "labels_path", "normalize", "remove_self_loops", "G_net", "meta",
            "enabled", "coupling_site",
        ),
        "stim_cfg": ("p_ext", "u_stim", "pulses", "site"),
        "noise_cfg": ("seed", "p_mean", "p_sigma", "mode", "shared"),
        "monitor_cfg": ("variables", "monitors"),
        "opt_cfg": (
            "budget", "optimizer", "num_workers", "seed", "search_space", "network_cfg",
            "log_scale", "fixed", "options",
        ),
        "objective_cfg": (
            "sim_cfg", "model_cfg", "network_cfg", "stim_cfg", "noise_cfg", "psd_cfg",
            "loss_name", "loss_cfg", "losses",
        ),
        "psd_cfg": (
            "fs", "nperseg", "noverlap", "window", "detrend", "freq_range", "roi",
            "roi_nodes",
        ),
    }
)  # fmt: skip

_NEW = {  # what that program did not know, and so cannot be compatible with
    "sim_cfg": ("burn_in_s", "burn_in_ms"),
    "network_cfg": ("coupling_site",),
    "objective_cfg": ("model_cfg", "stim_cfg"),
    "psd_cfg": ("noverlap", "window", "detrend"),
}


def checked(name: str, given: Mapping[str, Any] | None, compat: bool) -> dict[str, Any]:
    """A configuration dict without surprises.

    Raises:
        TypeError: no mapping.
        ValueError: a key that nobody reads, with the nearest that somebody does.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict, got {given!r}.")
    known = KEYS[name]
    refuse_unknown(name, given, known)
    new = [key for key in given if compat and key in _NEW.get(name, ())]
    if new:
        raise ValueError(
            f"{name}['{new[0]}']: the program that compat=True imitates has no such "
            "key. Leave it out, or leave compat out."
        )
    return dict(given)


def refuse_unknown(name: str, given: Iterable[str], known: Iterable[str]) -> None:
    """One sentence for the first key that is not known."""
    known = tuple(known)
    for key in given:
        if key not in known:
            raise ValueError(
                f"{name} has no '{key}'; it has {', '.join(known)}."
                f"{nearest(str(key), known)}"
            )


def flag(where: str, value: Any) -> bool:
    """True or False; 'no', which is true in Python, is refused."""
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    raise ValueError(f"{where} = {value!r}: give True or False.")


def seconds(cfg: Mapping[str, Any], what: str, default_ms: float) -> float:
    """`what_s`, else `what_ms`, in seconds."""
    if cfg.get(f"{what}_s") is not None:
        value = cfg[f"{what}_s"]
    else:
        value = cfg.get(f"{what}_ms", default_ms) / 1000.0
    if not (float(value) >= 0.0):
        raise ValueError(f"sim_cfg: {what} = {value} s must be a time above 0.")
    return float(f"{float(value):.12g}")  # 0.3 / 1000 is 0.0003 again


def get_default_params() -> dict[str, float]:
    """All standard parameters."""
    return dict(STANDARD_PARAMS)


def get_type_params(name: str) -> dict[str, float]:
    """A, B, G, p_mean and p_sigma of one of the six types.

    Raises:
        KeyError: no such type.
    """
    if name not in TYPE_PARAMS:
        raise KeyError(f"no type '{name}'; there are {', '.join(TYPE_PARAMS)}.")
    return dict(TYPE_PARAMS[name]["params"])


def merge_params(base: Mapping, overrides: Mapping) -> dict:
    """One dict over another."""
    return {**base, **overrides}


_SECTIONS = {
    "simulation": "sim_cfg",
    "model": "model_cfg",
    "network": "network_cfg",
    "stimulus": "stim_cfg",
    "noise": "noise_cfg",
    "monitor": "monitor_cfg",
    "optimization": "opt_cfg",
    "objective": "objective_cfg",
    "target": "target",
    "output": "output",
}


def read_config(path: str | os.PathLike) -> dict[str, dict[str, Any]]:
    """A YAML file of that program as the dicts that its functions take.

    Args:
        path: a file with the sections `simulation`, `model`, `network`, `noise`,
            `monitor`, or `optimization`, `objective`; `target` and `output` are handed
            on as they are.

    Raises:
        FileNotFoundError: no such file.
        ValueError: no YAML, or a section that the program does not have.
    """
    from jaxsim.store.documents import read_text

    found = read_text(path)
    if not isinstance(found, Mapping):
        raise ValueError(f"{path} holds no sections such as simulation: and model:.")
    refuse_unknown(str(path), found, _SECTIONS)
    return {_SECTIONS[n]: copy.deepcopy(dict(v or {})) for n, v in found.items()}
