"""Its simulation dicts as a network, and its seed as a key."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PRNGKeyArray

from jaxsim.convert.brainpy_wendling.config import (
    INITIAL,
    STANDARD_PARAMS,
    STATES,
    checked,
    flag,
    seconds,
)
from jaxsim.convert.brainpy_wendling.connectivity import Connectivity, load_connectivity
from jaxsim.convert.brainpy_wendling.stimulus import stimulus_of
from jaxsim.convert.brainpy_wendling.ten_states import WendlingTenStates
from jaxsim.core.declared import nearest
from jaxsim.neural.connectome import Connectome
from jaxsim.neural.coupling import LinearCoupling
from jaxsim.neural.initial import AbstractInitial, GivenState, RestState
from jaxsim.neural.model import AbstractModel
from jaxsim.neural.models.wendling import Wendling
from jaxsim.neural.network import Network
from jaxsim.neural.noise import AbstractNoise, WhiteNoise
from jaxsim.neural.solver import AbstractSolver, Euler, Heun, RungeKutta4


SOLVERS = {"rk4": RungeKutta4, "euler": Euler, "heun": Heun}
MODES = ("gaussian", "uniform")
MISNAMED = ("deterministic", "stochastic")  # in its files; it drew gaussian noise
EXPONENTIAL = ("exp_euler", "expeuler", "exponential_euler")


def network(
    sim_cfg: Mapping[str, Any] | None = None,
    model_cfg: Mapping[str, Any] | None = None,
    network_cfg: Mapping[str, Any] | None = None,
    stim_cfg: Mapping[str, Any] | None = None,
    noise_cfg: Mapping[str, Any] | None = None,
    monitor_cfg: Mapping[str, Any] | None = None,
    *,
    compat: bool = False,
) -> Network:
    """The network that these dicts describe.

    Args:
        sim_cfg: step, duration, integrator; also `burn_in_s`.
        model_cfg: parameters, numbers or one per node; initial values.
        network_cfg: connectivity and `G_net` (0 unless given); also `coupling_site`.
        stim_cfg: `p_ext` and `u_stim`, added to the input: a number, one per node,
            (time,), (time, node), or a function of time in s; or `pulses`, the fields
            of `js.PulseTrain`; at a `site`.
        noise_cfg: mode, shared, p_mean, p_sigma (which win over model_cfg).
        monitor_cfg: states to record.
        compat: what that program made of them, instead of what they say.

    Returns:
        A process for `js.simulate`, `js.sweep` and `js.fit`.

    Raises:
        ValueError: an unknown key or word, a value out of range.
    """
    sim = checked("sim_cfg", sim_cfg, compat)
    params = checked("model_cfg", model_cfg, compat)
    net = checked("network_cfg", network_cfg, compat)
    noise = checked("noise_cfg", noise_cfg, compat)
    monitor = checked("monitor_cfg", monitor_cfg, compat)
    found = load_connectivity(net, compat=compat)
    alone = found.n_nodes == 1 and not flag(
        "network_cfg['enabled']", net.get("enabled", False)
    )
    model = Wendling(**merged(params, noise))
    initial: AbstractInitial = RestState()
    if not (alone and compat):
        model, initial = _start(params, noise, model, found.n_nodes)
    seed_of(sim, noise)  # its sentence
    dt_s = seconds(sim, "dt", 0.1)
    duration_s = seconds(sim, "duration", 5000.0)
    return Network(
        model=model,
        connectome=_connectome(found, alone, compat),
        coupling=LinearCoupling(
            G=net.get("G_net", 0.0), site=net.get("coupling_site", "pyramidal_input")
        ),
        noise=_noise(noise, model, alone, compat),
        stimulus=stimulus_of(
            stim_cfg, found.n_nodes, round(duration_s / dt_s), dt_s, compat
        ),
        initial=initial,
        solver=_solver(sim, compat),
        duration_s=duration_s,
        dt_s=dt_s,
        burn_in_s=seconds(sim, "burn_in", 0.0),
        variables=_variables(sim, monitor),
    )


def key(
    sim_cfg: Mapping[str, Any] | None = None,
    noise_cfg: Mapping[str, Any] | None = None,
) -> PRNGKeyArray:
    """The key of a configuration: of `noise_cfg['seed']`, else `sim_cfg['seed']`, or 0.

    That program drew other noise in each run when there was no seed; here nothing
    depends on what ran before.
    """
    return jax.random.key(seed_of(sim_cfg or {}, noise_cfg or {}) or 0)


def seed_of(sim: Mapping[str, Any], noise: Mapping[str, Any]) -> int | None:
    """The seed that counts; None when there is none."""
    seed = noise.get("seed", sim.get("seed"))
    if seed is not None and (isinstance(seed, bool) or int(seed) != seed or seed < 0):
        raise ValueError(f"seed = {seed!r}: give a whole number, 0 or more.")
    return None if seed is None else int(seed)


def merged(params: Mapping[str, Any], noise: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the mass: standard ones, then the model's, then the noise's."""
    own = {name: params[name] for name in STANDARD_PARAMS if name in params}
    more = {name: noise[name] for name in ("p_mean", "p_sigma") if name in noise}
    return {**STANDARD_PARAMS, **own, **more}


def _connectome(found: Connectivity, alone: bool, compat: bool) -> Connectome | None:
    if alone and (compat or not found.W.any()) and not found.labels:
        return None
    return Connectome(jnp.asarray(found.W, float), labels=tuple(found.labels or ()))


def _solver(sim: Mapping[str, Any], compat: bool) -> AbstractSolver:
    name = str(sim.get("integrator", "rk4")).lower()
    if name in EXPONENTIAL and not compat:
        raise ValueError(
            f"sim_cfg: integrator = '{name}' is not offered: of first order, it is "
            "less accurate here than Euler. Use 'rk4' (then a step of 1 ms will do) "
            "or 'heun'; compat=True runs Euler, as that program did."
        )
    if name not in (*SOLVERS, *EXPONENTIAL):
        raise ValueError(
            f"sim_cfg: integrator = '{name}' is not one of {', '.join(SOLVERS)}."
            f"{nearest(name, SOLVERS)}"
        )
    return Euler() if compat else SOLVERS[name]()


def _noise(
    cfg: Mapping[str, Any], model: AbstractModel, alone: bool, compat: bool
) -> AbstractNoise | None:
    """None where the model's own noise is what is wanted."""
    mode = str(cfg.get("mode", "gaussian")).lower()
    if mode not in (*MODES, *MISNAMED):
        raise ValueError(
            f"noise_cfg: mode = '{mode}' is not one of {', '.join(MODES)}; for none, "
            f"p_sigma = 0.{nearest(mode, MODES)}"
        )
    uniform = mode == "uniform" and not (alone and compat)
    shared = flag("noise_cfg['shared']", cfg.get("shared", False))
    own = model.own_noise()
    if not (uniform or shared or compat) or not isinstance(own, WhiteNoise):
        return None
    return WhiteNoise(
        sigma=own.sigma,
        distribution="uniform" if uniform else "gaussian",
        scaling="per_step" if compat else "intensity",
        shared=shared,
        site="pyramidal_input",
    )


def _variables(sim: Mapping[str, Any], monitor: Mapping[str, Any]) -> tuple[str, ...]:
    flag("sim_cfg['jit']", sim.get("jit", True))
    flag("sim_cfg['progress_bar']", sim.get("progress_bar", False))
    debug = flag("sim_cfg['debug']", sim.get("debug", False))
    wanted = monitor.get("variables") or monitor.get("monitors")
    if not wanted:
        return STATES[:5] if debug else ()
    wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for name in wanted:
        if name not in (*STATES, "lfp"):
            raise ValueError(
                f"monitor_cfg: no variable '{name}'; there are {', '.join(STATES)}, "
                f"and lfp, which is always recorded.{nearest(str(name), STATES)}"
            )
    return tuple(dict.fromkeys(name for name in wanted if name != "lfp"))


def _start(
    params: Mapping[str, Any], noise: Mapping[str, Any], model: Wendling, n_nodes: int
) -> tuple[AbstractModel, AbstractInitial]:
    """Initial values, in a model that can start there."""
    given = {name: params[name] for name in INITIAL if name in params}
    if given:
        rows = [_row(name, given.get(name, 0.0), n_nodes) for name in INITIAL]
        values = np.stack(rows)
    elif flag("model_cfg['random_init']", params.get("random_init", False)):
        seed = params.get("init_seed", noise.get("seed"))
        rng = np.random.default_rng(0 if seed is None else seed)
        widths = [0.5] * 5 + [0.1] * 5
        values = np.stack([rng.uniform(-w, w, n_nodes) for w in widths])
    else:
        return model, RestState()
    values = values.astype(np.float32)
    ratio = np.asarray(model.C4 * model.C)
    together = np.allclose(values[[2, 7]], ratio * values[[4, 9]], rtol=1e-5, atol=1e-7)
    if together:
        eight = [i for i, name in enumerate(STATES) if name not in ("y2", "y7")]
        names = tuple(STATES[i] for i in eight)
        return model, GivenState(names, jnp.asarray(values[eight]))
    return WendlingTenStates(column=model), GivenState(STATES, jnp.asarray(values))


def _row(name: str, value: Any, n_nodes: int) -> np.ndarray:
    row = np.asarray(value, float)
    row = row[:, 0] if row.ndim == 2 and row.shape[1] == 1 else row
    if row.shape not in ((), (1,), (n_nodes,)):
        raise ValueError(
            f"model_cfg: {name} has shape {row.shape}; give one number or {n_nodes}."
        )
    return np.broadcast_to(row, (n_nodes,))
