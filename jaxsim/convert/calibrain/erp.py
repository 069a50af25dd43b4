"""Its `ERP_config`: what the sources do."""

import math
from collections.abc import Mapping
from typing import Any

from jaxsim.convert.calibrain.grids import known_keys, number
from jaxsim.meeg.sources.erp import SHORTEST, ErpSources


DEFAULTS: dict[str, Any] = {
    "tmin": -0.5,
    "tmax": 0.5,
    "stim_onset": 0.0,
    "sfreq": 250.0,
    "fmin": 1.0,
    "fmax": 5.0,
    "amplitude_distribution": {"median": 20.0, "sigma": 0.2, "clip": (2.5, 50.0)},
    "random_erp_timing": True,
    "erp_min_length": None,
}
AMPLITUDE = ("median", "sigma", "clip")


def merged(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """A configuration with the defaults for what it leaves out.

    Raises:
        ValueError: a key that nobody reads.
    """
    given = dict(config or {})
    known_keys("ERP_config", given, tuple(DEFAULTS))
    size = given.get("amplitude_distribution")
    known_keys("ERP_config['amplitude_distribution']", size or {}, AMPLITUDE)
    return {**DEFAULTS, **given}


def sources_of(
    config: Mapping[str, Any], n_locations: int, n_active: int, n_components: int
) -> ErpSources:
    """The step that a configuration describes.

    Raises:
        ValueError: as `ErpSources` says it.
    """
    name = "ERP_config"
    size = config["amplitude_distribution"]
    if not size:
        size = {"median": 20.0, "sigma": 0.0, "clip": (20.0, 20.0)}
    low, high = size.get("clip") or (0.0, 1e9)
    shortest = config["erp_min_length"]
    # below, that program's filter fails at random
    shortest = max(82 if shortest is None else int(shortest), SHORTEST)
    found = ErpSources(
        amplitude_nam=max(
            number(name, "median", size.get("median", 20.0), 0.0, 1e6, " nAm"), 1e-6
        ),
        sigma=number(name, "sigma", size.get("sigma", 0.2), 0.0, 10.0),
        lowest_nam=number(name, "clip", low, 0.0, 1e6, " nAm"),
        highest_nam=number(name, "clip", high, 0.0, 1e9, " nAm"),
        n_locations=n_locations,
        n_active=n_active,
        n_components=n_components,
        tmin_s=float(config["tmin"]),
        tmax_s=float(config["tmax"]),
        onset_s=float(config["stim_onset"]),
        rate_hz=float(config["sfreq"]),
        low_hz=float(config["fmin"]),
        high_hz=float(config["fmax"]),
        random_timing=bool(config["random_erp_timing"]),
        shortest_samples=shortest,
    )
    if found.n_after_onset < shortest:
        raise ValueError(
            f"ERP_config: {found.n_after_onset} samples follow the stimulus, fewer "
            f"than 'erp_min_length' = {shortest} (82 if it is None), and CaliBrain's "
            "sources stay silent then. Give a later tmax, a higher sfreq or a smaller "
            "erp_min_length."
        )
    return found


def has_baseline(config: Mapping[str, Any]) -> bool:
    """Whether two samples or more come before the stimulus."""
    before = (config["stim_onset"] - config["tmin"]) * config["sfreq"]
    return math.floor(round(before, 6)) >= 2
