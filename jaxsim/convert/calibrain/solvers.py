"""Its solvers by name: which step each is, and which keys it reads."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jaxsim.convert.calibrain.grids import known_keys, number, one_of, whole
from jaxsim.core.declared import nearest
from jaxsim.meeg.bmn import BayesianMinimumNorm
from jaxsim.meeg.eloreta import ELoreta
from jaxsim.meeg.estimator import AbstractEstimator
from jaxsim.meeg.gamma_lambda_map import GammaLambdaMap
from jaxsim.meeg.gamma_map import GammaMap


GRID = "solver_param_grid"
UPDATES = {1: "mackay", 2: "convex_bounding", 3: "em"}
KNOWN_NOISE = ("oracle", "baseline", "spatial_cv", "temporal_cv", "evidence")
LEARNED_NOISE = ("adaptive_joint_learning",)
IGNORED = ("verbose", "logger", "track_history", "eps")  # no number depends on them
GAMMA = ("max_iter", "tol", "update_mode", "init_gamma")
SFLEX = ("sigma", "threshold_factor", "normalize")
NOISE = ("init_lambda", "learn_lambda", "update_mode_noise", "lambda_damping")


class Solver(NamedTuple):
    """One of its solvers.

    Attributes:
        build: (parameters, K, number of coefficients, compat) -> the step.
        keys: parameters that it reads.
        noise_types: ways to know the noise that it can do with.
    """

    build: Callable[[Mapping[str, Any], int, int, bool], AbstractEstimator]
    keys: tuple[str, ...]
    noise_types: tuple[str, ...]


def solver_named(solver: Any) -> tuple[str, Solver]:
    """A solver by its name, or by the name of a function.

    Raises:
        ValueError: no such solver.
    """
    name = solver if isinstance(solver, str) else getattr(solver, "__name__", None)
    if name not in SOLVERS:
        raise ValueError(
            f"solver = {solver!r} is none of {', '.join(SOLVERS)}; give one of these "
            f"names, or a function that bears it.{nearest(str(name), SOLVERS)}"
        )
    return name, SOLVERS[name]


def check_solver(name: str, given: Mapping[str, Any], noise_type: str) -> None:
    """Refuse keys that the solver does not read, and a noise that it cannot use."""
    solver = SOLVERS[name]
    known_keys(f"{GRID} ({name})", given, (*solver.keys, *IGNORED))
    if noise_type not in solver.noise_types:
        raise ValueError(
            f"noise_param_grid['noise_type'] has {noise_type!r}, but {name} "
            + (
                "needs a noise level from outside"
                if solver.noise_types == KNOWN_NOISE
                else "learns the noise level itself"
            )
            + f"; allowed are {', '.join(map(repr, solver.noise_types))}."
        )


def _gamma(given: Mapping[str, Any], k: int, n: int, compat: bool) -> dict[str, Any]:
    mode = given.get("update_mode", 2)
    one_of(GRID, "update_mode", mode, tuple(UPDATES))
    return {
        "update": UPDATES[mode],
        "n_orient": k,
        "max_iter": whole(GRID, "max_iter", given.get("max_iter", 300), 1),
        "tol": number(GRID, "tol", given.get("tol", 1e-6), 0.0, 1.0),
        "init_gamma": start("init_gamma", given.get("init_gamma"), k, n),
        "compat": compat,
    }


def _sflex(given: Mapping[str, Any]) -> dict[str, Any]:
    one_of(GRID, "threshold_factor", given.get("threshold_factor", 3.0), (3.0,))
    one_of(GRID, "normalize", given.get("normalize", "sym"), ("sym",))
    sigma = number(GRID, "sigma", given.get("sigma", 0.01), 1e-4, 0.2, " m")
    return {"sigma": sigma}


def _noise(given: Mapping[str, Any]) -> dict[str, Any]:
    one_of(GRID, "learn_lambda", given.get("learn_lambda", True), (True,))
    one_of(GRID, "lambda_damping", given.get("lambda_damping", 1.0), (1.0,))
    mode = given.get("update_mode_noise", 2)
    one_of(GRID, "update_mode_noise", mode, (1, 2))
    first = given.get("init_lambda")
    if first is not None:
        raise ValueError(
            f"{GRID}['init_lambda'] has {first!r}; allowed is None: it is in the unit "
            "of the field squared there, and in scaled units here "
            "(js.meeg.GammaLambdaMap(init_lambda=...))."
        )
    return {"update_noise": {1: "em", 2: "convex_bounding"}[mode]}


def start(key: str, value: Any, n_orient: int, n: int) -> Any:
    """A first prior variance: one number, (low, high) over the coefficients, or all."""
    if value is None:
        return 1.0
    if np.ndim(value) == 0:
        return number(GRID, key, value, 0.0, 1e6)
    array = np.maximum(np.asarray(value, float), 0.0)
    if array.shape == (2,) and n > 2:
        array = np.linspace(array[0], array[1], n)
    if n_orient > 1 and array.shape == (n // n_orient,):
        array = np.repeat(array, n_orient)
    if array.shape != (n,):
        raise ValueError(
            f"{GRID}[{key!r}] has shape {array.shape}; allowed are a number, (low, "
            f"high), or one value for each of the {n} coefficients."
        )
    means = array.reshape(-1, n_orient).mean(axis=1)
    return jnp.asarray(np.repeat(means, n_orient), float)


def _bmn(learn_noise: bool) -> Callable[..., AbstractEstimator]:
    def build(
        given: Mapping[str, Any], k: int, n: int, compat: bool
    ) -> AbstractEstimator:
        one_of(GRID, "init_gamma", given.get("init_gamma"), (None,))
        one_of(GRID, "init_lambda", given.get("init_lambda"), (None,))
        one_of(GRID, "learn_noise", given.get("learn_noise", True), (True,))
        one_of(GRID, "normalization", given.get("normalization", False), (True, False))
        return BayesianMinimumNorm(
            n_orient=k,
            max_iter=whole(GRID, "max_iter", given.get("max_iter", 1000), 1),
            tol=number(GRID, "tol", given.get("tol", 1e-6), 0.0, 1.0),
            normalize=given.get("normalization", False),
            learn_noise=learn_noise,
            compat=compat,
        )

    return build


def _eloreta(
    given: Mapping[str, Any], k: int, n: int, compat: bool
) -> AbstractEstimator:
    # that program scales the noise away, and so always assumes a ratio of one
    return ELoreta(n_orient=k, **({"snr": 1.0, "max_iter": 20} if compat else {}))


SOLVERS: dict[str, Solver] = {
    "gamma_map": Solver(lambda g, *a: GammaMap(**_gamma(g, *a)), GAMMA, KNOWN_NOISE),
    "gamma_map_sflex": Solver(
        lambda g, *a: GammaMap(**_gamma(g, *a), **_sflex(g)),
        (*GAMMA, *SFLEX),
        KNOWN_NOISE,
    ),
    "gamma_lambda_map": Solver(
        lambda g, *a: GammaLambdaMap(**_gamma(g, *a), **_noise(g)),
        (*GAMMA, *NOISE),
        LEARNED_NOISE,
    ),
    "gamma_lambda_map_sflex": Solver(
        lambda g, *a: GammaLambdaMap(**_gamma(g, *a), **_noise(g), **_sflex(g)),
        (*GAMMA, *NOISE, *SFLEX),
        LEARNED_NOISE,
    ),
    "BMN": Solver(
        _bmn(False), ("max_iter", "tol", "init_gamma", "normalization"), KNOWN_NOISE
    ),
    "BMN_joint": Solver(
        _bmn(True),
        (
            "max_iter",
            "tol",
            "init_gamma",
            "init_lambda",
            "learn_noise",
            "normalization",
        ),
        LEARNED_NOISE,
    ),
    "eloreta": Solver(_eloreta, (), KNOWN_NOISE),
}
