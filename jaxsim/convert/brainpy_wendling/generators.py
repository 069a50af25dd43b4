"""Its random networks: the same matrix for the same seed, drawn by NumPy as it did."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jaxsim.convert.brainpy_wendling.config import flag, refuse_unknown
from jaxsim.core.declared import nearest


LAWS = ("lognormal", "normal", "uniform")
_SHARED = {"weight_dist": "lognormal", "weight_scale": 1.0}


def generated(cfg: Mapping[str, Any], n_nodes: int, compat: bool) -> np.ndarray:
    """The matrix of a `generator` entry; a missing seed is 0.

    Args:
        cfg: `{"name": ..., "options": {...}, "seed": ...}`.
        n_nodes: how many.
        compat: leave the two directions of a small world with different weights.

    Raises:
        ValueError: an unknown generator or option, or an option out of range.
    """
    refuse_unknown("network_cfg['generator']", cfg, ("name", "options", "seed"))
    name = cfg.get("name")
    if name not in _MAKERS:
        raise ValueError(
            f"network_cfg['generator']: name = {name!r} is not one of "
            f"{', '.join(_MAKERS)}.{nearest(str(name), _MAKERS)}"
        )
    make, defaults = _MAKERS[name]
    options = dict(cfg.get("options") or {})
    refuse_unknown(f"the options of {name}", options, (*defaults, "seed"))
    seed = options.pop("seed", cfg.get("seed"))
    settings = {**defaults, **options}
    law = str(settings.get("weight_dist", "uniform")).lower()
    if law not in LAWS:
        raise ValueError(
            f"{name}: weight_dist = {law!r} is not one of {', '.join(LAWS)}."
            f"{nearest(law, LAWS)}"
        )
    for chance in ("p", "beta", "p_in", "p_out"):
        if not 0 <= settings.get(chance, 0) <= 1:
            raise ValueError(f"{name}: {chance} = {settings[chance]} is not in [0, 1].")
    matrix = make(int(n_nodes), 0 if seed is None else seed, law, settings)
    if name == "small_world" and not compat:  # its connections go both ways
        matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _weights(
    law: str, shape: tuple[int, ...], rng: np.random.Generator, scale: float
) -> np.ndarray:
    if law == "lognormal":
        return rng.lognormal(0.0, 1.0, shape) * scale
    if law == "normal":
        return np.abs(rng.normal(scale, scale / 2, shape))
    return rng.uniform(0.0, scale, shape)


def _erdos_renyi(n: int, seed: Any, law: str, s: dict[str, Any]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    there = rng.random((n, n)) < s["p"]
    matrix = np.where(there, _weights(law, (n, n), rng, s["weight_scale"]), 0.0)
    if flag("erdos_renyi: symmetric", s["symmetric"]):
        matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T
    return matrix


def _ring_lattice(n: int, seed: Any, law: str, s: dict[str, Any]) -> np.ndarray:
    if s["k"] < 1:
        raise ValueError(f"ring_lattice: k = {s['k']} must be 1 or more.")
    half = max(1, int(s["k"]) // 2)
    drawn = _weights(law, (n, half), np.random.default_rng(seed), s["weight"])
    matrix = np.zeros((n, n))
    for i in range(n):
        for step in range(half):
            j = (i + step + 1) % n
            matrix[i, j] = matrix[j, i] = drawn[i, step]
    return matrix


def _small_world(n: int, seed: Any, law: str, s: dict[str, Any]) -> np.ndarray:
    if s["k"] >= n:
        raise ValueError(f"small_world: k = {s['k']} must be below n_nodes = {n}.")
    rng = np.random.default_rng(seed)
    ring = {"k": s["k"], "weight": s["weight_scale"]}
    linked = _ring_lattice(n, seed, law, ring) > 0
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        if not linked[i, j] or rng.random() >= s["beta"]:
            continue
        linked[i, j] = linked[j, i] = False
        free = np.flatnonzero(~linked[i])
        free = free[free != i]
        if len(free):
            other = rng.choice(free.tolist())
            linked[i, other] = linked[other, i] = True
    return np.where(linked, _weights(law, (n, n), rng, s["weight_scale"]), 0.0)


def _stochastic_block(n: int, seed: Any, law: str, s: dict[str, Any]) -> np.ndarray:
    sizes: Sequence[int] | None = s["block_sizes"]
    if sizes is None:
        each, over = divmod(n, int(s["n_blocks"]))
        sizes = [each + (b < over) for b in range(int(s["n_blocks"]))]
    block = np.repeat(np.arange(len(sizes)), sizes)
    if len(block) != n:
        raise ValueError(
            f"stochastic_block_model: block_sizes add up to {len(block)}, not to "
            f"n_nodes = {n}."
        )
    rng = np.random.default_rng(seed)
    weights = _weights(law, (n, n), rng, s["weight_scale"])
    chance = np.where(block[:, None] == block[None, :], s["p_in"], s["p_out"])
    off_diagonal = ~np.eye(n, dtype=bool)
    drawn = np.ones((n, n))
    drawn[off_diagonal] = rng.random(n * (n - 1))
    return np.where(drawn < chance, weights, 0.0)


Maker = Callable[[int, Any, str, dict[str, Any]], np.ndarray]
_MAKERS: dict[str, tuple[Maker, dict[str, Any]]] = {
    "erdos_renyi": (_erdos_renyi, {"p": 0.1, **_SHARED, "symmetric": False}),
    "ring_lattice": (_ring_lattice, {"k": 2, "weight": 1.0, "weight_dist": "uniform"}),
    "small_world": (_small_world, {"k": 4, "beta": 0.1, **_SHARED}),
    "stochastic_block_model": (
        _stochastic_block,
        {"n_blocks": 4, "p_in": 0.3, "p_out": 0.05, **_SHARED, "block_sizes": None},
    ),
}
